package otlp

import (
	"encoding/hex"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// The messages of opentelemetry/proto/collector/trace/v1, as JSON: ids in hex, 64-bit numbers as text.
type (
	request struct {
		ResourceSpans []resourceSpans `json:"resourceSpans"`
	}
	resourceSpans struct {
		Resource   resource     `json:"resource"`
		ScopeSpans []scopeSpans `json:"scopeSpans"`
	}
	resource struct {
		Attributes []keyValue `json:"attributes"`
	}
	scopeSpans struct {
		Scope scope  `json:"scope"`
		Spans []span `json:"spans"`
	}
	scope struct {
		Name string `json:"name"`
	}
	span struct {
		TraceID      string     `json:"traceId"`
		SpanID       string     `json:"spanId"`
		ParentSpanID string     `json:"parentSpanId,omitempty"`
		Name         string     `json:"name"`
		Kind         int        `json:"kind"`
		Start        string     `json:"startTimeUnixNano"`
		End          string     `json:"endTimeUnixNano"`
		Attributes   []keyValue `json:"attributes,omitempty"`
		Events       []event    `json:"events,omitempty"`
		Status       *status    `json:"status,omitempty"`
	}
	event struct {
		Time       string     `json:"timeUnixNano"`
		Name       string     `json:"name"`
		Attributes []keyValue `json:"attributes,omitempty"`
	}
	status struct {
		Code    int    `json:"code"`
		Message string `json:"message,omitempty"`
	}
	keyValue struct {
		Key   string         `json:"key"`
		Value map[string]any `json:"value"`
	}
)

// statusError is STATUS_CODE_ERROR of the protocol, which numbers them unlike the SDK.
const statusError = 2

// encode makes one request of spans that have one resource: this process's.
func encode(spans []sdktrace.ReadOnlySpan) request {
	if len(spans) == 0 {
		return request{ResourceSpans: []resourceSpans{}}
	}
	encoded := make([]span, len(spans))
	for i, s := range spans {
		encoded[i] = encodeSpan(s)
	}
	return request{ResourceSpans: []resourceSpans{{
		Resource:   resource{Attributes: encodeAttributes(spans[0].Resource().Attributes())},
		ScopeSpans: []scopeSpans{{Scope: scope{Name: spans[0].InstrumentationScope().Name}, Spans: encoded}},
	}}}
}

func encodeSpan(s sdktrace.ReadOnlySpan) span {
	own, parent := s.SpanContext(), s.Parent()
	traceID, spanID := own.TraceID(), own.SpanID()
	encoded := span{
		TraceID:    hex.EncodeToString(traceID[:]),
		SpanID:     hex.EncodeToString(spanID[:]),
		Name:       s.Name(),
		Kind:       int(s.SpanKind()), // the SDK numbers kinds as the protocol does
		Start:      nanoseconds(s.StartTime()),
		End:        nanoseconds(s.EndTime()),
		Attributes: encodeAttributes(s.Attributes()),
	}
	if parent.HasSpanID() {
		parentID := parent.SpanID()
		encoded.ParentSpanID = hex.EncodeToString(parentID[:])
	}
	for _, e := range s.Events() {
		encoded.Events = append(encoded.Events,
			event{Time: nanoseconds(e.Time), Name: e.Name, Attributes: encodeAttributes(e.Attributes)})
	}
	if s.Status().Code == codes.Error {
		encoded.Status = &status{Code: statusError, Message: s.Status().Description}
	}
	return encoded
}

func encodeAttributes(attributes []attribute.KeyValue) []keyValue {
	encoded := make([]keyValue, len(attributes))
	for i, a := range attributes {
		encoded[i] = keyValue{Key: string(a.Key), Value: encodeValue(a.Value)}
	}
	return encoded
}

// encodeValue encodes what this program uses; anything else as text.
func encodeValue(value attribute.Value) map[string]any {
	switch value.Type() {
	case attribute.BOOL:
		return map[string]any{"boolValue": value.AsBool()}
	case attribute.INT64:
		return map[string]any{"intValue": strconv.FormatInt(value.AsInt64(), 10)}
	case attribute.FLOAT64:
		return map[string]any{"doubleValue": value.AsFloat64()}
	}
	return map[string]any{"stringValue": value.String()}
}

func nanoseconds(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }
