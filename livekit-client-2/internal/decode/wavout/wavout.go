// Package wavout writes the header of a WAV file.
package wavout

import (
	"encoding/binary"
	"math"
)

// HeaderSize is the length of what Header returns, in bytes.
const HeaderSize = 44

// Format is how samples follow the header: little-endian and interleaved.
type Format struct {
	SampleRate int // Hz
	Channels   int
	Float      bool // 32-bit float instead of 16-bit integer
}

// FrameSize is how many bytes one sample of every channel takes.
func (f Format) FrameSize() int {
	if f.Float {
		return 4 * f.Channels
	}
	return 2 * f.Channels
}

// Header is a RIFF/WAVE header up to the samples, of which there are to be frames per channel. What
// does not fit into its 32 bits, or is below 0, it calls endless, as encoders do that write into a pipe.
func Header(f Format, frames int64) []byte {
	size := uint32(math.MaxUint32)
	if bytes := frames * int64(f.FrameSize()); frames >= 0 && bytes <= math.MaxUint32-HeaderSize {
		size = uint32(bytes)
	}
	tag := uint16(1)
	if f.Float {
		tag = 3
	}
	h := make([]byte, 0, HeaderSize)
	h = append(h, "RIFF"...)
	h = binary.LittleEndian.AppendUint32(h, max(size, size+HeaderSize-8))
	h = append(h, "WAVEfmt "...)
	h = binary.LittleEndian.AppendUint32(h, 16)
	h = binary.LittleEndian.AppendUint16(h, tag)
	h = binary.LittleEndian.AppendUint16(h, uint16(f.Channels))
	h = binary.LittleEndian.AppendUint32(h, uint32(f.SampleRate))
	h = binary.LittleEndian.AppendUint32(h, uint32(f.SampleRate*f.FrameSize()))
	h = binary.LittleEndian.AppendUint16(h, uint16(f.FrameSize()))
	h = binary.LittleEndian.AppendUint16(h, uint16(f.FrameSize()/f.Channels*8))
	h = append(h, "data"...)
	return binary.LittleEndian.AppendUint32(h, size)
}
