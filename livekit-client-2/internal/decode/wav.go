package decode

import (
	"encoding/binary"
	"math"

	"server-playback/livekit-client-2/internal/fault"
)

const (
	wavPCM        = 0x0001
	wavFloat      = 0x0003
	wavALaw       = 0x0006
	wavMuLaw      = 0x0007
	wavMP3        = 0x0055
	wavExtensible = 0xfffe

	// wavEndless is the least data length that means "until the end": encoders that write into a
	// pipe put 0, 0xffffffff, or something just below 2 GiB there.
	wavEndless = 0x7ffff000

	// maxChunks bounds what stands before the data chunk, in bytes.
	maxChunks = 16 << 20
)

// wavSubFormat ends the GUID of every format tag in WAVE_FORMAT_EXTENSIBLE (Microsoft, mmreg.h).
const wavSubFormat = "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"

// wavHeader is what the chunks before the samples say.
type wavHeader struct {
	tag, channels, bits int
	rate                int
	hasFormat           bool
	wideLength          int64 // RF64's length of the data chunk (EBU Tech 3306)
}

// openWAV reads RIFF/WAVE, RF64 and BW64 up to the samples.
func openWAV(in *input) (Decoder, error) {
	if _, err := in.Discard(magicSize); err != nil {
		return nil, err
	}
	var h wavHeader
	for skipped := int64(0); skipped <= maxChunks; {
		id, size, err := chunkHeader(in, binary.LittleEndian)
		if err != nil {
			return nil, err
		}
		if id == "data" {
			return h.open(in, size)
		}
		if err := h.chunk(in, id, size); err != nil {
			return nil, err
		}
		skipped += size
	}
	return nil, fault.New(fault.DecodeFailed, "WAV without samples in its first %d bytes", maxChunks)
}

// chunkHeader reads the id and the size of an IFF chunk.
func chunkHeader(in *input, order binary.ByteOrder) (id string, size int64, err error) {
	head, err := in.Peek(8)
	if err != nil {
		return "", 0, err
	}
	id, size = string(head[:4]), int64(order.Uint32(head[4:]))
	in.Discard(8)
	return id, size, nil
}

// chunk takes in one chunk before the samples, of which at most the first bytes matter.
func (h *wavHeader) chunk(in *input, id string, size int64) error {
	if size > maxChunks {
		return fault.New(fault.DecodeFailed, "WAV with a chunk of %d bytes before its samples", size)
	}
	head, err := in.Peek(int(min(size, 40)))
	if err != nil {
		return err
	}
	switch id {
	case "fmt ":
		err = h.format(head)
	case "ds64":
		if len(head) >= 16 {
			h.wideLength = int64(binary.LittleEndian.Uint64(head[8:]) & math.MaxInt64)
		}
	}
	if err != nil {
		return err
	}
	_, err = in.Discard(int(size + size&1)) // chunks start at even places
	return err
}

// format reads WAVEFORMATEX and WAVEFORMATEXTENSIBLE.
func (h *wavHeader) format(head []byte) error {
	if len(head) < 16 {
		return fault.New(fault.DecodeFailed, "WAV with a format of %d bytes", len(head))
	}
	h.hasFormat = true
	h.tag = int(binary.LittleEndian.Uint16(head))
	h.channels = int(binary.LittleEndian.Uint16(head[2:]))
	h.rate = int(int32(binary.LittleEndian.Uint32(head[4:])))
	h.bits = int(binary.LittleEndian.Uint16(head[14:]))
	if h.tag == wavExtensible && len(head) == 40 && string(head[26:40]) == wavSubFormat {
		h.tag = int(binary.LittleEndian.Uint16(head[24:]))
	}
	return nil
}

// open makes the decoder of a data chunk that says to have length bytes.
func (h *wavHeader) open(in *input, length int64) (Decoder, error) {
	if !h.hasFormat {
		return nil, fault.New(fault.DecodeFailed, "WAV without a format before its samples")
	}
	if h.tag == wavMP3 {
		return newMP3(in.Reader, "wav")
	}
	format, ok := h.sampleFormat()
	if !ok {
		return nil, fault.New(fault.UnsupportedFormat, "WAV with format 0x%04x of %d bits", h.tag, h.bits)
	}
	info := Info{Container: "wav", Codec: format.name, SampleRate: h.rate, Channels: h.channels}
	if err := checkInfo(info); err != nil {
		return nil, err
	}
	var left int64
	left, info.Samples = h.frames(length, int64(format.bytes*h.channels))
	return &pcmDecoder{in: in, format: format, info: info, left: left}, nil
}

// frames gives how many frames to read at most, and how many are promised: -1 if none are.
func (h *wavHeader) frames(length, frame int64) (most, promised int64) {
	switch {
	case length == math.MaxUint32 && h.wideLength > 0:
		return h.wideLength / frame, h.wideLength / frame
	case length == 0 || length == math.MaxUint32:
		return math.MaxInt64, -1
	case length >= wavEndless:
		return length / frame, -1
	}
	return length / frame, length / frame
}

func (h *wavHeader) sampleFormat() (sampleFormat, bool) {
	switch h.tag {
	case wavPCM:
		return h.linear()
	case wavFloat:
		return pick(h.bits, formatF32LE, formatF64LE)
	case wavALaw:
		return pick(h.bits, formatALaw)
	case wavMuLaw:
		return pick(h.bits, formatMuLaw)
	}
	return sampleFormat{}, false
}

// linear rounds the bits up to whole bytes: samples are stored left-justified in them.
func (h *wavHeader) linear() (sampleFormat, bool) {
	return pick((h.bits+7)/8*8, formatU8, formatS16LE, formatS24LE, formatS32LE)
}

func pick(bits int, formats ...sampleFormat) (sampleFormat, bool) {
	for _, format := range formats {
		if format.bytes*8 == bits {
			return format, true
		}
	}
	return sampleFormat{}, false
}
