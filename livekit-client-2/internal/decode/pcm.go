package decode

import (
	"encoding/binary"
	"io"
	"math"
)

// sampleFormat is how a sample of linear or companded PCM is stored.
type sampleFormat struct {
	name    string
	bytes   int
	convert func(dst []float32, src []byte) // len(src) == len(dst) * bytes
}

// pcmDecoder reads frames of PCM up to the input's end, or up to a known length.
type pcmDecoder struct {
	in     *input
	format sampleFormat
	info   Info
	left   int64 // frames still to come at most
}

func (d *pcmDecoder) Info() Info     { return d.info }
func (d *pcmDecoder) Report() Report { return Report{} }

// Read converts right out of the input's buffer. A part of a frame at the end is dropped.
func (d *pcmDecoder) Read(dst []float32) (int, error) {
	if d.left == 0 {
		return 0, io.EOF
	}
	frame := d.format.bytes * d.info.Channels
	if _, err := d.in.Peek(frame); err != nil {
		return 0, err
	}
	frames := min(d.in.Buffered()/frame, len(dst)/d.info.Channels)
	frames = int(min(int64(frames), d.left))
	block, _ := d.in.Peek(frames * frame)
	d.format.convert(dst[:frames*d.info.Channels], block)
	d.in.Discard(len(block))
	d.left -= int64(frames)
	return frames * d.info.Channels, nil
}

var (
	formatU8    = sampleFormat{"pcm_u8", 1, convertU8}
	formatS16LE = sampleFormat{"pcm_s16le", 2, convertS16LE}
	formatS24LE = sampleFormat{"pcm_s24le", 3, convertS24LE}
	formatS32LE = sampleFormat{"pcm_s32le", 4, convertS32LE}
	formatF32LE = sampleFormat{"pcm_f32le", 4, convertF32LE}
	formatF64LE = sampleFormat{"pcm_f64le", 8, convertF64LE}
	formatS8    = sampleFormat{"pcm_s8", 1, convertS8}
	formatS16BE = sampleFormat{"pcm_s16be", 2, convertS16BE}
	formatS24BE = sampleFormat{"pcm_s24be", 3, convertS24BE}
	formatS32BE = sampleFormat{"pcm_s32be", 4, convertS32BE}
	formatF32BE = sampleFormat{"pcm_f32be", 4, convertF32BE}
	formatF64BE = sampleFormat{"pcm_f64be", 8, convertF64BE}
	formatALaw  = sampleFormat{"pcm_alaw", 1, convertALaw}
	formatMuLaw = sampleFormat{"pcm_mulaw", 1, convertMuLaw}
)

func convertU8(dst []float32, src []byte) {
	for i, b := range src[:len(dst)] {
		dst[i] = float32(int(b)-128) / (1 << 7)
	}
}

func convertS16LE(dst []float32, src []byte) {
	src = src[:2*len(dst)]
	for i := range dst {
		dst[i] = float32(int16(binary.LittleEndian.Uint16(src[2*i:]))) / (1 << 15)
	}
}

func convertS24LE(dst []float32, src []byte) {
	src = src[:3*len(dst)]
	for i := range dst {
		b := src[3*i : 3*i+3]
		dst[i] = float32(int32(b[0])<<8|int32(b[1])<<16|int32(b[2])<<24) / (1 << 31)
	}
}

func convertS32LE(dst []float32, src []byte) {
	src = src[:4*len(dst)]
	for i := range dst {
		dst[i] = float32(int32(binary.LittleEndian.Uint32(src[4*i:]))) / (1 << 31)
	}
}

func convertF32LE(dst []float32, src []byte) {
	src = src[:4*len(dst)]
	for i := range dst {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
	}
}

func convertF64LE(dst []float32, src []byte) {
	src = src[:8*len(dst)]
	for i := range dst {
		dst[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(src[8*i:])))
	}
}

func convertS8(dst []float32, src []byte) {
	for i, b := range src[:len(dst)] {
		dst[i] = float32(int8(b)) / (1 << 7)
	}
}

func convertS16BE(dst []float32, src []byte) {
	src = src[:2*len(dst)]
	for i := range dst {
		dst[i] = float32(int16(binary.BigEndian.Uint16(src[2*i:]))) / (1 << 15)
	}
}

func convertS24BE(dst []float32, src []byte) {
	src = src[:3*len(dst)]
	for i := range dst {
		b := src[3*i : 3*i+3]
		dst[i] = float32(int32(b[2])<<8|int32(b[1])<<16|int32(b[0])<<24) / (1 << 31)
	}
}

func convertS32BE(dst []float32, src []byte) {
	src = src[:4*len(dst)]
	for i := range dst {
		dst[i] = float32(int32(binary.BigEndian.Uint32(src[4*i:]))) / (1 << 31)
	}
}

func convertF32BE(dst []float32, src []byte) {
	src = src[:4*len(dst)]
	for i := range dst {
		dst[i] = math.Float32frombits(binary.BigEndian.Uint32(src[4*i:]))
	}
}

func convertF64BE(dst []float32, src []byte) {
	src = src[:8*len(dst)]
	for i := range dst {
		dst[i] = float32(math.Float64frombits(binary.BigEndian.Uint64(src[8*i:])))
	}
}
