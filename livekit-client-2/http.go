package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
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

// serveReady tells whether new work is welcome and, in its headers, how much of the bridge is taken.
func (b *Bridge) serveReady(w http.ResponseWriter, _ *http.Request) {
	b.mu.Lock()
	streams, sessions := b.streams, len(b.sessions)
	b.mu.Unlock()
	w.Header().Set("Bridge-Capacity", strconv.Itoa(b.config.MaxStreams))
	w.Header().Set("Bridge-Active-Streams", strconv.Itoa(streams))
	w.Header().Set("Bridge-Sessions", strconv.Itoa(sessions))
	if err := b.refusal(); err != nil {
		http.Error(w, err.(ending).reason, http.StatusServiceUnavailable)
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
	if !b.welcomes(r) {
		http.Error(w, "full or closing", http.StatusServiceUnavailable)
		return
	}
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true}) // admit has looked at the origin
	if err != nil {
		return // Accept has answered
	}
	c, reader := b.connect(resumption(r))
	if reader == nil {
		conn.Close(websocket.StatusGoingAway, "closing")
		return
	}
	b.log.Debug("controller connected")
	goodbye := serveSocket(context.WithoutCancel(r.Context()), conn, c, reader)
	b.disconnect(c, reader, goodbye)
	b.log.Debug("controller disconnected", "goodbye", goodbye)
}

// resumption reads which session a connection takes up, after which event.
func resumption(r *http.Request) (sessionID string, after int64) {
	query := r.URL.Query()
	after, err := strconv.ParseInt(query.Get("after"), 10, 64)
	if err != nil {
		after = 0
	}
	return query.Get("session"), after
}

// admit asks for the secret, and keeps browsers out but for the pages that are allowed: any page that
// is open where the port can be reached could use it otherwise.
func (b *Bridge) admit(r *http.Request) int {
	if origin := r.Header.Get("Origin"); origin != "" && !slices.Contains(b.config.Origins, origin) {
		return http.StatusForbidden
	}
	if b.config.SharedSecret == "" {
		return http.StatusOK
	}
	token, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	known := matches(token, b.config.SharedSecret)
	if b.config.LastSecret != "" {
		known |= matches(token, b.config.LastSecret)
	}
	if !isBearer || known != 1 {
		return http.StatusUnauthorized
	}
	return http.StatusOK
}

// matches is 1 if given is the secret. How long it takes does not depend on either.
func matches(given, secret string) int {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(a[:], b[:])
}
