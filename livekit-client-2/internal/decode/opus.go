package decode

import (
	"encoding/binary"
	"math"

	"server-playback/livekit-client-2/internal/fault"
	"server-playback/livekit-client-2/internal/opus"
)

// opusCodec decodes Opus in Ogg (RFC 7845) of one or two channels.
type opusCodec struct {
	decoder  opus.Decoder
	channels int
	preSkip  int64
	gain     float32 // the header's output gain
	pcm      []float32
}

func (c *opusCodec) format() (codec string, rate, channels int, preSkip int64) {
	return "opus", opus.SampleRate, c.channels, c.preSkip
}

// begin reads the identification header (RFC 7845, section 5.1).
func (c *opusCodec) begin(packet []byte) error {
	if len(packet) < 19 {
		return fault.New(fault.DecodeFailed, "Opus with a header of %d bytes", len(packet))
	}
	if packet[8] > 15 {
		return unsupported("a later version of Opus in Ogg")
	}
	channels, family := int(packet[9]), packet[18]
	if channels == 0 {
		return fault.New(fault.DecodeFailed, "Opus with no channels")
	}
	if channels > 2 || family > 1 {
		return fault.New(fault.UnsupportedFormat, "Opus with %d channels of mapping family %d", channels, family)
	}
	c.preSkip = int64(binary.LittleEndian.Uint16(packet[10:]))
	c.gain = float32(math.Pow(10, float64(int16(binary.LittleEndian.Uint16(packet[16:])))/256/20))
	return c.reset(channels)
}

// reset prepares for a logical stream. Those chained to the first are decoded to as many channels.
func (c *opusCodec) reset(channels int) error {
	if c.decoder != nil {
		c.decoder.Reset()
		return nil
	}
	decoder, err := opus.NewDecoder(channels)
	if err != nil {
		return err
	}
	c.decoder, c.channels = decoder, channels
	c.pcm = make([]float32, opus.MaxFrames*channels)
	return nil
}

func (c *opusCodec) header(packet []byte) (bool, error) { return magic(packet, 0, "OpusTags"), nil }

func (c *opusCodec) decode(packet []byte) ([]float32, bool) {
	frames, err := c.decoder.Decode(c.pcm, packet)
	if err != nil {
		pcm := c.pcm[:opusFrames(packet)*c.channels]
		clear(pcm)
		return pcm, false
	}
	pcm := c.pcm[:frames*c.channels]
	for i, x := range pcm {
		pcm[i] = x * c.gain
	}
	return pcm, true
}

// opusFrames is how many samples per channel a packet stands for (RFC 6716, section 3.1), 0 if it
// cannot be told.
func opusFrames(packet []byte) int {
	if len(packet) == 0 {
		return 0
	}
	count := 1
	switch packet[0] & 3 {
	case 1, 2:
		count = 2
	case 3:
		if len(packet) < 2 {
			return 0
		}
		count = int(packet[1] & 63)
	}
	if frames := count * opusFrameSize(packet[0]>>3); frames <= opus.MaxFrames {
		return frames
	}
	return 0
}

// opusFrameSize is the length of a configuration's frames, in samples.
func opusFrameSize(config byte) int {
	const ms = opus.SampleRate / 1000
	switch {
	case config < 12:
		return [...]int{10 * ms, 20 * ms, 40 * ms, 60 * ms}[config%4]
	case config < 16:
		return [...]int{10 * ms, 20 * ms}[config%2]
	}
	return (5 * ms / 2) << (config % 4)
}
