// Package opus encodes and decodes Opus packets (RFC 6716) at 48 kHz.
// The codec is pure Go.
package opus

import (
	"errors"
	"fmt"
)

const (
	// SampleRate is that of all PCM here, in Hz: the rate of the RTP clock (RFC 7587, section 4.1).
	SampleRate = 48000
	// MaxPacketBytes is room enough for any packet with one frame (RFC 6716, section 3.4).
	MaxPacketBytes = 1276
	// MaxFrames is how many frames (samples a channel) the longest packet, 120 ms, decodes to.
	MaxFrames = 5760
)

// Limits of Config.Bitrate, in bit/s.
const (
	MinBitrate = 6000
	MaxBitrate = 510000
)

var (
	// ErrConfig is wrapped by errors about a Config.
	ErrConfig = errors.New("opus: invalid configuration")
	// ErrFrameSize means that the PCM handed to Encode is not exactly one packet's.
	ErrFrameSize = errors.New("opus: wrong number of samples")
	// ErrPacket is wrapped by errors about a packet that cannot be decoded.
	ErrPacket = errors.New("opus: invalid packet")
)

// Application is what the encoder optimises for (opus_encoder_create in libopus).
type Application int

const (
	// Audio aims at faithfulness to the input, whatever that is.
	Audio Application = iota
	// VoIP aims at intelligible speech.
	VoIP
	// LowDelay leaves out the parts that need 4 ms more of look-ahead.
	LowDelay
)

// String gives libopus's name of the application.
func (a Application) String() string {
	switch a {
	case Audio:
		return "audio"
	case VoIP:
		return "voip"
	case LowDelay:
		return "lowdelay"
	}
	return fmt.Sprintf("Application(%d)", int(a))
}

// Config is an encoder's. The bit rate is that of constrained VBR: met on average over
// about a second, so that packets stay small enough for a congested link.
type Config struct {
	Channels      int // 1 or 2
	Bitrate       int // bit/s, MinBitrate to MaxBitrate
	Complexity    int // 0 (fast) to 10
	FrameMs       int // length of a packet: 10 or 20 ms
	Application   Application
	FEC           bool // in-band forward error correction, for speech at low bit rates
	PacketLossPct int  // loss to expect, 0 to 100 %; FEC does nothing without it
}

// Default is a configuration for any content, chosen by measurement. Complexity 5 is the lowest
// with the pitch pre-filter, worth 1.7 dB on speech; above 6 the encoder may choose its speech
// modes, which cost three times as much. FEC is off: at these rates it only brings those on.
func Default(channels int) Config {
	bitrate := 64000
	if channels == 2 {
		bitrate = 96000
	}
	return Config{Channels: channels, Bitrate: bitrate, Complexity: 5, FrameMs: 20}
}

// Frames is how many frames (samples a channel) one packet holds.
func (c Config) Frames() int { return c.FrameMs * SampleRate / 1000 }

// Samples is how many samples one packet holds, all channels together.
func (c Config) Samples() int { return c.Frames() * c.Channels }

func (c Config) validate() error {
	for _, f := range []struct {
		name            string
		value, from, to int
	}{
		{"channels", c.Channels, 1, 2},
		{"bit rate", c.Bitrate, MinBitrate, MaxBitrate},
		{"complexity", c.Complexity, 0, 10},
		{"application", int(c.Application), int(Audio), int(LowDelay)},
		{"packet loss", c.PacketLossPct, 0, 100},
	} {
		if f.value < f.from || f.value > f.to {
			return fmt.Errorf("%w: %s %d is not within %d to %d", ErrConfig, f.name, f.value, f.from, f.to)
		}
	}
	if c.FrameMs != 10 && c.FrameMs != 20 {
		return fmt.Errorf("%w: frame length %d ms is neither 10 nor 20", ErrConfig, c.FrameMs)
	}
	return nil
}

// Encoder turns PCM into packets. It is for one goroutine at a time.
type Encoder interface {
	// Encode writes one packet for exactly Config.Samples interleaved samples and returns its
	// length; MaxPacketBytes is room enough. Samples beyond full scale, +-1.0, are clamped, NaN
	// is silence. It does not allocate, except a little with FEC in speech modes.
	Encode(packet []byte, pcm []float32) (n int, err error)
	// Rejoin prepares for a listener whose last packets came from elsewhere: pcm, whole packets', is
	// the signal that they stood for. The next packet then goes on where they ended, and leans on nothing
	// that only this encoder knows.
	Rejoin(pcm []float32) error
	// Reset forgets the signal so far, for a new one; it may allocate.
	Reset()
	// Lookahead is how many frames a decoded signal is late (the pre-skip of RFC 7845).
	Lookahead() int
}

// Decoder turns packets into PCM. It is for one goroutine at a time.
type Decoder interface {
	// Decode decodes one packet, of any length and mode, into interleaved samples and returns
	// how many frames there are; MaxFrames x channels is room enough. It does not allocate.
	Decode(pcm []float32, packet []byte) (frames int, err error)
	// Reset forgets the stream so far, for a new one.
	Reset()
}

// NewEncoder makes an Encoder; its errors wrap ErrConfig.
func NewEncoder(c Config) (Encoder, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	return newEncoder(c)
}

// NewDecoder makes a Decoder for 1 or 2 output channels, whatever the packets have;
// its errors wrap ErrConfig.
func NewDecoder(channels int) (Decoder, error) {
	if channels < 1 || channels > 2 {
		return nil, fmt.Errorf("%w: channels %d is not within 1 to 2", ErrConfig, channels)
	}
	return newDecoder(channels)
}

// Surround is how the channels of a multistream packet are made of its streams (RFC 7845, section
// 5.1.1): those of the first Coupled streams are pairs, and Mapping names for each output channel the
// decoded one that it is, or 255 for silence.
type Surround struct {
	Streams, Coupled int
	Mapping          []byte // one for each output channel
}

// MaxSurroundChannels is the most output channels of a surround decoder.
const MaxSurroundChannels = 8

// NewSurroundDecoder makes a Decoder of multistream packets; its errors wrap ErrConfig.
func NewSurroundDecoder(s Surround) (Decoder, error) {
	if n := len(s.Mapping); n < 1 || n > MaxSurroundChannels {
		return nil, fmt.Errorf("%w: channels %d is not within 1 to %d", ErrConfig, n, MaxSurroundChannels)
	}
	return newSurroundDecoder(s)
}
