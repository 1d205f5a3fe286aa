package vorbis

import (
	"math"
	"math/bits"
	"slices"
)

const (
	// fastBits is how long the codewords are that one look-up finds.
	fastBits = 9
	// maxEntries and maxValues bound a stream's codebooks in all. Real ones have a tenth of that.
	maxEntries = 1 << 17
	maxValues  = 1 << 20
)

// codebook is a Huffman code of entries, and the vectors they stand for, if any (Vorbis I, section 3).
type codebook struct {
	dimensions int
	entries    int
	vectors    []float32 // entries x dimensions, nil for a book of scalars
	fast       [1 << fastBits]codeword
	codes      []codeword // sorted by their bits
}

// codeword is an entry's code, first bit uppermost.
type codeword struct {
	bits   uint32
	entry  int32
	length uint8 // 0 for none
}

// entry reads a codeword and gives its entry, or -1 if there is none such.
func (c *codebook) entry(b *bitReader) int {
	next := b.peek()
	code := &c.fast[next&(1<<fastBits-1)]
	if code.length == 0 {
		if code = c.search(bits.Reverse32(next)); code == nil {
			b.over = true // nothing that follows can be trusted
			return -1
		}
	}
	if b.skip(uint(code.length)); b.over {
		return -1
	}
	return int(code.entry)
}

// search finds the codeword that next starts with.
func (c *codebook) search(next uint32) *codeword {
	low, high := 0, len(c.codes)
	for low < high {
		if middle := (low + high) / 2; c.codes[middle].bits <= next {
			low = middle + 1
		} else {
			high = middle
		}
	}
	if low == 0 {
		return nil
	}
	code := &c.codes[low-1]
	if (next^code.bits)>>(32-code.length) != 0 {
		return nil
	}
	return code
}

// vector reads a codeword and gives its vector, or nil at the packet's end.
func (c *codebook) vector(b *bitReader) []float32 {
	entry := c.entry(b)
	if entry < 0 {
		return nil
	}
	return c.vectors[entry*c.dimensions:][:c.dimensions]
}

// budget is what is left of the bounds on codebooks.
type budget struct{ entries, values int }

// read reads a codebook's definition (section 3.2.1).
func (c *codebook) read(b *bitReader, left *budget) error {
	if b.read(24) != 0x564342 {
		return errSetup
	}
	c.dimensions, c.entries = b.number(16), b.number(24)
	left.entries -= c.entries
	if c.dimensions == 0 || c.entries == 0 || left.entries < 0 {
		return errSetup
	}
	lengths := make([]uint8, c.entries)
	if b.flag() {
		if err := orderedLengths(b, lengths); err != nil {
			return err
		}
	} else {
		plainLengths(b, lengths)
	}
	if b.over {
		return errSetup
	}
	if err := c.assign(lengths); err != nil {
		return err
	}
	return c.readVectors(b, left)
}

func plainLengths(b *bitReader, lengths []uint8) {
	sparse := b.flag()
	for i := range lengths {
		if !sparse || b.flag() {
			lengths[i] = uint8(b.read(5)) + 1
		}
	}
}

func orderedLengths(b *bitReader, lengths []uint8) error {
	length := uint8(b.read(5)) + 1
	for at := 0; at < len(lengths); length++ {
		n := b.number(ilog(len(lengths) - at))
		if length > 32 || n > len(lengths)-at {
			return errSetup
		}
		for i := range n {
			lengths[at+i] = length
		}
		at += n
	}
	return nil
}

// assign gives each entry the lowest codeword of its length that is still free. A tree without room
// for all is refused; one with room left is played.
func (c *codebook) assign(lengths []uint8) error {
	var free [33]uint32 // the lowest free codeword of each length that no shorter one covers
	for entry, length := range lengths {
		if length == 0 {
			continue
		}
		code := codeword{entry: int32(entry), length: length}
		if len(c.codes) == 0 {
			for i := uint8(1); i <= length; i++ {
				free[i] = 1 << (32 - i)
			}
		} else {
			from := length
			for from > 0 && free[from] == 0 {
				from--
			}
			if from == 0 {
				return errSetup
			}
			code.bits, free[from] = free[from], 0
			for i := length; i > from; i-- {
				free[i] = code.bits + 1<<(32-i)
			}
		}
		c.codes = append(c.codes, code)
	}
	c.index()
	return nil
}

// index prepares for look-ups.
func (c *codebook) index() {
	if len(c.codes) == 1 {
		c.codes[0].bits = 0 // the only codeword; any bits stand for it
		for i := range c.fast {
			c.fast[i] = c.codes[0]
		}
	}
	for _, code := range c.codes {
		if code.length > fastBits {
			continue
		}
		for i := bits.Reverse32(code.bits); i < 1<<fastBits; i += 1 << code.length {
			c.fast[i] = code
		}
	}
	slices.SortFunc(c.codes, func(a, b codeword) int { return int(int64(a.bits) - int64(b.bits)) })
}

// readVectors reads what the entries stand for (sections 3.2.1 and 3.3).
func (c *codebook) readVectors(b *bitReader, left *budget) error {
	kind := b.read(4)
	if kind == 0 {
		return nil
	}
	if left.values -= c.entries * c.dimensions; kind > 2 || left.values < 0 {
		return errSetup
	}
	least, step := unpackFloat(b.read(32)), unpackFloat(b.read(32))
	width := uint(b.read(4)) + 1
	sequence := b.flag()
	count := c.entries * c.dimensions
	if kind == 1 {
		count = root(c.entries, c.dimensions)
	}
	values := make([]float32, count)
	for i := range values {
		values[i] = float32(b.read(width))*step + least
	}
	if b.over {
		return errSetup
	}
	c.build(values, kind == 1, sequence)
	return nil
}

// build makes the vectors of the values in their definition, which a lattice shares.
func (c *codebook) build(values []float32, lattice, sequence bool) {
	c.vectors = make([]float32, c.entries*c.dimensions)
	for entry := range c.entries {
		var last float32
		rest := entry
		for d := range c.dimensions {
			i := entry*c.dimensions + d
			value := values[rest%len(values)]
			if !lattice {
				value = values[i]
			}
			rest /= len(values)
			c.vectors[i] = value + last
			if sequence {
				last = c.vectors[i]
			}
		}
	}
}

// ilog is how many bits a number has (section 9.2.1).
func ilog(x int) uint { return uint(bits.Len(uint(x))) }

// root is the greatest number whose power is not above x (section 9.2.3).
func root(x, power int) int {
	r := int(math.Pow(float64(x), 1/float64(power)))
	for within(r+1, power, x) {
		r++
	}
	for r > 1 && !within(r, power, x) {
		r--
	}
	return r
}

// within says whether r to the power is not above x.
func within(r, power, x int) bool {
	product := 1
	for range power {
		if product *= r; product > x {
			return false
		}
		if product == 1 {
			return true
		}
	}
	return true
}

// unpackFloat reads the format's own floating point (section 9.2.2).
func unpackFloat(x uint32) float32 {
	mantissa := float64(x & 0x1fffff)
	if x>>31 != 0 {
		mantissa = -mantissa
	}
	return float32(math.Ldexp(mantissa, int(x>>21&0x3ff)-788))
}
