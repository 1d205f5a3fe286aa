package mp3

import "math/bits"

// rootBits is the width of a code table's first lookup; longer codes take a second one.
const rootBits = 9

// pairTable decodes one big_values code.
type pairTable struct {
	root    [1 << rootBits]pairEntry
	sub     []pairEntry
	linbits int
}

// pairEntry is a symbol of a big_values code:
//
//	bits  0-5   length of the code word with its sign bits
//	bits  8-12  length of the code word alone
//	bits 13, 14 whether x, y has a sign bit
//	bits 16-19  x
//	bits 20-23  y
//	bit  24     x or y is 15: linbits may follow
//
// or, if bit 31 is set, the place of a second table: bits 0-15 its offset, bits 16-20 the
// number of bits that index it.
type pairEntry uint32

const (
	entryEscape pairEntry = 1 << 24
	entryLink   pairEntry = 1 << 31
)

func newPairEntry(length int, x, y uint32) pairEntry {
	e := pairEntry(length)<<8 | pairEntry(x)<<16 | pairEntry(y)<<20
	total := length
	if x != 0 {
		e |= 1 << 13
		total++
	}
	if y != 0 {
		e |= 1 << 14
		total++
	}
	if x == 15 || y == 15 {
		e |= entryEscape
	}
	return e | pairEntry(total)
}

// pairTables is indexed by table_select; nil for 0 (all zero) and for 4 and 14, which
// the standard doesn't use.
var pairTables = func() (t [32]*pairTable) {
	for n, code := range pairCodes {
		t[n] = newPairTable(code)
	}
	for i, linbits := range [8]int{1, 2, 3, 4, 6, 8, 10, 13} {
		t[16+i] = withLinbits(t[16], linbits)
	}
	for i, linbits := range [8]int{4, 5, 6, 7, 8, 9, 11, 13} {
		t[24+i] = withLinbits(t[24], linbits)
	}
	return t
}()

func withLinbits(t *pairTable, linbits int) *pairTable {
	c := *t
	c.linbits = linbits
	return &c
}

func newPairTable(code []uint16) *pairTable {
	t := &pairTable{}
	var word uint32 // the code word, left-aligned
	for i, sym := range code {
		length := int(sym >> 8)
		e := newPairEntry(length, uint32(sym>>4&15), uint32(sym&15))
		root := word >> (32 - rootBits)
		if length <= rootBits {
			fill(t.root[root:], 1<<(rootBits-length), e)
		} else {
			if t.root[root] == 0 {
				t.addSub(root, code[i:], word)
			}
			link := t.root[root]
			width := int(link >> 16 & 31)
			at := int(link&0xffff) + int(word<<rootBits>>(32-width))
			fill(t.sub[at:], 1<<(width+rootBits-length), e)
		}
		word += 1 << (32 - length)
	}
	return t
}

// addSub makes room for the codes that share the root prefix of word, the first of rest.
func (t *pairTable) addSub(root uint32, rest []uint16, word uint32) {
	longest := 0
	for _, sym := range rest {
		if word>>(32-rootBits) != root {
			break
		}
		longest = max(longest, int(sym>>8))
		word += 1 << (32 - sym>>8)
	}
	width := longest - rootBits
	t.root[root] = entryLink | pairEntry(width)<<16 | pairEntry(len(t.sub))
	t.sub = append(t.sub, make([]pairEntry, 1<<width)...)
}

func fill(dst []pairEntry, n int, e pairEntry) {
	for i := range n {
		dst[i] = e
	}
}

// quadBits is the length of the longest count1 code word with its sign bits.
const quadBits = 6 + 4

// quadEntry is a symbol of a count1 code with its signs: length<<8 | place in quadValues.
type quadEntry uint16

// quadTables decodes the two count1 codes in one lookup.
var quadTables = func() (t [2][1 << quadBits]quadEntry) {
	for n, code := range quadCodes {
		at := 0
		for _, sym := range code {
			signBits := bits.OnesCount(uint(sym & 15))
			length := int(sym>>4) + signBits
			for signs := range 1 << signBits {
				e := quadEntry(length<<8 | quadPlace(int(sym&15), signs))
				for range 1 << (quadBits - length) {
					t[n][at] = e
					at++
				}
			}
		}
	}
	return t
}()

// quadPlace is the place of a quadruple: its values v, w, x, y are the digits, 0, 1 or 2 for
// -1, of a number to the base 3. signs holds the signs of those that aren't zero.
func quadPlace(vwxy, signs int) int {
	place, left := 0, bits.OnesCount(uint(vwxy))
	for i := 3; i >= 0; i-- {
		place *= 3
		if vwxy>>i&1 != 0 {
			left--
			place += 1 + signs>>left&1
		}
	}
	return place
}

// quadValues holds the quadruples.
var quadValues = func() (t [81][4]float32) {
	for place := range t {
		for i, rest := 3, place; i >= 0; i, rest = i-1, rest/3 {
			t[place][i] = [3]float32{0, 1, -1}[rest%3]
		}
	}
	return t
}()
