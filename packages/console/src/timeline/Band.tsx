import type { JobStep } from "@server-playback/protocol";
import { formatDuration } from "../format.js";
import { type Mark, type Span, type SpanKind, ticks } from "./timeline-model.js";

interface BandProps {
  title: string;
  /** What has passed of it, in ms. */
  passedMs: number;
  /** End of the scale, in ms. */
  toMs: number;
  spans: readonly Span[];
  /** Spans that may run at the same time each get a lane; else there is one for all. */
  lanes?: readonly SpanKind[];
  marks?: readonly Mark[];
  words: Readonly<Record<SpanKind, string>>;
  markWords?: Readonly<Record<JobStep["step"], string>>;
}

/** Most divisions of a scale: more do not fit on a narrow screen. */
const mostTicks = 5;
/** Part of the scale, at its end, that has no room for a label. */
const noLabel = 0.06;

/** A stretch of time from 0 on, to scale. */
export function Band({ title, passedMs, toMs, spans, lanes, marks = [], words, markWords }: BandProps) {
  const used = lanes?.filter((kind) => spans.some((span) => span.kind === kind)) ?? [];
  const percent = (ms: number) => `${(100 * ms) / toMs}%`;
  const summary = spans.map(
    ({ kind, fromMs, toMs: until }) => `${words[kind]} ${formatDuration(until - fromMs)}`,
  );
  return (
    <figure class="band">
      <figcaption>
        {title} <span class="figure muted">{formatDuration(passedMs)}</span>
      </figcaption>
      <div
        class="band-lanes"
        role="img"
        aria-label={`${title}: ${summary.join(", ")}`}
        style={{ "--lanes": Math.max(1, used.length) }}
      >
        {spans.map(({ kind, fromMs, toMs: until }) => (
          <span
            key={`${kind} ${fromMs}`}
            class={`span span-${kind}`}
            title={`${words[kind]} ${formatDuration(until - fromMs)}`}
            style={{
              left: percent(fromMs),
              width: percent(until - fromMs),
              "--lane": Math.max(0, used.indexOf(kind)),
            }}
          />
        ))}
        {marks.map(({ step, atMs }) => (
          <span
            key={`${step} ${atMs}`}
            class={`mark mark-${step}`}
            title={`${markWords?.[step] ?? step} after ${formatDuration(atMs)}`}
            style={{ left: percent(atMs) }}
          />
        ))}
      </div>
      <div class="band-scale" aria-hidden="true">
        {ticks(toMs, mostTicks)
          .filter((ms) => ms <= toMs * (1 - noLabel))
          .map((ms) => (
            <span key={ms} style={{ left: percent(ms) }}>
              {formatDuration(ms)}
            </span>
          ))}
      </div>
    </figure>
  );
}
