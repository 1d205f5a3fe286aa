/**
 * Every way in which this server closes a WebSocket (RFC 6455, section 7.4.1). What the app's SDK
 * makes of a code decides it: it comes back after any code but 1000, 1001 and 1008, takes 1000 as
 * the app's end, and "User session ended" as the end of the user's session.
 */
export const closeCodes = {
  /** The user's session is over; the app need not come back. */
  sessionEnded: { code: 1000, reason: "User session ended" },
  /** The user stopped this app. */
  appStopped: { code: 1000, reason: "App stopped" },
  /** Wrong key, token, session or package: trying again changes nothing. */
  refused: { code: 1008, reason: "Credentials refused" },
  /** No valid credentials within the time limit, or too many messages before them. */
  authenticationTimeout: { code: 1008, reason: "Not authenticated in time" },
  /** The same app or the same user's glasses connected anew. */
  replaced: { code: 1008, reason: "Replaced by a newer connection" },
  /** Far more messages than a well-meaning sender has. */
  flooding: { code: 1008, reason: "Too many messages" },
  /** More connections wait to be authenticated than the server holds. */
  busy: { code: 1013, reason: "Too many connections, try again later" },
  /** The receiver does not read what is sent to it. */
  tooSlow: { code: 1013, reason: "Receiver too slow" },
  /** The server goes away and will be back: come again. */
  restarting: { code: 1012, reason: "Server restarting" },
} as const;

export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes];
