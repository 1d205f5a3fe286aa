package decode

import (
	"encoding/binary"
	"math"

	"server-playback/livekit-client-2/internal/decode/channels"
	"server-playback/livekit-client-2/internal/fault"
	"server-playback/livekit-client-2/internal/opus"
)

// opusCodec decodes Opus in Ogg (RFC 7845): mono and stereo, and surround of up to 8 channels.
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

// opusHeader is the fixed part of the identification header (RFC 7845, section 5.1), in bytes.
const opusHeader = 19

// begin reads the identification header.
func (c *opusCodec) begin(packet []byte) error {
	if len(packet) < opusHeader {
		return fault.New(fault.DecodeFailed, "Opus with a header of %d bytes", len(packet))
	}
	if packet[8] > 15 {
		return unsupported("a later version of Opus in Ogg")
	}
	channels, family := int(packet[9]), packet[18]
	if channels == 0 {
		return fault.New(fault.DecodeFailed, "Opus with no channels")
	}
	if family > 1 || channels > 2 && family == 0 || channels > opus.MaxSurroundChannels {
		return fault.New(fault.UnsupportedFormat, "Opus with %d channels of mapping family %d", channels, family)
	}
	c.preSkip = int64(binary.LittleEndian.Uint16(packet[10:]))
	c.gain = float32(math.Pow(10, float64(int16(binary.LittleEndian.Uint16(packet[16:])))/256/20))
	if channels > 2 {
		return c.surround(packet, channels)
	}
	return c.plain(channels)
}

// plain prepares for mono or stereo. Logical streams chained to such a one are decoded to as many
// channels as that has.
func (c *opusCodec) plain(channels int) error {
	if c.decoder != nil && c.channels <= 2 {
		c.decoder.Reset()
		return nil
	}
	decoder, err := opus.NewDecoder(channels)
	c.use(decoder, channels)
	return err
}

// surround prepares for several streams, with their channels put into WAVE order.
func (c *opusCodec) surround(packet []byte, count int) error {
	table := packet[opusHeader:]
	if len(table) < 2+count {
		return fault.New(fault.DecodeFailed, "Opus of %d channels with a header of %d bytes", count, len(packet))
	}
	s := opus.Surround{Streams: int(table[0]), Coupled: int(table[1]), Mapping: make([]byte, count)}
	for place := range s.Mapping {
		s.Mapping[place] = table[2+channels.Vorbis(count, place)]
	}
	decoder, err := opus.NewSurroundDecoder(s)
	c.use(decoder, count)
	return err
}

func (c *opusCodec) use(decoder opus.Decoder, channels int) {
	c.decoder, c.channels = decoder, channels
	c.pcm = make([]float32, opus.MaxFrames*channels)
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
