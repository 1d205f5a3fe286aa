package decode

import (
	"encoding/binary"
	"math"

	"server-playback/livekit-client-2/internal/fault"
)

// aiffHeader is what the chunks before the samples say (Apple, Audio Interchange File Format 1.3,
// and AIFF-C, draft of 1991).
type aiffHeader struct {
	channels, bits int
	rate           float64
	frames         int64
	compression    string // "NONE" in AIFF
	hasFormat      bool
}

// openAIFF reads AIFF and AIFC up to the samples. The format has to come before them, as every
// encoder writes it.
func openAIFF(in *input) (Decoder, error) {
	head, err := in.Peek(magicSize)
	if err != nil {
		return nil, err
	}
	h := aiffHeader{compression: "NONE"}
	compressed := string(head[8:]) == "AIFC"
	in.Discard(magicSize)
	for skipped := int64(0); skipped <= maxChunks; {
		id, size, err := chunkHeader(in, binary.BigEndian)
		if err != nil {
			return nil, err
		}
		if id == "SSND" {
			return h.open(in, size)
		}
		if err := h.chunk(in, id, size, compressed); err != nil {
			return nil, err
		}
		skipped += size
	}
	return nil, fault.New(fault.DecodeFailed, "AIFF without samples in its first %d bytes", maxChunks)
}

func (h *aiffHeader) chunk(in *input, id string, size int64, compressed bool) error {
	if size > maxChunks {
		return fault.New(fault.DecodeFailed, "AIFF with a chunk of %d bytes before its samples", size)
	}
	head, err := in.Peek(int(min(size, 22)))
	if err != nil {
		return err
	}
	if id == "COMM" {
		if err := h.common(head, compressed); err != nil {
			return err
		}
	}
	_, err = in.Discard(int(size + size&1))
	return err
}

func (h *aiffHeader) common(head []byte, compressed bool) error {
	if len(head) < 18 || compressed && len(head) < 22 {
		return fault.New(fault.DecodeFailed, "AIFF with a format of %d bytes", len(head))
	}
	h.hasFormat = true
	h.channels = int(binary.BigEndian.Uint16(head))
	h.frames = int64(binary.BigEndian.Uint32(head[2:]))
	h.bits = int(binary.BigEndian.Uint16(head[6:]))
	h.rate = extended(head[8:18])
	if compressed {
		h.compression = string(head[18:22])
	}
	return nil
}

// extended reads an 80-bit IEEE 754 number.
func extended(b []byte) float64 {
	exponent := int(binary.BigEndian.Uint16(b)&0x7fff) - 16383 - 63
	value := math.Ldexp(float64(binary.BigEndian.Uint64(b[2:])), exponent)
	if b[0]&0x80 != 0 {
		return -value
	}
	return value
}

// open makes the decoder of a sound chunk that says to have length bytes.
func (h *aiffHeader) open(in *input, length int64) (Decoder, error) {
	if !h.hasFormat {
		return nil, fault.New(fault.DecodeFailed, "AIFF without a format before its samples")
	}
	if !(h.rate >= 1 && h.rate <= math.MaxInt32) {
		return nil, fault.New(fault.DecodeFailed, "AIFF with a sample rate of %g Hz", h.rate)
	}
	format, ok := h.sampleFormat()
	if !ok {
		return nil, fault.New(fault.UnsupportedFormat, "AIFF with codec %q of %d bits", h.compression, h.bits)
	}
	info := Info{Container: "aiff", Codec: format.name, SampleRate: int(math.Round(h.rate)), Channels: h.channels}
	if err := checkInfo(info); err != nil {
		return nil, err
	}
	head, err := in.Peek(8)
	if err != nil {
		return nil, err
	}
	offset := int64(binary.BigEndian.Uint32(head))
	if offset > maxChunks {
		return nil, fault.New(fault.DecodeFailed, "AIFF with its samples %d bytes into their chunk", offset)
	}
	if _, err := in.Discard(int(8 + offset)); err != nil {
		return nil, err
	}
	var left int64
	left, info.Samples = h.length(length-8-offset, int64(format.bytes*h.channels))
	return &pcmDecoder{in: in, format: format, info: info, left: left}, nil
}

// length gives how many frames to read at most, and how many are promised: -1 if none are. Encoders
// that write into a pipe do not know either.
func (h *aiffHeader) length(bytes, frame int64) (most, promised int64) {
	if bytes <= 0 || bytes >= wavEndless-8 {
		return math.MaxInt64, -1
	}
	frames := bytes / frame
	if h.frames > 0 && h.frames < frames {
		frames = h.frames
	}
	return frames, frames
}

func (h *aiffHeader) sampleFormat() (sampleFormat, bool) {
	whole := (h.bits + 7) / 8 * 8
	switch h.compression {
	case "NONE", "twos":
		return pick(whole, formatS8, formatS16BE, formatS24BE, formatS32BE)
	case "in24":
		return formatS24BE, true
	case "in32":
		return formatS32BE, true
	case "sowt":
		return pick(whole, formatS8, formatS16LE, formatS24LE, formatS32LE)
	case "raw ":
		return pick(whole, formatU8)
	case "fl32", "FL32":
		return formatF32BE, true
	case "fl64", "FL64":
		return formatF64BE, true
	case "alaw", "ALAW":
		return formatALaw, true
	case "ulaw", "ULAW":
		return formatMuLaw, true
	}
	return sampleFormat{}, false
}
