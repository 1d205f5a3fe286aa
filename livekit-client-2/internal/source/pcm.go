package source

import (
	"context"
	"encoding/binary"
	"time"

	"server-playback/livekit-client-2/internal/fault"
)

// PCMOptions say what is pushed into a PCM source and what it yields.
type PCMOptions struct {
	// SampleRate, in Hz, and Channels of what is written.
	SampleRate, Channels int
	// Published is how many channels to yield: 1 or 2.
	Published int
	// Bandwidth, Ahead and MaxDuration are those of Options.
	Bandwidth          int
	Ahead, MaxDuration time.Duration
}

// PCM is the sound of samples that are pushed in. One goroutine writes and ends it, another reads.
type PCM struct {
	*queue
	feed  *feed
	frame int    // bytes
	part  []byte // of a frame, left over by the last Write
	block []float32
}

// MaxPCMChannels bounds PCMOptions.Channels.
const MaxPCMChannels = 8

// NewPCM makes a PCM source; its errors are InvalidCommand.
func NewPCM(o PCMOptions) (*PCM, error) {
	if o.Channels < 1 || o.Channels > MaxPCMChannels {
		return nil, fault.New(fault.InvalidCommand, "channels: %d is not within 1 to %d", o.Channels, MaxPCMChannels)
	}
	q := newQueue(o.Published, o.Ahead)
	feed, err := newFeed(q, feedConfig{
		rate: o.SampleRate, channels: o.Channels, bandwidth: o.Bandwidth, maxDuration: o.MaxDuration,
	})
	if err != nil {
		return nil, fault.Wrap(fault.InvalidCommand, err, "sampleRate: %d Hz cannot be played", o.SampleRate)
	}
	return &PCM{
		queue: q,
		feed:  feed,
		frame: 2 * o.Channels,
		part:  make([]byte, 0, 2*o.Channels),
		block: make([]float32, blockFrames*o.Channels),
	}, nil
}

// Write takes s16le samples, interleaved, cut anywhere. It waits while Ahead of sound is queued, as
// long as ctx allows. After an end it says how the sound ended.
func (p *PCM) Write(ctx context.Context, data []byte) error {
	for len(data) > 0 {
		if p.done.Load() {
			return p.written()
		}
		var whole []byte
		whole, data = p.cut(data)
		if err := p.convert(ctx, whole); err != nil {
			// A write that was only cancelled has lost samples, so it ends the sound too.
			p.end(nil, err)
			return err
		}
	}
	return nil
}

// cut takes a block's worth of whole frames from data, completing a frame of the last write first.
func (p *PCM) cut(data []byte) (whole, rest []byte) {
	if len(p.part) > 0 {
		n := min(p.frame-len(p.part), len(data))
		p.part, data = append(p.part, data[:n]...), data[n:]
		if len(p.part) < p.frame {
			return nil, data
		}
		whole, p.part = p.part, p.part[:0]
		return whole, data
	}
	n := min(len(data), blockFrames*p.frame) / p.frame * p.frame
	if n == 0 {
		p.part = append(p.part, data...)
		return nil, nil
	}
	return data[:n], data[n:]
}

func (p *PCM) convert(ctx context.Context, whole []byte) error {
	block := p.block[:len(whole)/2]
	for i := range block {
		block[i] = float32(int16(binary.LittleEndian.Uint16(whole[2*i:]))) / (1 << 15)
	}
	return p.feed.write(ctx, block)
}

func (p *PCM) written() error {
	if p.err != nil {
		return p.err
	}
	return fault.New(fault.InvalidCommand, "samples after the end")
}

// End says that the sound is complete. It never waits. It is called by the goroutine that writes.
func (p *PCM) End() {
	if !p.done.Load() {
		p.feed.finish(nil)
	}
}

// Close ends the sound at once, also a Write that waits. It may be called more than once.
func (p *PCM) Close() {
	p.shut()
	p.end(nil, fault.New(fault.Cancelled, "closed while playing"))
}
