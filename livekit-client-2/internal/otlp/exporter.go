// Package otlp sends OpenTelemetry spans by OTLP/HTTP with JSON bodies (OTLP 1.10, sections "OTLP/HTTP"
// and "JSON Protobuf Encoding"). The usual exporter would add 14 MB to the program, for gRPC.
package otlp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// exportTimeout bounds one export; OTEL_EXPORTER_OTLP_TIMEOUT's own default.
const exportTimeout = 10 * time.Second

// Exporter sends spans to one endpoint. What cannot be sent is lost, as the SDK reports.
type Exporter struct {
	url     string
	headers map[string]string
	client  *http.Client
}

// FromEnv reads OpenTelemetry's standard variables; it is nil where none of them names an endpoint.
func FromEnv(getenv func(string) string) (*Exporter, error) {
	base, target := getenv("OTEL_EXPORTER_OTLP_ENDPOINT"), getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
	if target == "" && base != "" {
		target = strings.TrimRight(base, "/") + "/v1/traces"
	}
	if target == "" || getenv("OTEL_SDK_DISABLED") == "true" {
		return nil, nil
	}
	if u, err := url.Parse(target); err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, errors.New("OTEL_EXPORTER_OTLP_ENDPOINT: it is not an http(s) URL such as http://127.0.0.1:4318")
	}
	headers, err := parseHeaders(getenv("OTEL_EXPORTER_OTLP_HEADERS"), getenv("OTEL_EXPORTER_OTLP_TRACES_HEADERS"))
	return &Exporter{url: target, headers: headers, client: &http.Client{Timeout: exportTimeout}}, err
}

// parseHeaders reads lists such as "api-key=abc,x=%20y"; what comes later wins.
func parseHeaders(lists ...string) (map[string]string, error) {
	headers := make(map[string]string)
	for _, pair := range strings.Split(strings.Join(lists, ","), ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, found := strings.Cut(pair, "=")
		decoded, err := url.PathUnescape(strings.TrimSpace(value))
		if !found || err != nil {
			return nil, errors.New("OTEL_EXPORTER_OTLP_HEADERS: it is not a list such as api-key=abc,other=def")
		}
		headers[strings.TrimSpace(name)] = decoded
	}
	return headers, nil
}

// ExportSpans implements sdktrace.SpanExporter.
func (e *Exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	body, err := json.Marshal(encode(spans))
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	for name, value := range e.headers {
		request.Header.Set(name, value)
	}
	response, err := e.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10))
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("traces were not taken: status %d", response.StatusCode)
	}
	return nil
}

// Shutdown implements sdktrace.SpanExporter.
func (e *Exporter) Shutdown(context.Context) error {
	e.client.CloseIdleConnections()
	return nil
}
