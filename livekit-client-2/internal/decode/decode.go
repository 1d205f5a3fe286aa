// Package decode turns a stream of bytes into samples: it finds the format by content, never by a
// name or a content type, and trusts nothing that a header says. Memory is bounded whatever comes.
package decode

import (
	"fmt"
	"io"

	"server-playback/livekit-client-2/internal/fault"
)

// Limits of what is decoded; beyond them a file is UnsupportedFormat.
const (
	MinSampleRate = 4000   // Hz
	MaxSampleRate = 384000 // Hz
	MaxChannels   = 32
)

// Info says what was found at the start of a stream.
type Info struct {
	Container  string // "wav", "mp3", ...
	Codec      string // "pcm_s16le", "mp3", ...
	SampleRate int    // Hz
	Channels   int
	Samples    int64 // per channel, -1 where it is not known before the end
}

// Report says what a decoder left out so far.
type Report struct {
	TrimmedStart int64 // samples per channel: encoder delay
	TrimmedEnd   int64 // samples per channel: encoder padding
	SkippedBytes int64 // that belonged to no frame
	Concealed    int64 // damaged stretches: frames muted in whole or part, gaps between pages
	Lost         int64 // samples per channel that these were: silent, or left out
}

// Plus is the report of two parts of a sound.
func (r Report) Plus(other Report) Report {
	r.TrimmedStart += other.TrimmedStart
	r.TrimmedEnd += other.TrimmedEnd
	r.SkippedBytes += other.SkippedBytes
	r.Concealed += other.Concealed
	r.Lost += other.Lost
	return r
}

// Decoder yields a sound's samples. One goroutine uses it; it owns nothing that must be closed.
type Decoder interface {
	Info() Info
	// Read fills dst, which has room for at least one frame, with whole frames of interleaved
	// samples in WAVE channel order, full scale at +-1, and returns how many values it wrote.
	// The end of a complete sound is io.EOF, alone or with the last values. Any other end is a
	// *fault.Error: DecodeFailed, or the reader's own.
	Read(dst []float32) (n int, err error)
	Report() Report
}

// Open finds the format of r and reads up to the first sample. Its errors are UnsupportedFormat,
// DecodeFailed for a known format with a broken header, or those of r if it has fault codes.
func Open(r io.Reader) (Decoder, error) {
	in := newInput(r)
	decoder, err := guardOpen(in)
	if err != nil {
		return nil, in.fault(err)
	}
	info := decoder.Info()
	if err := checkInfo(info); err != nil {
		return nil, err
	}
	return &guard{decoder: decoder, info: info, in: in}, nil
}

// guardOpen opens the decoder that the content asks for.
func guardOpen(in *input) (decoder Decoder, err error) {
	defer recoverTo(&err)
	open, err := sniff(in)
	if err != nil {
		return nil, err
	}
	return open(in)
}

func checkInfo(info Info) error {
	switch {
	case info.SampleRate < 1 || info.Channels < 1:
		return fault.New(fault.DecodeFailed, "header says %d Hz and %d channels", info.SampleRate, info.Channels)
	case info.SampleRate < MinSampleRate || info.SampleRate > MaxSampleRate:
		return fault.New(fault.UnsupportedFormat, "sample rate of %d Hz is not within %d to %d", info.SampleRate, MinSampleRate, MaxSampleRate)
	case info.Channels > MaxChannels:
		return fault.New(fault.UnsupportedFormat, "%d channels are more than %d", info.Channels, MaxChannels)
	}
	return nil
}

// recoverTo turns a panic into an error: what strangers send must not end the process, whichever
// library reads it.
func recoverTo(err *error) {
	if caught := recover(); caught != nil {
		*err = fmt.Errorf("decoder panicked: %v", caught)
	}
}
