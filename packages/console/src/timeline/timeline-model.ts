import type { JobStep } from "@server-playback/protocol";

/** What a job was doing for a while. */
export type SpanKind = "fetching" | "joining" | "starting" | "playing" | "paused" | "underrun" | "lost";

/** A stretch of a job's time, in ms since it was asked for. */
export interface Span {
  readonly kind: SpanKind;
  readonly fromMs: number;
  readonly toMs: number;
}

/** A moment of a job, in ms since it was asked for. */
export interface Mark {
  readonly step: JobStep["step"];
  readonly atMs: number;
}

/**
 * A job drawn to scale twice: what came before the first packet takes a hundredth of the time of what
 * came after, so it has a scale of its own.
 */
export interface TimelineModel {
  /** When the first packet was sent; absent when none was. */
  readonly firstPacketMs: number | undefined;
  readonly endMs: number;
  readonly ended: boolean;
  readonly before: { readonly toMs: number; readonly spans: readonly Span[] };
  readonly whole: { readonly toMs: number; readonly spans: readonly Span[]; readonly marks: readonly Mark[] };
}

/** Steps that are points on the bar rather than its colour. */
const marked = new Set<JobStep["step"]>(["sought", "recovered", "fell_back", "glasses_answered", "ended"]);

/**
 * @param steps in order of time
 * @param expectedDurationMs the sound's length, if known: a job that runs is drawn up to its likely end
 */
export function modelTimeline(steps: readonly JobStep[], expectedDurationMs = 0): TimelineModel {
  const first = find(steps, "started");
  const end = find(steps, "ended");
  const lastMs = steps.at(-1)?.atMs ?? 0;
  const beforeMs = first?.atMs ?? end?.atMs ?? lastMs;
  const endMs = end?.atMs ?? lastMs;
  const expectedMs = end === undefined && first !== undefined ? beforeMs + expectedDurationMs : 0;
  return {
    firstPacketMs: first?.atMs,
    endMs,
    ended: end !== undefined,
    before: { toMs: Math.max(1, beforeMs), spans: preparation(steps, beforeMs) },
    whole: {
      toMs: Math.max(1, lastMs, expectedMs),
      spans: heard(steps, endMs),
      marks: steps.filter(({ step }) => marked.has(step)).map(({ step, atMs }) => ({ step, atMs })),
    },
  };
}

/** Both begin with the question and run at the same time (BR-3); what is left is starting. */
function preparation(steps: readonly JobStep[], toMs: number): Span[] {
  const spans: Span[] = [];
  for (const [name, kind] of [
    ["fetched", "fetching"],
    ["joined", "joining"],
  ] as const) {
    const step = find(steps, name);
    const tookMs = step?.tookMs ?? step?.atMs ?? 0;
    if (tookMs > 0) {
      spans.push({ kind, fromMs: 0, toMs: Math.min(tookMs, toMs) });
    }
  }
  const readyMs = Math.max(0, ...spans.map((span) => span.toMs));
  return readyMs < toMs ? [...spans, { kind: "starting", fromMs: readyMs, toMs }] : spans;
}

/** What each step turns the bar into; the others leave it as it is. */
const becomes: Partial<Record<JobStep["step"], SpanKind>> = {
  started: "playing",
  progress: "playing",
  resumed: "playing",
  recovered: "playing",
  paused: "paused",
  buffering: "underrun",
};

/** The bar from the question to the end. */
function heard(steps: readonly JobStep[], endMs: number): Span[] {
  const bar = new Bar();
  for (const step of steps) {
    if (step.step === "recovered" && step.tookMs !== undefined) {
      bar.turn("lost", step.atMs - step.tookMs);
    }
    const next = becomes[step.step];
    if (next !== undefined && (step.step !== "progress" || bar.movesOn(step))) {
      bar.turn(next, step.atMs);
    }
    bar.positionMs = step.positionMs ?? bar.positionMs;
  }
  return bar.end(endMs);
}

class Bar {
  readonly #spans: Span[] = [];
  #kind: SpanKind = "starting";
  #fromMs = 0;
  positionMs = 0;

  turn(kind: SpanKind, atMs: number): void {
    if (kind !== this.#kind) {
      this.#close(Math.max(this.#fromMs, atMs));
      this.#kind = kind;
    }
  }

  /** Progress ends an underrun once the position moves, and never a pause. */
  movesOn({ positionMs = 0 }: JobStep): boolean {
    return this.#kind === "underrun" && positionMs > this.positionMs;
  }

  end(atMs: number): Span[] {
    this.#close(atMs);
    return this.#spans;
  }

  #close(toMs: number): void {
    if (toMs > this.#fromMs) {
      this.#spans.push({ kind: this.#kind, fromMs: this.#fromMs, toMs });
    }
    this.#fromMs = toMs;
  }
}

function find(steps: readonly JobStep[], name: JobStep["step"]): JobStep | undefined {
  return steps.find(({ step }) => step === name);
}

/** Round values, at most `most` of them, that divide a scale from 0 to `toMs`. */
export function ticks(toMs: number, most: number): number[] {
  const rough = toMs / most;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * magnitude).find((size) => size >= rough) ?? rough;
  return Array.from({ length: Math.floor(toMs / step) + 1 }, (_, index) => index * step);
}
