package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"sync"

	"server-playback/livekit-client-2/internal/fetch"
)

// version is set by the build (-ldflags "-X main.version=...").
var version = "0.1.0"

// maxJoins is how many joins run at a time: more at once make every one of them slower.
const maxJoins = 8

// Bridge is what all connections of this process share.
type Bridge struct {
	config   Config
	log      *slog.Logger
	metrics  *Metrics
	fetcher  *fetch.Client
	instance string // names this run
	joining  chan struct{}

	mu       sync.Mutex
	streams  int
	clients  map[*BridgeClient]struct{}
	draining bool
	serving  sync.WaitGroup
}

func newBridge(config Config, log *slog.Logger) *Bridge {
	b := &Bridge{
		config:   config,
		log:      log,
		metrics:  newMetrics(),
		fetcher:  fetch.NewClient(fetch.Options{IdleTimeout: config.SourceStall}),
		instance: newInstanceID(),
		joining:  make(chan struct{}, maxJoins),
		clients:  make(map[*BridgeClient]struct{}),
	}
	b.metrics.capacity.Set(float64(config.MaxStreams))
	return b
}

func newInstanceID() string {
	var id [6]byte
	rand.Read(id[:]) // never fails (crypto/rand)
	return "b-" + hex.EncodeToString(id[:])
}

// acquireStream takes one of the places for sounds, if one is free.
func (b *Bridge) acquireStream() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.streams >= b.config.MaxStreams {
		return false
	}
	b.streams++
	b.metrics.activeStreams.Inc()
	return true
}

func (b *Bridge) releaseStream() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.streams--
	b.metrics.activeStreams.Dec()
}

func (b *Bridge) activeStreams() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.streams
}

// ready tells whether new work is welcome.
func (b *Bridge) ready() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.draining && b.streams < b.config.MaxStreams
}

// connect makes the session of a new connection, or returns nil while the bridge closes.
func (b *Bridge) connect() *BridgeClient {
	c := newBridgeClient(b)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.draining {
		go c.Close()
		return nil
	}
	b.clients[c] = struct{}{}
	b.serving.Add(1)
	b.metrics.connections.Inc()
	return c
}

// disconnect ends a session.
func (b *Bridge) disconnect(c *BridgeClient) {
	c.Close()
	b.mu.Lock()
	delete(b.clients, c)
	b.mu.Unlock()
	b.metrics.connections.Dec()
	b.serving.Done()
}

// Close tells every controller, ends every session and waits for that, as long as ctx allows.
func (b *Bridge) Close(ctx context.Context) {
	b.mu.Lock()
	b.draining = true
	for c := range b.clients {
		c.sendEvent(Event{Type: "draining", Reason: "shutdown"})
		b.serving.Go(c.Close) // the socket ends once everything is said
	}
	b.mu.Unlock()
	done := make(chan struct{})
	go func() {
		b.serving.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		b.log.Warn("sessions did not end in time")
	}
	b.fetcher.Close()
}

// greeting is the first event of a connection.
func (b *Bridge) greeting() Event {
	return Event{
		Type:          "connected",
		Version:       version,
		InstanceID:    b.instance,
		Capacity:      new(b.config.MaxStreams),
		ActiveStreams: new(b.activeStreams()),
	}
}
