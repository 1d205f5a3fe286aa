import type { Context } from "../command.js";

/** What a check found: `poor` works and will not for long, `bad` does not work. */
export interface Finding {
  readonly of: string;
  readonly is: "good" | "poor" | "bad";
  readonly what: string;
  /** What to do about it. */
  readonly fix?: string;
}

/** One check; what it throws is a bad finding. */
export interface Check {
  readonly of: string;
  run(context: Context): Promise<Finding[]>;
}
