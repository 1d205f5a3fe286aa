package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/coder/websocket"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// listen opens the configured port. Its error names the port and the variable that changes it.
func listen(ctx context.Context, c Config) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(c.Host, strconv.Itoa(c.Port)))
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("port %d is in use: set BRIDGE_PORT to another one", c.Port)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot listen on port %d of %q (BRIDGE_PORT, BRIDGE_HOST): %w", c.Port, c.Host, err)
	}
	return listener, nil
}

// handler is the bridge's HTTP side.
func (b *Bridge) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ws", b.serveWS)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", b.serveReady)
	mux.Handle("GET /metrics", promhttp.HandlerFor(b.metrics.registry, promhttp.HandlerOpts{}))
	return mux
}

func newServer(handler http.Handler) *http.Server {
	return &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10}
}

func (b *Bridge) serveReady(w http.ResponseWriter, _ *http.Request) {
	if !b.ready() {
		http.Error(w, "full or closing", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ready")
}

// serveWS makes a session of a connection and serves it to its end.
func (b *Bridge) serveWS(w http.ResponseWriter, r *http.Request) {
	if status := b.admit(r); status != http.StatusOK {
		b.metrics.badMessages.WithLabelValues("unauthorized").Inc()
		w.Header().Set("WWW-Authenticate", "Bearer")
		http.Error(w, http.StatusText(status), status)
		return
	}
	c := b.connect()
	if c == nil {
		http.Error(w, "closing", http.StatusServiceUnavailable)
		return
	}
	defer b.disconnect(c)
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return // Accept has answered
	}
	b.log.Debug("controller connected")
	serveSocket(context.WithoutCancel(r.Context()), conn, c)
	b.log.Debug("controller disconnected")
}

// admit asks for the secret. Where there is none, it keeps browsers out: any page that is open on
// this machine could reach the port otherwise.
func (b *Bridge) admit(r *http.Request) int {
	if b.config.SharedSecret == "" {
		if r.Header.Get("Origin") != "" {
			return http.StatusForbidden
		}
		return http.StatusOK
	}
	token, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	given, wanted := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(b.config.SharedSecret))
	if !isBearer || subtle.ConstantTimeCompare(given[:], wanted[:]) != 1 {
		return http.StatusUnauthorized
	}
	return http.StatusOK
}
