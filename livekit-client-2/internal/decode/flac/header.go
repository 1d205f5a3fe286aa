package flac

import "math/bits"

// streamInfo is what the decoder needs of the STREAMINFO block (RFC 9639, section 8.2).
type streamInfo struct {
	rate     int // Hz
	channels int
	bits     uint  // a sample
	samples  int64 // per channel, 0 if unknown
}

// frameHeader is a frame's header (RFC 9639, section 9.1).
type frameHeader struct {
	block      int // samples per channel
	assignment uint
	channels   int
	bits       uint
	first      int64 // number of its first sample
}

// Channel assignments above that of 8 independent channels.
const (
	leftSide  = 8
	sideRight = 9
	midSide   = 10
)

// headerReader reads a header's bytes and their checksum.
type headerReader struct {
	*bitReader
	crc8 uint8
}

func (h *headerReader) byte() uint {
	b := uint8(h.read(8))
	h.crc8 = crc8Table[h.crc8^b]
	return uint(b)
}

// bytes reads a number of n bytes.
func (h *headerReader) bytes(n int) (v uint) {
	for range n {
		v = v<<8 | h.byte()
	}
	return v
}

// header reads a frame header behind its two bytes of sync code, of which second is the other one.
// It is not ok if the header is none, or none of this stream.
func (d *Decoder) header(second uint) (f frameHeader, ok bool) {
	h := headerReader{bitReader: &d.bits}
	h.crc8 = crc8Table[crc8Table[0xff]^uint8(second)]
	sizes, shape := h.byte(), h.byte()
	number, ok := h.number()
	f.block = h.blockSize(sizes >> 4)
	rate := h.sampleRate(sizes&15, d.info.rate)
	f.assignment, f.channels = shape>>4, int(shape>>4)+1
	if f.assignment >= leftSide {
		f.channels = 2
	}
	f.bits = sampleBits(shape>>1&7, d.info.bits)
	h.byte() // the checksum: with it, the whole comes to 0
	ok = ok && h.crc8 == 0 && h.err == nil && shape&1 == 0 && f.assignment <= midSide
	ok = ok && f.block > 0 && f.bits > 0 && rate == d.info.rate && f.channels == d.info.channels
	if f.first = number; ok && second&1 == 0 {
		f.first = number * int64(d.fixedBlock(f.block))
	}
	return f, ok
}

// number reads a frame's or sample's number, coded like UTF-8 with up to 36 bits.
func (h *headerReader) number() (int64, bool) {
	first := uint8(h.byte())
	length := bits.LeadingZeros8(^first)
	if length == 0 {
		return int64(first), true
	}
	if length == 1 || length == 8 {
		return 0, false
	}
	v := int64(first & (0x7f >> length))
	for range length - 1 {
		next := h.byte()
		if next&0xc0 != 0x80 {
			return 0, false
		}
		v = v<<6 | int64(next&0x3f)
	}
	return v, true
}

// blockSize is that of a code, or 0 for a reserved one.
func (h *headerReader) blockSize(code uint) int {
	switch {
	case code == 0:
		return 0
	case code == 1:
		return 192
	case code <= 5:
		return 144 << code
	case code == 6:
		return int(h.bytes(1)) + 1
	case code == 7:
		return int(h.bytes(2)) + 1
	}
	return 1 << code
}

// sampleRate is that of a code in Hz, or 0 for a reserved one.
func (h *headerReader) sampleRate(code uint, stream int) int {
	rates := [...]int{stream, 88200, 176400, 192000, 8000, 16000, 22050, 24000, 32000, 44100, 48000, 96000}
	switch code {
	case 12:
		return 1000 * int(h.bytes(1))
	case 13:
		return int(h.bytes(2))
	case 14:
		return 10 * int(h.bytes(2))
	case 15:
		return 0
	}
	return rates[code]
}

// sampleBits are those of a code, or 0 for a reserved one.
func sampleBits(code, stream uint) uint {
	return [...]uint{stream, 8, 12, 0, 16, 20, 24, 32}[code]
}
