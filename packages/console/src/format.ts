/** A minus sign as wide as a digit. */
const minus = "\u2212";

/** A length in ms for people: `61 ms`, `2.32 s`, `12.3 s`, `3:05`. */
export function formatDuration(ms: number): string {
  if (ms < 999.5) {
    return `${Math.round(ms)} ms`;
  }
  if (ms < 9_995) {
    return `${(ms / 1000).toFixed(2)} s`;
  }
  return ms < 59_950 ? `${(ms / 1000).toFixed(1)} s` : formatPosition(ms);
}

/** A position in a sound: `0:07`, `3:05`, `1:02:09`. */
export function formatPosition(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  const tail = String(seconds % 60).padStart(2, "0");
  return minutes < 60
    ? `${minutes}:${tail}`
    : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${tail}`;
}

/** A signed difference: `+12 ms`, `−1.20 s`. */
export function formatDifference(ms: number): string {
  const rounded = Math.round(ms);
  const sign = rounded < 0 ? minus : rounded > 0 ? "+" : "±";
  return `${sign}${formatDuration(Math.abs(rounded))}`;
}

/** A level in dB below full scale: `−12.4 dB`, `−∞ dB`. */
export function formatLevel(db: number): string {
  return Number.isFinite(db) ? `${db < 0 ? minus : ""}${Math.abs(db).toFixed(1)} dB` : `${minus}∞ dB`;
}

/** The time of day, 24 hours, of a Unix time in ms. */
export function formatTime(epochMs: number): string {
  return new Date(epochMs).toLocaleTimeString("en-GB", { hour12: false });
}

/** How long ago, coarsely: `now`, `42 s`, `5 min`, `3 h`, `2 d`. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const steps: readonly [size: number, unit: string][] = [
    [86_400, "d"],
    [3_600, "h"],
    [60, "min"],
    [5, "s"],
  ];
  const step = steps.find(([size]) => seconds >= size);
  if (step === undefined) {
    return "now";
  }
  const [size, unit] = step;
  return `${unit === "s" ? seconds : Math.floor(seconds / size)} ${unit}`;
}

/** What is played, shortened from the front: the end of a URL tells most. */
export function formatWhat(what: string, kind: "url" | "speech"): string {
  if (kind === "speech") {
    return `“${what}”`;
  }
  if (!URL.canParse(what)) {
    return what;
  }
  const { host, pathname } = new URL(what);
  const name = pathname.split("/").filter(Boolean).at(-1);
  return name === undefined ? host : decode(name);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** `1 job`, `2 jobs`, `5,000 jobs`. */
export function formatCount(count: number, noun: string): string {
  return `${count.toLocaleString("en-US")} ${noun}${count === 1 ? "" : "s"}`;
}
