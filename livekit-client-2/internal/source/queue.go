package source

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"server-playback/livekit-client-2/internal/fault"
)

const (
	// SampleRate of everything that a source yields, in Hz.
	SampleRate = 48000

	// readyFrames is how much sound a source wants to have before it is started: 40 ms, two packets.
	readyFrames = SampleRate * 40 / 1000

	defaultAhead = 600 * time.Millisecond
	minAhead     = 100 * time.Millisecond
)

// queue is what both sources share: the reading side of a sound, and its end.
type queue struct {
	ring     *ring
	channels int
	ready    chan struct{}
	isReady  sync.Once
	readyAt  time.Time // set before ready is closed
	closed   chan struct{}
	close    sync.Once
	finish   sync.Once
	tail     []float32 // what follows the ring; set before done is, then the reader's
	err      error     // set before done is
	done     atomic.Bool
}

func newQueue(channels int, ahead time.Duration) *queue {
	frames := int(framesIn(aheadOf(ahead), SampleRate))
	return &queue{
		ring:     newRing(frames * channels),
		channels: channels,
		ready:    make(chan struct{}),
		closed:   make(chan struct{}),
	}
}

// aheadOf is how far a source may run ahead where so much is asked for.
func aheadOf(asked time.Duration) time.Duration {
	if asked <= 0 {
		return defaultAhead
	}
	return max(asked, minAhead)
}

// Ready is closed once there is enough sound to start, or once the source has ended.
func (q *queue) Ready() <-chan struct{} { return q.ready }

// Read fills dst, whole frames of interleaved samples, as far as there is sound, and never waits.
// n < len(dst) without ended is an underrun; with ended, the sound is over and Err says how.
func (q *queue) Read(dst []float32) (n int, ended bool) {
	done := q.done.Load() // before popping: what was pushed before the end is then seen
	n = q.ring.pop(dst)
	if !done || q.ring.buffered() > 0 {
		return n, false
	}
	last := copy(dst[n:], q.tail)
	q.tail = q.tail[last:]
	return n + last, len(q.tail) == 0
}

// Buffered is how much sound there is to be read.
func (q *queue) Buffered() time.Duration { return q.duration(int64(q.ring.buffered())) }

func (q *queue) duration(values int64) time.Duration {
	return time.Duration(values/int64(q.channels)) * time.Second / SampleRate
}

// Err says how the sound ended: nil if it is complete or still goes on, else a *fault.Error.
func (q *queue) Err() error {
	if !q.done.Load() {
		return nil
	}
	return q.err
}

// end ends the sound after what is queued, and tail after that. It never waits. Only the first
// call counts.
func (q *queue) end(tail []float32, err error) {
	q.finish.Do(func() {
		q.tail, q.err = tail, err
		q.done.Store(true)
	})
	q.markReady()
}

// Ended tells whether nothing more will be queued.
func (q *queue) Ended() bool { return q.done.Load() }

func (q *queue) markReady() {
	q.isReady.Do(func() {
		q.readyAt = time.Now()
		close(q.ready)
	})
}

// shut makes a push that waits return, and every later one.
func (q *queue) shut() { q.close.Do(func() { close(q.closed) }) }

// push queues all of samples, and waits for room as long as it takes, ctx goes on and nobody shuts
// the queue.
func (q *queue) push(ctx context.Context, samples []float32) error {
	for {
		samples = samples[q.ring.push(samples):]
		if q.ring.written.Load() >= int64(readyFrames*q.channels) {
			q.markReady()
		}
		if len(samples) == 0 {
			return nil
		}
		q.ring.awaitRoom(ctx.Done(), q.closed)
		if err := q.interrupted(ctx); err != nil {
			return err
		}
	}
}

func (q *queue) interrupted(ctx context.Context) error {
	select {
	case <-q.closed:
		return fault.New(fault.Cancelled, "closed while playing")
	default:
	}
	if ctx.Err() != nil {
		return fault.Wrap(fault.Cancelled, context.Cause(ctx), "cancelled while playing")
	}
	return nil
}
