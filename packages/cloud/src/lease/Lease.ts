/**
 * Why a holder has to let go. `claimed`: another node asked for it, because its user is there now.
 * `taken`: another node has it, or had it. `unreachable`: the store was away for the whole grace time.
 */
export type LossReason = "claimed" | "taken" | "unreachable";

/**
 * Why a lease is not to be had now. `held`: another node has it and was asked to let go. `settling`:
 * the store came back with nothing in it, so that whoever held something still may. `unreachable`:
 * the store does not answer.
 */
export type RefusalReason = "held" | "settling" | "unreachable";

/** The right to drive one user's room, as its one holder has it. */
export interface Lease {
  /** The fencing token: larger than that of every holder before. */
  readonly fence: number;
  /** Aborted, with a {@link LossReason} as its reason, when the holder has to let go. */
  readonly lost: AbortSignal;
  /** Gives it up, so that another node has it at once. Calls after the first do nothing; it never fails. */
  release(): Promise<void>;
}

export type Attempt =
  | { readonly state: "granted"; readonly lease: Lease }
  | { readonly state: "refused"; readonly why: RefusalReason };

/** What one node sees of who owns which user. It ends with its node: {@link close} gives up every lease. */
export interface Leases {
  /**
   * Asks once for a user. Where another node has it, that node is told to let go and the answer is
   * `held`: ask again. Bounded in time; it never fails.
   */
  attempt(user: string): Promise<Attempt>;
  close(): Promise<void>;
}
