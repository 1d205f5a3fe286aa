package source

import (
	"context"
	"sync/atomic"
	"time"

	"server-playback/livekit-client-2/internal/decode"
)

const (
	// maxPackets bounds the packets that wait, however short they are.
	maxPackets = 64
	// history is how many packets stay readable after they were taken: preRoll and one more, where
	// packets last 10 ms or more.
	history = 17
)

// packetRing is a queue of packets between one writing and one reading goroutine, of which the reader
// never waits. What was taken last stays readable for a while.
type packetRing struct {
	slots          [maxPackets + history]decode.OpusPacket
	written, taken atomic.Int64 // packets since the start
	frames         atomic.Int64 // that wait, in all
	limit          int64        // of them
	asleep         atomic.Bool
	wake           chan struct{}
}

func newPacketRing(ahead time.Duration) *packetRing {
	return &packetRing{limit: framesIn(ahead, SampleRate), wake: make(chan struct{}, 1)}
}

// at gives a packet that waits or was taken lately.
func (r *packetRing) at(i int64) *decode.OpusPacket { return &r.slots[i%int64(len(r.slots))] }

// waiting is how many packets there are to be taken.
func (r *packetRing) waiting() int64 { return r.written.Load() - r.taken.Load() }

// take takes the next packet, which there has to be.
func (r *packetRing) take() *decode.OpusPacket {
	packet := r.at(r.taken.Load())
	r.frames.Add(-int64(packet.To - packet.From))
	r.taken.Add(1)
	if r.asleep.Load() && r.hasRoom(2) && r.asleep.CompareAndSwap(true, false) {
		r.rouse()
	}
	return packet
}

func (r *packetRing) rouse() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// hasRoom tells whether less waits than one part of what may.
func (r *packetRing) hasRoom(part int64) bool {
	return part*r.frames.Load() < r.limit && part*r.waiting() < maxPackets
}

// push copies a packet into the queue, and waits for room as long as ctx and the queue's owner allow.
func (r *packetRing) push(ctx context.Context, q *queue, packet decode.OpusPacket) error {
	for !r.hasRoom(1) {
		r.awaitRoom(ctx, q)
		if err := q.interrupted(ctx); err != nil {
			return err
		}
	}
	slot := r.at(r.written.Load())
	data := append(slot.Data[:0], packet.Data...)
	*slot = packet
	slot.Data = data
	r.frames.Add(int64(packet.To - packet.From))
	r.written.Add(1)
	return nil
}

// awaitRoom waits until half of the room is free.
func (r *packetRing) awaitRoom(ctx context.Context, q *queue) {
	r.asleep.Store(true)
	if r.hasRoom(2) { // the reader may have looked before asleep was set
		r.rouse()
	}
	select {
	case <-r.wake:
	case <-ctx.Done():
	case <-q.closed:
	}
	r.asleep.Store(false)
}
