package vorbis

import "encoding/binary"

// bitReader reads bits of a packet, the least significant first (Vorbis I, section 2). Beyond the
// packet's end it reads zeros and sets over.
type bitReader struct {
	data  []byte
	at    int    // of data: what is not in the cache yet
	cache uint64 // the next bits, first bit lowest
	have  uint   // how many of them count
	over  bool
}

func (b *bitReader) reset(packet []byte) { *b = bitReader{data: packet} }

// load brings the cache to at least 56 bits, if there are as many.
func (b *bitReader) load() {
	if len(b.data)-b.at >= 8 {
		b.cache |= binary.LittleEndian.Uint64(b.data[b.at:]) << b.have
		n := (63 - b.have) / 8
		b.at += int(n)
		b.have += 8 * n
		return
	}
	for b.have <= 55 && b.at < len(b.data) {
		b.cache = b.cache&(1<<b.have-1) | uint64(b.data[b.at])<<b.have
		b.at++
		b.have += 8
	}
}

// peek gives the next 32 bits, zeros where there are none, without consuming them.
func (b *bitReader) peek() uint32 {
	if b.have < 32 {
		if b.load(); b.have < 32 {
			return uint32(b.cache & (1<<b.have - 1))
		}
	}
	return uint32(b.cache)
}

// skip consumes n bits that were peeked at, at most 32.
func (b *bitReader) skip(n uint) {
	if n > b.have {
		b.cache, b.have, b.over = 0, 0, true
		return
	}
	b.cache >>= n
	b.have -= n
}

// read reads n bits, at most 32.
func (b *bitReader) read(n uint) uint32 {
	v := uint32(uint64(b.peek()) & (1<<n - 1))
	if b.skip(n); b.over {
		return 0
	}
	return v
}

func (b *bitReader) flag() bool { return b.read(1) != 0 }

// number reads n bits as an int.
func (b *bitReader) number(n uint) int { return int(b.read(n)) }
