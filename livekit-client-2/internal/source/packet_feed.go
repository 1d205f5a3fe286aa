package source

import (
	"context"
	"io"
	"math"
	"time"

	"server-playback/livekit-client-2/internal/decode"
	"server-playback/livekit-client-2/internal/fault"
)

// packetFeed queues packets of Opus, up to the longest duration.
type packetFeed struct {
	sound  *opusSound
	queue  *queue
	queued int64 // samples a channel
	left   int64 // that may still be queued
	limit  time.Duration
	hole   bool // packets before the next were left out
}

func newPacketFeed(q *queue, o Options) (*packetFeed, error) {
	sound, err := newOpusSound(q, *o.Packets, aheadOf(o.Ahead))
	if err != nil {
		return nil, err
	}
	q.ring = newRing(0) // its room is not needed
	f := &packetFeed{sound: sound, queue: q, left: math.MaxInt64, limit: o.MaxDuration}
	if o.MaxDuration > 0 {
		f.left = framesIn(o.MaxDuration, SampleRate)
	}
	return f, nil
}

// pump queues what comes, without its first skip samples a channel, and returns how many there were in
// all. Before the start, packets are queued for the decoder's sake only, and only as many as it needs.
func (f *packetFeed) pump(ctx context.Context, packets *decode.OpusPackets, skip int64) (frames int64, err error) {
	for {
		packet, err := packets.Next()
		if err == io.EOF {
			return frames, nil
		}
		if err != nil {
			return frames, err
		}
		content := int64(packet.To - packet.From)
		frames += content
		dropped := min(skip, content)
		skip -= dropped
		packet.From += int(dropped)
		if packet.Frames == 0 || skip > preRoll {
			f.hole = f.hole || skip > preRoll
			continue
		}
		if err := f.write(ctx, packet); err != nil {
			return frames, err
		}
	}
}

func (f *packetFeed) write(ctx context.Context, packet decode.OpusPacket) (over error) {
	packet.Fresh = packet.Fresh || f.hole
	f.hole = false
	if content := int64(packet.To - packet.From); content > f.left {
		packet.To = packet.From + int(f.left)
		over = fault.New(fault.MaxDuration, "longer than the %v allowed", f.limit)
	}
	if err := f.sound.push(ctx, f.queue, packet); err != nil {
		return err
	}
	content := int64(packet.To - packet.From)
	f.left -= content
	if f.queued += content; f.queued >= readyFrames {
		f.queue.markReady()
	}
	return over
}
