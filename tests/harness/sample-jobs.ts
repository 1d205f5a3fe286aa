import type { Job, JobStep, SessionSummary } from "@server-playback/protocol";

const users = ["ana@example.com", "ben@example.com", "chen@example.com", "dev@example.com"] as const;
const sounds = [
  ["https://cdn.example.com/sounds/chime.wav", "url", 1_200],
  ["https://media.example.com/briefing/monday.mp3", "url", 42_000],
  ["Turn left after the bridge, then keep to the right.", "speech", 3_400],
  ["https://radio.example.com/live/morning.ogg", "url", 180_000],
  ["Your meeting begins in five minutes.", "speech", 2_300],
  ["https://cdn.example.com/sounds/notification.mp3", "url", 800],
] as const;
const failures = ["http_status", "fetch_timeout", "unsupported_format", "blocked_address"] as const;

/** The same jobs for the same seed: a linear congruential generator (Numerical Recipes, 7.1). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (1_664_525 * state + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

/** Jobs as a day of several users leaves them, newest first; some fail, some are stopped. */
export function sampleJobs(count: number, newestAt: number, seed = 1): Job[] {
  const random = randomFrom(seed);
  return Array.from({ length: count }, (_, index) => sampleJob(index, newestAt - index * 7_300, random));
}

function sampleJob(index: number, startedAt: number, random: () => number): Job {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
  const [what, kind, length] = pick(sounds);
  const latency = Math.round(34 + 30 * random() + (random() > 0.94 ? 400 * random() : 0));
  const base = {
    requestId: `req-${index}-${Math.floor(random() * 1e9).toString(36)}`,
    userId: pick(users),
    packageName: pick(["com.example.navigator", "com.example.news", "console"]),
    what,
    kind,
    mode: "shadow",
    trackId: kind === "speech" ? 2 : pick([0, 0, 1]),
    startedAt,
  } as const;
  const luck = random();
  if (luck > 0.95) {
    const error = pick(failures);
    const timeline: JobStep[] = [
      { step: "asked", atMs: 0 },
      { step: "ended", atMs: latency, note: error },
    ];
    return { ...base, state: "error", endedAt: startedAt + latency, error, timeline };
  }
  const heard = luck > 0.88 ? Math.round(length * random()) : length;
  const stopped = heard < length;
  return {
    ...base,
    state: stopped ? "cancelled" : "completed",
    ...(stopped ? { reason: pick(["user", "replaced"]) } : {}),
    endedAt: startedAt + latency + heard,
    expectedDurationMs: length,
    durationMs: heard,
    deviceDurationMs: Math.max(0, heard + Math.round(40 * random() - 10)),
    firstFrameLatencyMs: latency,
    timeline: wholeTimeline(latency, heard),
  };
}

function wholeTimeline(latency: number, heard: number): JobStep[] {
  return [
    { step: "asked", atMs: 0 },
    { step: "joined", atMs: Math.round(latency * 0.7), tookMs: Math.round(latency * 0.62) },
    { step: "fetched", atMs: Math.round(latency * 0.4), tookMs: Math.round(latency * 0.3) },
    { step: "started", atMs: latency, tookMs: latency },
    { step: "ended", atMs: latency + heard, positionMs: heard },
  ];
}

/** A job that has gone through much. */
export function eventfulJob(startedAt: number): Job {
  return {
    requestId: "req-eventful",
    userId: users[0],
    packageName: "com.example.news",
    what: "https://media.example.com/briefing/tuesday.mp3",
    kind: "url",
    mode: "shadow",
    trackId: 0,
    state: "streaming",
    startedAt,
    positionMs: 15_400,
    expectedDurationMs: 42_000,
    firstFrameLatencyMs: 58,
    timeline: [
      { step: "asked", atMs: 0 },
      { step: "fetched", atMs: 31, tookMs: 24 },
      { step: "joined", atMs: 47, tookMs: 44 },
      { step: "started", atMs: 58, tookMs: 58 },
      { step: "progress", atMs: 3_060, positionMs: 3_000 },
      { step: "paused", atMs: 6_200, positionMs: 6_140 },
      { step: "resumed", atMs: 8_900, positionMs: 6_140 },
      { step: "buffering", atMs: 12_400, positionMs: 9_640 },
      { step: "progress", atMs: 13_600, positionMs: 9_700 },
      { step: "recovered", atMs: 18_200, tookMs: 1_600, positionMs: 12_700 },
      { step: "sought", atMs: 19_500, positionMs: 14_000 },
      { step: "progress", atMs: 20_900, positionMs: 15_400 },
    ],
  };
}

/** A session for each of the users of the jobs. */
export function sampleSessions(startedAt: number): SessionSummary[] {
  return users.map((userId, index) => ({
    userId,
    sessionId: `session-${index}`,
    startedAt,
    glasses: index === 2 ? "away" : "connected",
    roomName: `glasses-${userId.replace("@", "-at-")}`,
    apps: [{ packageName: "com.example.navigator", connected: index !== 1 }],
    bridge: (["open", "idle", "resting", "open"] as const)[index] ?? "idle",
    activeJobs: index === 0 ? 1 : 0,
  }));
}
