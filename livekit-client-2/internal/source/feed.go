package source

import (
	"context"
	"math"
	"runtime"
	"time"

	"server-playback/livekit-client-2/internal/dsp"
	"server-playback/livekit-client-2/internal/fault"
)

// blockFrames is the most that is converted at a time, in frames of the input: an MP3 frame.
const blockFrames = 1152

// feedConfig says what a feed converts from and to.
type feedConfig struct {
	rate, channels int // of the input, Hz
	bandwidth      int // Hz, 0 is no limit
	maxDuration    time.Duration
}

// feed converts blocks of decoded sound to what is published, and queues them.
type feed struct {
	queue     *queue
	channels  int // of the input
	narrow    int // the lesser of the input's and the queue's: what is resampled
	resampler *dsp.Resampler
	mixed     []float32
	resampled []float32
	wide      []float32
	left      int64 // values that may still be queued
	limit     time.Duration
}

func newFeed(q *queue, c feedConfig) (*feed, error) {
	narrow := min(c.channels, q.channels)
	resampler, err := dsp.NewResampler(dsp.ResamplerConfig{
		InRate: c.rate, OutRate: SampleRate, Channels: narrow, Bandwidth: c.bandwidth,
	})
	if err != nil {
		return nil, fault.Wrap(fault.UnsupportedFormat, err, "%d Hz cannot be played", c.rate)
	}
	f := &feed{queue: q, channels: c.channels, narrow: narrow, resampler: resampler, limit: c.maxDuration}
	f.left = math.MaxInt64
	if c.maxDuration > 0 {
		f.left = framesIn(c.maxDuration, SampleRate) * int64(q.channels)
	}
	return f, nil
}

// write converts and queues whole frames of the input. It ends with MaxDuration after exactly that
// much sound, if there is more.
func (f *feed) write(ctx context.Context, block []float32) error {
	if f.channels != f.narrow {
		f.mixed = resize(f.mixed, len(block)/f.channels*f.narrow)
		dsp.Downmix(f.mixed, block, f.channels, f.narrow)
		block = f.mixed
	}
	f.resampled = f.resampler.Process(f.resampled[:0], block)
	// A batch of many blocks must not keep a sender from its deadline.
	runtime.Gosched()
	samples, over := f.allow(f.widen(f.resampled))
	if err := f.queue.push(ctx, samples); err != nil {
		return err
	}
	return over
}

// finish ends the queue with err, after what the resampler still holds.
func (f *feed) finish(err error) {
	f.resampled = f.resampler.Flush(f.resampled[:0])
	tail, over := f.allow(f.widen(f.resampled))
	if err == nil {
		err = over
	}
	f.queue.end(tail, err)
}

// widen spreads mono over the published channels.
func (f *feed) widen(samples []float32) []float32 {
	if f.narrow == f.queue.channels {
		return samples
	}
	f.wide = resize(f.wide, len(samples)/f.narrow*f.queue.channels)
	dsp.Downmix(f.wide, samples, f.narrow, f.queue.channels)
	return f.wide
}

// allow cuts samples where the longest duration ends.
func (f *feed) allow(samples []float32) ([]float32, error) {
	if int64(len(samples)) <= f.left {
		f.left -= int64(len(samples))
		return samples, nil
	}
	samples, f.left = samples[:f.left], 0
	return samples, fault.New(fault.MaxDuration, "longer than the %v allowed", f.limit)
}

// framesIn is how many frames of rate Hz d takes, rounded to the nearest.
func framesIn(d time.Duration, rate int) int64 {
	whole, rest := int64(d/time.Second), int64(d%time.Second)
	return whole*int64(rate) + (rest*int64(rate)+int64(time.Second)/2)/int64(time.Second)
}

// resize gives a slice of n values, in s if it has room.
func resize(s []float32, n int) []float32 {
	if cap(s) < n {
		return make([]float32, n)
	}
	return s[:n]
}
