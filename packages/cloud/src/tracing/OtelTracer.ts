import { type Span, SpanKind, SpanStatusCode, type Tracer } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import type { JobNews } from "../JobObserver.js";
import type { SpeakerJob } from "../speaker-job.js";
import type { PlayTracer } from "./PlayTracer.js";

const SERVICE_NAME = "server-playback-cloud";
/** How long spans gather before they are sent, in ms. */
const EXPORT_MS = 1_000;
/** Bound of the last export, in ms. */
const FLUSH_MS = 2_000;

/** One span a play, from its request to its end, with a span event for each step. */
export class OtelTracer implements PlayTracer {
  readonly #provider: TracerProvider;
  readonly #tracer: Tracer;
  readonly #spans = new Map<string, Span>();

  /** Endpoint, headers, sampling and resource come from OpenTelemetry's standard variables. */
  constructor() {
    const resource = resourceFromAttributes({ "service.name": SERVICE_NAME }).merge(
      detectResources({ detectors: [envDetector] }),
    );
    const spanProcessors = [
      new BatchSpanProcessor({ exporter: new OTLPTraceExporter(), scheduledDelayMillis: EXPORT_MS }),
    ];
    this.#provider = new TracerProvider({ resource, spanProcessors });
    this.#tracer = this.#provider.getTracer(SERVICE_NAME);
  }

  onJob(userId: string, job: SpeakerJob): void {
    const key = keyOf(userId, job.requestId);
    const span = this.#spans.get(key) ?? this.#start(key, job);
    if (job.state === "pending" || job.state === "streaming") {
      return;
    }
    this.#spans.delete(key);
    span.setAttributes({ "playback.state": job.state, "playback.duration_ms": job.durationMs ?? 0 });
    if (job.state === "error") {
      span.setAttribute("error.type", job.error);
      span.setStatus({ code: SpanStatusCode.ERROR, message: job.error });
    } else if (job.state === "cancelled") {
      span.setAttribute("playback.reason", job.reason);
    }
    span.end();
  }

  onStep(userId: string, requestId: string, { step, positionMs, tookMs, note }: JobNews): void {
    if (step !== "progress") {
      this.#spans.get(keyOf(userId, requestId))?.addEvent(step, {
        ...(positionMs === undefined ? {} : { "playback.position_ms": positionMs }),
        ...(tookMs === undefined ? {} : { "playback.took_ms": tookMs }),
        ...(note === undefined ? {} : { "playback.note": note }),
      });
    }
  }

  traceparent(userId: string, requestId: string): string | undefined {
    const context = this.#spans.get(keyOf(userId, requestId))?.spanContext();
    if (context === undefined) {
      return undefined;
    }
    const flags = context.traceFlags.toString(16).padStart(2, "0");
    return `00-${context.traceId}-${context.spanId}-${flags}`;
  }

  async close(): Promise<void> {
    for (const span of this.#spans.values()) {
      span.end();
    }
    this.#spans.clear();
    await this.#provider.forceFlush({ timeoutMillis: FLUSH_MS }).catch(() => {}); // nobody takes traces
    await this.#provider.shutdown().catch(() => {});
  }

  #start(key: string, { requestId, packageName, mode, source, trackId, startedAt }: SpeakerJob): Span {
    const span = this.#tracer.startSpan("play", {
      kind: SpanKind.CLIENT,
      startTime: startedAt,
      attributes: {
        "playback.request_id": requestId,
        "playback.package": packageName,
        "playback.mode": mode,
        "playback.kind": source.kind,
        "playback.track_id": trackId,
      },
    });
    this.#spans.set(key, span);
    return span;
  }
}

function keyOf(userId: string, requestId: string): string {
  return JSON.stringify([userId, requestId]);
}
