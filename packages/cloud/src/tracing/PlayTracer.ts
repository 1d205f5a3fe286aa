import type { JobObserver } from "../JobObserver.js";

/** Port: makes a trace of each play. Without one, nothing of tracing is loaded. */
export interface PlayTracer extends JobObserver {
  /** What the bridge's part of the trace is told to belong to (W3C Trace Context, section 3.2). */
  traceparent(userId: string, requestId: string): string | undefined;
  /** Sends what is not yet sent, for a bounded time. */
  close(): Promise<void>;
}

/** Where traces are sent, by OpenTelemetry's standard variables. */
const endpoints = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] as const;

/** A tracer, if the environment says where traces go. */
export async function tracerFromEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Promise<PlayTracer | undefined> {
  const { OTEL_SDK_DISABLED } = env;
  if (OTEL_SDK_DISABLED === "true" || !endpoints.some((name) => env[name])) {
    return undefined;
  }
  const { OtelTracer } = await import("./OtelTracer.js");
  return new OtelTracer();
}
