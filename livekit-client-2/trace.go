package main

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"server-playback/livekit-client-2/internal/otlp"
)

const serviceName = "server-playback-bridge"

// newTracer makes the tracer that OpenTelemetry's standard variables ask for; without an endpoint in
// them, one that costs nothing. The caller calls flush at the end.
func newTracer(ctx context.Context, getenv func(string) string) (tracer trace.Tracer, flush func(context.Context), err error) {
	exporter, err := otlp.FromEnv(getenv)
	if exporter == nil || err != nil {
		return noop.Tracer{}, func(context.Context) {}, err
	}
	from, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", serviceName)),
		resource.WithFromEnv(), // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES win
	)
	if err != nil {
		return nil, nil, fmt.Errorf("OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(from))
	return provider.Tracer(serviceName), func(ctx context.Context) { provider.Shutdown(ctx) }, nil
}

// playSpan is the bridge's part of a play's trace.
type playSpan struct {
	tracer trace.Tracer
	ctx    context.Context
	span   trace.Span
}

// startSpan begins the span of a play; traceparent is what the controller's span is named by (W3C
// Trace Context, section 3.2), or empty.
func startSpan(tracer trace.Tracer, cmd Command, arrived time.Time) playSpan {
	ctx := propagation.TraceContext{}.Extract(context.Background(),
		propagation.MapCarrier{"traceparent": cmd.Traceparent})
	ctx, span := tracer.Start(ctx, "bridge play", trace.WithTimestamp(arrived), trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(attribute.String("playback.request_id", cmd.RequestID), attribute.String("playback.action", cmd.Action)))
	return playSpan{tracer: tracer, ctx: ctx, span: span}
}

// step adds a span for what took some time of the play's beginning; nothing for what took none.
func (s playSpan) step(name string, from time.Time, took time.Duration) {
	if took > 0 {
		_, span := s.tracer.Start(s.ctx, name, trace.WithTimestamp(from))
		span.End(trace.WithTimestamp(from.Add(took)))
	}
}

// note tells something of the play.
func (s playSpan) note(name, value string) { s.span.SetAttributes(attribute.String(name, value)) }

// event tells that something has happened.
func (s playSpan) event(name string) { s.span.AddEvent(name) }

// end says how the play ended.
func (s playSpan) end(result string, failed bool, played time.Duration) {
	s.span.SetAttributes(attribute.String("playback.result", result), attribute.Int64("playback.duration_ms", played.Milliseconds()))
	if failed {
		s.span.SetStatus(codes.Error, result)
	}
	s.span.End()
}
