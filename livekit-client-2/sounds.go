package main

import (
	"time"

	"server-playback/livekit-client-2/internal/mix"
	"server-playback/livekit-client-2/internal/source"
)

// sound is what a job plays. It is opened at once, becomes ready later, and its owner closes it.
type sound interface {
	mix.Source
	// Ready is closed once there is enough to start, or once the sound has ended.
	Ready() <-chan struct{}
	// Err says how the sound ended; nil if it is complete or still goes on.
	Err() error
	Close()
	// Endless tells whether the sound has no places to go to. It waits for Ready.
	Endless() bool
	// Place gives where in the sound a position is that has been counted on beyond its end.
	Place(position time.Duration) time.Duration
	// format says what the sound is made of; it is valid once Ready is closed.
	format() format
}

// format is what play_started tells of a sound.
type format struct {
	codec      string
	sampleRate int // Hz
	channels   int
	expected   *time.Duration // nil where the length is not known
}

// fetched is a sound that came over the network.
type fetched interface {
	// Took says how long it took from a moment to the response's header, and from there to enough
	// sound to begin with.
	Took(since time.Time) (header, decoding time.Duration)
}

// live is what sounds without places to go to have in common.
type live struct{}

func (live) Endless() bool { return true }

func (live) Place(position time.Duration) time.Duration { return position }

// urlSound is the sound of a URL.
type urlSound struct{ *source.Stream }

func (s urlSound) format() format {
	info := s.Info()
	f := format{codec: info.Codec, sampleRate: info.SampleRate, channels: info.Channels}
	if expected, known := s.ExpectedDuration(); known {
		f.expected = &expected
	}
	return f
}

// pcmSound is the sound of samples that are pushed in.
type pcmSound struct {
	live
	*source.PCM
	options source.PCMOptions
	intake  *pcmIntake
	fed     chan struct{}
}

// newPCMSound feeds pcm from intake until that ends or the sound is closed.
func newPCMSound(pcm *source.PCM, options source.PCMOptions, intake *pcmIntake) *pcmSound {
	s := &pcmSound{PCM: pcm, options: options, intake: intake, fed: make(chan struct{})}
	go func() {
		defer close(s.fed)
		intake.feed(pcm)
	}()
	return s
}

// Buffered counts what waits to be converted too: it tells a controller how far ahead it is.
func (s *pcmSound) Buffered() time.Duration {
	frames := s.intake.waiting() / (2 * s.options.Channels)
	return s.PCM.Buffered() + time.Duration(frames)*time.Second/time.Duration(s.options.SampleRate)
}

// Err prefers what went wrong at the intake.
func (s *pcmSound) Err() error {
	if err := s.intake.failure(); err != nil {
		return err
	}
	return s.PCM.Err()
}

func (s *pcmSound) Close() {
	s.intake.end()
	s.PCM.Close()
	<-s.fed
}

func (s *pcmSound) format() format {
	return format{codec: "pcm_s16le", sampleRate: s.options.SampleRate, channels: s.options.Channels}
}
