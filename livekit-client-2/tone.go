package main

import (
	"math"
	"sync/atomic"
	"time"

	"server-playback/livekit-client-2/internal/opus"
)

const (
	toneHz       = 440
	toneLevel    = 0.25 // of full scale
	toneDuration = time.Second
)

// toneSound is a sine, to hear whether the way into a room is open without fetching anything.
type toneSound struct {
	live
	channels int
	end      int          // frames
	at       atomic.Int64 // frames; Buffered is asked by others than the reader
}

func newToneSound(channels int, duration time.Duration) *toneSound {
	return &toneSound{channels: channels, end: int(rtpTicks(duration))}
}

func (s *toneSound) Read(dst []float32) (n int, ended bool) {
	at := int(s.at.Load())
	for ; n+s.channels <= len(dst) && at < s.end; at++ {
		x := float32(toneLevel * math.Sin(2*math.Pi*toneHz*float64(at)/opus.SampleRate))
		for range s.channels {
			dst[n] = x
			n++
		}
	}
	s.at.Store(int64(at))
	return n, at == s.end
}

func (s *toneSound) Buffered() time.Duration {
	return time.Duration(s.end-int(s.at.Load())) * time.Second / opus.SampleRate
}

func (s *toneSound) Ready() <-chan struct{} {
	ready := make(chan struct{})
	close(ready)
	return ready
}

func (s *toneSound) Err() error { return nil }

func (s *toneSound) Close() {}

func (s *toneSound) format() format {
	length := time.Duration(s.end) * time.Second / opus.SampleRate
	return format{codec: "tone", sampleRate: opus.SampleRate, channels: s.channels, expected: &length}
}
