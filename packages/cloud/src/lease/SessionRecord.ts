/** What a node needs to take a user over from another: what an end of that node must not lose. */
export interface SessionRecord {
  /** Packages of the apps that the user has started. */
  readonly apps: readonly string[];
  /** Who waits for the glasses' answer: packages by requestId. */
  readonly unanswered: ReadonlyMap<string, string>;
}

export const emptyRecord: SessionRecord = { apps: [], unanswered: new Map() };

/**
 * Users' sessions as the nodes share them. Writing never fails and is not waited for: what is lost
 * costs an answer or an app's start, no more.
 */
export interface SessionRecords {
  load(user: string): Promise<SessionRecord>;
  /** This node has the user now, with this record. */
  keep(user: string, record: SessionRecord): void;
  started(user: string, packageName: string): void;
  stopped(user: string, packageName: string): void;
  asked(user: string, requestId: string, packageName: string): void;
  answered(user: string, requestId: string): void;
  /** This node has the user no more; the record stays. */
  leave(user: string): void;
  /** The session is over. */
  forget(user: string): void;
  close(): void;
}

/** Of a single node, whose sessions end with it. */
export const noRecords: SessionRecords = {
  load: () => Promise.resolve(emptyRecord),
  keep: () => {},
  leave: () => {},
  started: () => {},
  stopped: () => {},
  asked: () => {},
  answered: () => {},
  forget: () => {},
  close: () => {},
};
