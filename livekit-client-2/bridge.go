package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"server-playback/livekit-client-2/internal/fault"
	"server-playback/livekit-client-2/internal/fence"
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
	tracer   trace.Tracer
	fetcher  *fetch.Client
	fences   *fence.Table
	instance string // names this run
	began    time.Time
	joining  chan struct{}

	mu       sync.Mutex
	streams  int
	sessions map[string]*BridgeClient
	draining bool
	drained  chan struct{} // closed once no sound is left of a draining bridge
	serving  sync.WaitGroup
}

func newBridge(config Config, log *slog.Logger) *Bridge {
	b := &Bridge{
		config:   config,
		log:      log,
		metrics:  newMetrics(),
		tracer:   noop.Tracer{},
		fetcher:  fetch.NewClient(config.Fetch),
		fences:   fence.NewTable(),
		instance: newInstanceID(),
		began:    time.Now(),
		joining:  make(chan struct{}, maxJoins),
		sessions: make(map[string]*BridgeClient),
		drained:  make(chan struct{}),
	}
	b.metrics.capacity.Set(float64(config.MaxStreams))
	return b
}

func newInstanceID() string {
	var id [6]byte
	rand.Read(id[:]) // never fails (crypto/rand)
	return "b-" + hex.EncodeToString(id[:])
}

// acquireStream takes one of the places for sounds, or says by an ending why not.
func (b *Bridge) acquireStream() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.refuses(); err != nil {
		return err
	}
	b.streams++
	b.metrics.activeStreams.Inc()
	return nil
}

// refusal is why no more sounds are taken, an ending, or nil.
func (b *Bridge) refusal() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.refuses()
}

// refuses is refusal for a caller that holds the lock.
func (b *Bridge) refuses() error {
	switch {
	case b.draining:
		return ending{code: fault.AtCapacity, reason: "draining"}
	case b.streams >= b.config.MaxStreams:
		return ending{code: fault.AtCapacity, reason: "full"}
	case b.metrics.lateness.isHigh(time.Now(), b.config.MaxLate, b.streams):
		return ending{code: fault.AtCapacity, reason: "late"}
	}
	return nil
}

func (b *Bridge) releaseStream() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.streams--
	b.metrics.activeStreams.Dec()
	if b.draining && b.streams == 0 {
		close(b.drained)
	}
}

func (b *Bridge) activeStreams() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.streams
}

// drain tells every controller that the bridge is about to end, takes no new work, and waits for the
// sounds that play, at most until ctx ends.
func (b *Bridge) drain(ctx context.Context) {
	b.mu.Lock()
	b.announceEnd()
	b.mu.Unlock()
	select {
	case <-b.drained:
	case <-ctx.Done():
		b.log.Warn("sounds still play and are ended")
	}
}

// announceEnd begins the draining, once. The caller holds the lock.
func (b *Bridge) announceEnd() {
	if b.draining {
		return
	}
	b.draining = true
	for _, c := range b.sessions {
		c.sendEvent(Event{Type: "draining", Reason: "shutdown"})
	}
	if b.streams == 0 {
		close(b.drained)
	}
}

// Close tells every controller, ends every session and waits for that, as long as ctx allows.
func (b *Bridge) Close(ctx context.Context) {
	b.mu.Lock()
	b.announceEnd()
	for _, c := range b.sessions {
		b.serving.Go(func() { b.end(c, reasonDisposed) }) // the socket ends once everything is said
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
