// Package source makes of a URL, or of pushed PCM, a sound that is read without ever waiting:
// 48 kHz, mono or stereo, interleaved float32, decoded a bounded time ahead of what is read.
//
//	fetch (read-ahead in the kernel) -> decode -> downmix -> resample -> ring -> Read
//	                                 -> packets of Opus -> ring -> decode -> Read, or else Pass
package source

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"server-playback/livekit-client-2/internal/decode"
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
	// Packets says which packets of Opus may be passed on; nil is none.
	Packets *Packets
}

// Packets describes packets of Opus that can take the place of an encoder's.
type Packets struct {
	Frames    int // samples a channel of one
	Lookahead int // of the encoder, in samples a channel
	Recalled  int // how much Recall can give, in samples a channel
}

// Stream is the sound of a URL. One goroutine may Read while others use the rest.
type Stream struct {
	*queue
	options Options
	cancel  context.CancelFunc
	stopped sync.WaitGroup
	info    decode.Info   // set before Ready
	body    opener        // the writing goroutine's; its first response is known before Ready
	opus    *opusSound    // set before Ready; nil where the sound is not read as packets
	report  decode.Report // set before the end
	length  atomic.Int64  // of the whole sound in ns, once that is known; else 0
}

// Open starts to fetch and decode o.URL and returns at once. Failures come by Err. The caller
// closes the Stream; ctx ends it too.
func Open(ctx context.Context, client *fetch.Client, o Options) *Stream {
	ctx, cancel := context.WithCancel(ctx)
	s := &Stream{queue: newQueue(o.Channels, o.Ahead), options: o, cancel: cancel}
	s.body = opener{client: client, url: o.URL, keep: o.Loop}
	s.stopped.Go(func() { s.play(ctx) })
	return s
}

// Info says what was found; it is valid once Ready is closed, and zero if nothing was.
func (s *Stream) Info() decode.Info {
	<-s.ready
	return s.info
}

// Report says what of the sound was left out, in all passes of a loop together; it is complete once
// Read has told the end, or Close has returned, and empty before.
func (s *Stream) Report() decode.Report {
	if !s.done.Load() {
		return decode.Report{}
	}
	report := s.report
	if s.opus != nil {
		report.Concealed += s.opus.concealed.Load()
		report.Lost += s.opus.lost.Load()
	}
	return report
}

// Damage says how much of the sound was damaged, and so is silent or left out, as far as that is
// known, and how many bytes belonged to nothing that could be decoded. It is complete when Report is.
func (s *Stream) Damage() (skipped time.Duration, bytes int64) {
	report, info := s.Report(), s.Info()
	if info.SampleRate == 0 {
		return 0, report.SkippedBytes
	}
	return decode.Duration(report.Lost, info.SampleRate), report.SkippedBytes
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

// Endless tells whether neither the server nor the sound says where it ends: a live stream does not,
// and has no place to go to. It waits for Ready.
func (s *Stream) Endless() bool {
	return s.Info().Samples < 0 && s.body.length < 0
}

// Took says how long it took from the opening to the response's header, and from there to enough
// sound to begin with. It waits for Ready.
func (s *Stream) Took(since time.Time) (header, decoding time.Duration) {
	<-s.ready
	if s.body.opened.IsZero() {
		return 0, 0
	}
	return s.body.opened.Sub(since), s.readyAt.Sub(s.body.opened)
}

// Place gives where in the sound a position is that has been counted on beyond its end, as in a loop.
func (s *Stream) Place(position time.Duration) time.Duration {
	length := time.Duration(s.length.Load())
	switch {
	case length == 0 || position < length:
		return position
	case s.options.Loop:
		return position % length
	}
	return length
}

// Read fills dst, whole frames of interleaved samples, as far as there is sound, and never waits.
// n < len(dst) without ended is an underrun; with ended, the sound is over and Err says how.
func (s *Stream) Read(dst []float32) (n int, ended bool) {
	if s.opus != nil {
		return s.opus.read(dst)
	}
	return s.queue.Read(dst)
}

// Buffered is how much sound there is to be read.
func (s *Stream) Buffered() time.Duration {
	if s.opus != nil {
		return s.opus.buffered()
	}
	return s.queue.Buffered()
}

// Lead is that of mix.Passer.
func (s *Stream) Lead() int {
	if s.opus == nil {
		return 0
	}
	return s.opus.lead()
}

// Pass is that of mix.Passer.
func (s *Stream) Pass(clean bool) []byte {
	if s.opus == nil {
		return nil
	}
	return s.opus.pass(clean)
}

// Recall is that of mix.Passer.
func (s *Stream) Recall(dst []float32) { s.opus.recall(dst) }

// Close ends the fetch and the decoding, and waits until they have ended. It may be called more
// than once; Read tells the end after what is queued.
func (s *Stream) Close() {
	s.cancel()
	s.shut()
	s.stopped.Wait()
}
