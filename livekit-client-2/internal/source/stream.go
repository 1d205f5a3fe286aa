// Package source makes of a URL, or of pushed PCM, a sound that is read without ever waiting:
// 48 kHz, mono or stereo, interleaved float32, decoded a bounded time ahead of what is read.
//
//	fetch (read-ahead in the kernel) -> decode -> downmix -> resample -> ring -> Read
package source

import (
	"context"
	"io"
	"sync"
	"time"

	"server-playback/livekit-client-2/internal/decode"
	"server-playback/livekit-client-2/internal/fault"
	"server-playback/livekit-client-2/internal/fetch"
)

// Options say what a Stream plays and how.
type Options struct {
	URL string
	// Channels to yield: 1 or 2.
	Channels int
	// Bandwidth limits the sound's spectrum, in Hz; 0 is no limit.
	Bandwidth int
	// Start is where in the sound to begin. Beyond its end there is nothing, successfully.
	Start time.Duration
	// Loop plays the sound again and again, without a gap, from its beginning each time.
	Loop bool
	// Ahead is how far decoding may run ahead of Read (600 ms, at least 100 ms). It costs
	// 192 kB a second and channel.
	Ahead time.Duration
	// MaxDuration ends the sound with MaxDuration after exactly that much of it; 0 is no limit.
	MaxDuration time.Duration
}

// Stream is the sound of a URL. One goroutine may Read while others use the rest.
type Stream struct {
	*queue
	options Options
	client  *fetch.Client
	cancel  context.CancelFunc
	stopped sync.WaitGroup
	info    decode.Info   // set before Ready
	report  decode.Report // set before the end
}

// Open starts to fetch and decode o.URL and returns at once. Failures come by Err. The caller
// closes the Stream; ctx ends it too.
func Open(ctx context.Context, client *fetch.Client, o Options) *Stream {
	ctx, cancel := context.WithCancel(ctx)
	s := &Stream{queue: newQueue(o.Channels, o.Ahead), options: o, client: client, cancel: cancel}
	s.stopped.Go(func() { s.play(ctx) })
	return s
}

// Info says what was found; it is valid once Ready is closed, and zero if nothing was.
func (s *Stream) Info() decode.Info {
	<-s.ready
	return s.info
}

// Report says what of the sound was left out; it is complete once Read has told the end.
func (s *Stream) Report() decode.Report {
	if !s.done.Load() {
		return decode.Report{}
	}
	return s.report
}

// ExpectedDuration is how much sound this stream is to yield in all, where that is known. It waits
// for Ready.
func (s *Stream) ExpectedDuration() (time.Duration, bool) {
	info := s.Info()
	if s.options.Loop || info.SampleRate == 0 || info.Samples < 0 {
		return 0, false
	}
	expected := max(0, decode.Duration(info.Samples, info.SampleRate)-s.options.Start)
	if limit := s.options.MaxDuration; limit > 0 {
		expected = min(expected, limit)
	}
	return expected, true
}

// Close ends the fetch and the decoding, and waits until they have ended. It may be called more
// than once; Read tells the end after what is queued.
func (s *Stream) Close() {
	s.cancel()
	s.shut()
	s.stopped.Wait()
}

// play carries the sound from the network to the queue, up to its end or its failure. What came of
// a sound that broke off is played to its last sample.
func (s *Stream) play(ctx context.Context) {
	passes := &passes{stream: s, body: opener{client: s.client, url: s.options.URL, keep: s.options.Loop}}
	err := passes.all(ctx)
	if passes.feed == nil {
		s.end(nil, err)
		return
	}
	passes.feed.finish(err)
}

// passes plays a sound from its beginning to its end, several times for a loop.
type passes struct {
	stream *Stream
	body   opener
	feed   *feed
	block  []float32
}

func (p *passes) all(ctx context.Context) error {
	_, err := p.next(ctx, p.stream.options.Start)
	for p.stream.options.Loop && err == nil {
		var frames int64
		if frames, err = p.next(ctx, 0); err == nil && frames == 0 {
			err = fault.New(fault.DecodeFailed, "nothing to loop over")
		}
	}
	return err
}

// next plays one pass from start on, and returns how many frames it had.
func (p *passes) next(ctx context.Context, start time.Duration) (frames int64, err error) {
	body, err := p.body.open(ctx)
	if err != nil {
		return 0, err
	}
	defer body.Close()
	decoder, err := decode.Open(body)
	if err != nil {
		return 0, err
	}
	if err := p.prepare(decoder.Info()); err != nil {
		return 0, err
	}
	frames, err = p.pump(ctx, decoder, framesIn(start, decoder.Info().SampleRate))
	p.stream.report = decoder.Report()
	if keeper, ok := body.(*keeper); ok && err == nil {
		keeper.rest()
	}
	return frames, err
}

// prepare makes the feed by the first pass; the later ones continue it.
func (p *passes) prepare(info decode.Info) error {
	known := p.stream.info
	if p.feed != nil {
		if info.SampleRate != known.SampleRate || info.Channels != known.Channels {
			return fault.New(fault.DecodeFailed, "the sound changed its format while it was looped")
		}
		return nil
	}
	feed, err := newFeed(p.stream.queue, feedConfig{
		rate: info.SampleRate, channels: info.Channels,
		bandwidth: p.stream.options.Bandwidth, maxDuration: p.stream.options.MaxDuration,
	})
	p.stream.info, p.feed = info, feed
	p.block = make([]float32, blockFrames*info.Channels)
	return err
}

// pump feeds what comes out of a decoder, without its first skip frames.
func (p *passes) pump(ctx context.Context, decoder decode.Decoder, skip int64) (frames int64, err error) {
	channels := int64(decoder.Info().Channels)
	for {
		n, err := decoder.Read(p.block)
		frames += int64(n) / channels
		dropped := min(skip*channels, int64(n))
		skip -= dropped / channels
		if rest := p.block[dropped:n]; len(rest) > 0 {
			if err := p.feed.write(ctx, rest); err != nil {
				return frames, err
			}
		}
		if err == io.EOF {
			return frames, nil
		}
		if err != nil {
			return frames, err
		}
	}
}
