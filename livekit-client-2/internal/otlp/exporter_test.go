package otlp

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkresource "go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func getenv(env map[string]string) func(string) string {
	return func(name string) string { return env[name] }
}

// received is what a collector got.
type received struct {
	path, key, kind string
	body            request
}

// collect serves one collector for a test; each request is sent to the channel.
func collect(t *testing.T, status int) (url string, requests chan received) {
	requests = make(chan received, 4)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := received{path: r.URL.Path, key: r.Header.Get("api-key"), kind: r.Header.Get("Content-Type")}
		data, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(data, &got.body); err != nil {
			t.Errorf("body: %v", err)
		}
		requests <- got
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	return server.URL, requests
}

func TestOPS13_SpansArriveAsTheProtocolSays(t *testing.T) {
	url, requests := collect(t, http.StatusOK)
	exporter, err := FromEnv(getenv(map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": url + "/",
		"OTEL_EXPORTER_OTLP_HEADERS":  "api-key=a%20key, other = x",
	}))
	if err != nil {
		t.Fatal(err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(exporter),
		sdktrace.WithResource(sdkresource.NewSchemaless(attribute.String("service.name", "test"))))
	tracer := provider.Tracer("scope")
	at := time.Unix(1_700_000_000, 5)
	ctx, parent := tracer.Start(context.Background(), "parent", trace.WithTimestamp(at), trace.WithSpanKind(trace.SpanKindServer))
	_, child := tracer.Start(ctx, "child")
	child.SetAttributes(attribute.Int64("n", 1<<60), attribute.Bool("yes", true), attribute.Float64("x", .5))
	child.AddEvent("something", trace.WithAttributes(attribute.String("how", "well")))
	child.SetStatus(codes.Error, "broken")
	child.End()
	parent.End(trace.WithTimestamp(at.Add(time.Second)))

	first, second := <-requests, <-requests
	if first.path != "/v1/traces" || first.key != "a key" || first.kind != "application/json" {
		t.Errorf("request %q, api-key %q, %q", first.path, first.key, first.kind)
	}
	got, root := first.body.ResourceSpans[0].ScopeSpans[0].Spans[0], second.body.ResourceSpans[0].ScopeSpans[0].Spans[0]
	if got.ParentSpanID != root.SpanID || got.TraceID != root.TraceID || root.ParentSpanID != "" {
		t.Errorf("child %+v is not of parent %+v", got, root)
	}
	if len(got.TraceID) != 32 || len(got.SpanID) != 16 || got.Status.Code != statusError || got.Events[0].Name != "something" {
		t.Errorf("child %+v", got)
	}
	if root.Kind != 2 || root.Start != "1700000000000000005" || root.End != "1700000001000000005" {
		t.Errorf("parent %+v", root)
	}
	if n := got.Attributes[0].Value["intValue"]; n != "1152921504606846976" {
		t.Errorf("a 64-bit number is %v", n)
	}
	if name := first.body.ResourceSpans[0].Resource.Attributes[0].Value["stringValue"]; name != "test" {
		t.Errorf("service.name is %v", name)
	}
	if err := provider.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestOPS13_ACollectorThatRefusesIsAnError(t *testing.T) {
	url, _ := collect(t, http.StatusForbidden)
	exporter, err := FromEnv(getenv(map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": url + "/own/path"}))
	if err != nil {
		t.Fatal(err)
	}
	if err := exporter.ExportSpans(context.Background(), nil); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("got %v", err)
	}
	if err := exporter.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestOPS13_WithoutAnEndpointThereIsNoExporter(t *testing.T) {
	for name, env := range map[string]map[string]string{
		"nothing":  {},
		"disabled": {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x.example", "OTEL_SDK_DISABLED": "true"},
	} {
		if exporter, err := FromEnv(getenv(env)); exporter != nil || err != nil {
			t.Errorf("%s: %v, %v", name, exporter, err)
		}
	}
	for name, env := range map[string]map[string]string{
		"no URL":     {"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4317"},
		"no headers": {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x.example", "OTEL_EXPORTER_OTLP_HEADERS": "secret"},
	} {
		if _, err := FromEnv(getenv(env)); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
