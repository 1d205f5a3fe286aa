package mp3

import (
	"encoding/binary"
	"math"
)

// maxQuantized is the largest quantized value: 15 and 13 linbits.
const maxQuantized = 15 + 1<<13 - 1

// pow43 holds the bits of n^(4/3) as float32 (ISO/IEC 11172-3, 2.4.3.4.7.1); the sign is
// or-ed in.
var pow43 = func() (t [maxQuantized + 1]uint32) {
	for i := range t {
		t[i] = math.Float32bits(float32(math.Pow(float64(i), 4.0/3)))
	}
	return t
}()

// huffman decodes bits left-aligned in a 64 bit window over the main data.
type huffman struct {
	buf   *[len(reservoir{}.buf)]byte
	next  int    // byte of buf to load next
	cache uint64 // the coming bits, the first one on top
	have  int    // valid bits of cache
}

func newHuffman(r *reservoir, pos int) huffman {
	h := huffman{buf: &r.buf, next: pos >> 3}
	h.refill()
	h.drop(pos & 7)
	return h
}

// refill tops the cache up to at least 56 bits.
func (h *huffman) refill() {
	h.cache |= binary.BigEndian.Uint64(h.buf[h.next:h.next+8]) >> (h.have & 63)
	h.next += (63 - h.have) >> 3
	h.have |= 56
}

func (h *huffman) drop(n int) {
	h.cache <<= n & 63
	h.have -= n
}

// pos is the position of the coming bit within buf.
func (h *huffman) pos() int { return h.next<<3 - h.have }

// decodeHuffman reads the quantized values of a granule from bit pos to end, raises them
// to the power 4/3 and stores them in xr (ISO/IEC 11172-3, 2.4.3.4.6). It returns the
// number of lines up to the last that is not zero; lines above are zero. It is false if
// the code is invalid or runs out of its bits.
func decodeHuffman(r *reservoir, pos, end int, g *granule, xr *[linesPerGr]float32) (int, bool) {
	h := newHuffman(r, pos)
	line := 0
	for region, stop := range g.regionEnd {
		if stop <= line {
			continue
		}
		out := xr[line:stop]
		line = stop
		sel := g.tableSelect[region]
		if sel == 0 {
			clear(out)
			continue
		}
		t := pairTables[sel]
		if t == nil {
			return 0, false
		}
		h.pairs(t, out)
	}
	if h.pos() > end {
		return 0, false
	}
	quads := &quadTables[0]
	if g.count1B {
		quads = &quadTables[1]
	}
	line += h.quads(quads, end, xr[line:])
	clear(xr[line:])
	for line > 0 && xr[line-1] == 0 {
		line--
	}
	return line, true
}

// longestPair is the most bits a pair takes: a code word of 17 with linbits and signs.
const longestPair = 17 + 2*13 + 2

// pairs fills out, of even length, with one region of big_values.
func (h *huffman) pairs(t *pairTable, out []float32) {
	s := *h
	for ; len(out) >= 2; out = out[2:] {
		if s.have < longestPair {
			s.refill()
		}
		e := t.root[s.cache>>(64-rootBits)]
		if e&entryLink != 0 {
			at := int(e&0xffff) + int(s.cache<<rootBits>>(64-e>>16&31))
			e = t.sub[at]
		}
		if e&entryEscape != 0 && t.linbits != 0 {
			s.drop(int(e >> 8 & 31))
			out[0] = s.escaped(uint32(e>>16&15), t.linbits)
			out[1] = s.escaped(uint32(e>>20&15), t.linbits)
			continue
		}
		sign := s.cache << (e >> 8 & 31)
		out[0] = math.Float32frombits(pow43[e>>16&15] | uint32(sign>>32)&(1<<31))
		sign <<= e >> 13 & 1
		out[1] = math.Float32frombits(pow43[e>>20&15] | uint32(sign>>32)&(1<<31))
		s.drop(int(e & 63))
	}
	*h = s
}

// escaped completes a value of a code with linbits: the extra bits of 15, then the sign.
func (h *huffman) escaped(v uint32, linbits int) float32 {
	if v == 0 {
		return 0
	}
	if v == 15 {
		v += uint32(h.cache >> (64 - linbits))
		h.drop(linbits)
	}
	value := pow43[v] | uint32(h.cache>>32)&(1<<31)
	h.drop(1)
	return math.Float32frombits(value)
}

// quads decodes values of -1, 0 and 1 four at a time until the bits end and returns how
// many. A last quadruple that needs bits beyond end is dropped: encoders do leave such.
func (h *huffman) quads(t *[1 << quadBits]quadEntry, end int, out []float32) int {
	n := 0
	for ; n+4 <= len(out) && h.pos() < end; n += 4 {
		h.refill()
		e := t[h.cache>>(64-quadBits)]
		h.drop(int(e >> 8))
		if h.pos() > end {
			break
		}
		*(*[4]float32)(out[n:]) = quadValues[e&0xff]
	}
	return n
}
