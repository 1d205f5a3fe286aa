package flac

import (
	"encoding/binary"
	"io"
	"math/bits"
)

const (
	bufferSize = 16 << 10
	keep       = 8 // bytes before the read position that the cache may still hold
)

// bitReader reads big-endian bits and checks the bytes that they came from. Beyond the end of its
// source it reads zeros, and err says why there is no more.
type bitReader struct {
	src      io.Reader
	buf      [bufferSize]byte
	pos, end int    // of buf: what is not in the cache yet
	cache    uint64 // the next bits, first bit uppermost
	have     uint   // how many of them count
	ended    error  // what src ended with
	err      error  // the same, once more was asked for than there was
	crc      uint16 // of the bytes before crcAt
	crcAt    int
}

// fill gets more of the source into buf.
func (b *bitReader) fill() bool {
	if b.ended != nil {
		return false
	}
	from := max(0, b.pos-keep)
	if b.crcAt < from {
		b.crc = crc16(b.crc, b.buf[b.crcAt:from])
		b.crcAt = from
	}
	copy(b.buf[:], b.buf[from:b.end])
	b.pos, b.end, b.crcAt = b.pos-from, b.end-from, b.crcAt-from
	n, err := io.ReadAtLeast(b.src, b.buf[b.end:], 1)
	b.end += n
	if n == 0 {
		b.ended = err
	}
	return n > 0
}

// load brings the cache to at least 56 bits, if there are as many.
func (b *bitReader) load() {
	if b.end-b.pos >= 8 {
		b.cache |= binary.BigEndian.Uint64(b.buf[b.pos:]) >> b.have
		n := (63 - b.have) / 8
		b.pos += int(n)
		b.have += 8 * n
		return
	}
	for b.have <= 56 {
		if b.pos == b.end && !b.fill() {
			return
		}
		b.cache |= uint64(b.buf[b.pos]) << (56 - b.have)
		b.pos++
		b.have += 8
	}
}

// read reads n bits, at most 56.
func (b *bitReader) read(n uint) uint64 {
	if b.have < n {
		if b.load(); b.have < n {
			b.cache, b.have, b.err = 0, 0, b.ended
			return 0
		}
	}
	v := b.cache >> (64 - n)
	b.cache <<= n
	b.have -= n
	return v
}

// signed reads a number of n bits in two's complement.
func (b *bitReader) signed(n uint) int64 {
	if n == 0 {
		return 0
	}
	return int64(b.read(n)<<(64-n)) >> (64 - n)
}

// unary counts zeros up to the next one, which it consumes too.
func (b *bitReader) unary() uint64 {
	for count := uint64(0); ; {
		zeros := uint(bits.LeadingZeros64(b.cache))
		if zeros < b.have {
			b.cache <<= zeros + 1
			b.have -= zeros + 1
			return count + uint64(zeros)
		}
		count += uint64(b.have)
		b.cache, b.have = 0, 0
		if b.load(); b.have == 0 {
			b.err = b.ended
			return 0
		}
	}
}

// rice reads a residual with a parameter of k bits (RFC 9639, section 9.2.7).
func (b *bitReader) rice(k uint) int64 {
	v := b.unary()<<k | b.read(k)
	return int64(v>>1) ^ -int64(v&1)
}

// align skips to the next byte.
func (b *bitReader) align() { b.read(b.have % 8) }

// startCRC starts a checksum at the next byte; the reader is aligned.
func (b *bitReader) startCRC() { b.crc, b.crcAt = 0, b.pos-int(b.have/8) }

// endCRC gives the checksum up to the next byte; the reader is aligned.
func (b *bitReader) endCRC() uint16 { return crc16(b.crc, b.buf[b.crcAt:b.pos-int(b.have/8)]) }
