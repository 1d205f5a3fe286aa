package mp3

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
)

// bitWriter writes big-endian bit fields.
type bitWriter struct {
	buf []byte
	n   int // bits
}

func (w *bitWriter) bits(v, n int) {
	for i := n - 1; i >= 0; i-- {
		if w.n%8 == 0 {
			w.buf = append(w.buf, 0)
		}
		w.buf[w.n/8] |= byte(v>>i&1) << (7 - w.n%8)
		w.n++
	}
}

func (w *bitWriter) flag(v bool) {
	if v {
		w.bits(1, 1)
	} else {
		w.bits(0, 1)
	}
}

func (w *bitWriter) bytes() []byte { return w.buf }

// codeWord finds a symbol in a code of sorted code words; the low symbolBits of an entry are
// the symbol, the others the length.
func codeWord(code []uint16, symbolBits, symbol int) (word, length int, ok bool) {
	next := uint32(0)
	for _, sym := range code {
		length := int(sym >> symbolBits)
		if int(sym)&(1<<symbolBits-1) == symbol {
			return int(next >> (32 - length)), length, true
		}
		next += 1 << (32 - length)
	}
	return 0, 0, false
}

// pair writes two values with table n; false if the table can't.
func (w *bitWriter) pair(n, x, y int) bool {
	ax, ay := abs(x), abs(y)
	linbits := pairTables[n].linbits
	most := 15 + 1<<linbits - 1
	if linbits == 0 {
		most = 15
	}
	if ax > most || ay > most {
		return false
	}
	code := n
	for pairCodes[code] == nil {
		code-- // 17-23 and 25-31 share the codes of 16 and 24
	}
	word, length, ok := codeWord(pairCodes[code], 8, min(ax, 15)<<4|min(ay, 15))
	if !ok {
		return false
	}
	w.bits(word, length)
	for _, v := range [2]int{x, y} {
		if abs(v) >= 15 && linbits > 0 {
			w.bits(abs(v)-15, linbits)
		}
		if v != 0 {
			w.flag(v < 0)
		}
	}
	return true
}

// quad writes four values of -1 to 1.
func (w *bitWriter) quad(table int, v [4]int) {
	symbol := 0
	for _, x := range v {
		symbol = symbol<<1 | abs(x)
	}
	word, length, _ := codeWord(quadCodes[table], 4, symbol)
	w.bits(word, length)
	for _, x := range v {
		if x != 0 {
			w.flag(x < 0)
		}
	}
}

func abs(v int) int { return max(v, -v) }

func pow43Of(v int) float32 {
	p := float32(math.Pow(math.Abs(float64(v)), 4.0/3))
	if v < 0 {
		return -p
	}
	return p
}

// randomStream writes frames that use the whole syntax at random: what no encoder at hand
// does. Frames have a constant bit rate and no reservoir.
type randomStream struct {
	version   uint8
	rateIndex int // of sampleRates
	mode      uint8
	modeExt   uint8 // for joint stereo
	protected bool
	mixed     bool // some short blocks are mixed
	bitrate   int  // index of the bit rate table
	rand      *rand.Rand
	last      int // block type
}

func (s *randomStream) header() header {
	b := s.headerBytes()
	h, _ := parseHeader(b[:])
	return h
}

func (s *randomStream) headerBytes() [4]byte {
	crc := byte(1)
	if s.protected {
		crc = 0
	}
	return [4]byte{
		0xff, 0xe0 | s.version<<3 | layerIII<<1 | crc,
		byte(s.bitrate<<4 | s.rateIndex<<2), s.mode<<6 | s.modeExt<<4,
	}
}

// frames writes n frames.
func (s *randomStream) frames(n int) []byte {
	var out []byte
	for range n {
		out = append(out, s.frame()...)
	}
	return out
}

func (s *randomStream) frame() []byte {
	h := s.header()
	hb := s.headerBytes()
	frame := make([]byte, h.frameSize())
	copy(frame, hb[:])
	at := h.sideInfoOffset()
	budget := (len(frame)-at-h.sideInfoSize())*8/(h.granules()*h.channels()) - 8

	var side, main bitWriter
	if h.lsf() {
		side.bits(0, 8+h.channels())
	} else {
		side.bits(0, 9+7-2*h.channels())
		side.bits(0, 4*h.channels()) // scfsi
	}
	for range h.granules() {
		blockType, mixed := s.block()
		for ch := range h.channels() {
			s.granule(&side, &main, h, ch, blockType, mixed, min(budget, 4000))
		}
	}
	copy(frame[at:], side.bytes())
	copy(frame[at+h.sideInfoSize():], main.bytes())
	if s.protected {
		binary.BigEndian.PutUint16(frame[headerSize:], crcByBits(frame, h))
	}
	return frame
}

// block picks the next block type, as the standard lets them follow each other.
func (s *randomStream) block() (blockType int, mixed bool) {
	s.last = [4][2]int{
		blockNormal: {blockNormal, blockStart},
		blockStart:  {blockShort, blockShort},
		blockShort:  {blockShort, blockStop},
		blockStop:   {blockNormal, blockStart},
	}[s.last][s.rand.IntN(2)]
	return s.last, s.last != blockNormal && s.mixed && s.rand.IntN(2) == 0
}

// granule writes one granule of one channel with up to budget bits.
func (s *randomStream) granule(side, main *bitWriter, h header, ch, blockType int, mixed bool, budget int) {
	var g granule
	g.blockType, g.mixed = uint8(blockType), mixed
	bands := bandsOf(h.sampleRate)
	onlyPositions := ch == 1 && h.intensity()
	start := main.n
	g.scaleCompress = s.scaleCompress(h, onlyPositions)
	s.scaleFactors(main, &g, h, onlyPositions)

	first, second := 1+s.rand.IntN(16), 1+s.rand.IntN(8)
	edges := [2]int{bands.long[first], bands.long[min(first+second, longBands)]}
	if blockType != blockNormal {
		edges = [2]int{bands.long[8], linesPerGr}
		if g.short() {
			edges[0] = bands.split
		}
	}
	lines := linesPerGr
	if onlyPositions {
		lines = []int{0, 20, 60, 200}[s.rand.IntN(4)]
	}
	big, tables, largest := s.bigValues(main, edges, lines, start+budget)
	table := s.rand.IntN(2)
	s.count1(main, table, big, lines, start+budget)

	gain := 210 - int(4*4.0/3*math.Log2(float64(largest)+1)) - 12 - s.rand.IntN(12)
	side.bits(main.n-start, 12)
	side.bits(big/2, 9)
	side.bits(gain, 8)
	if h.lsf() {
		side.bits(g.scaleCompress, 9)
	} else {
		side.bits(g.scaleCompress, 4)
	}
	side.flag(blockType != blockNormal)
	if blockType != blockNormal {
		side.bits(blockType, 2)
		side.flag(mixed)
		side.bits(tables[0], 5)
		side.bits(tables[1], 5)
		for range 3 {
			side.bits(s.rand.IntN(4), 3)
		}
	} else {
		for _, t := range tables {
			side.bits(t, 5)
		}
		side.bits(first-1, 4)
		side.bits(second-1, 3)
	}
	if !h.lsf() {
		side.flag(s.rand.IntN(2) == 0)
	}
	side.flag(s.rand.IntN(2) == 0)
	side.bits(table, 1)
}

func (s *randomStream) scaleCompress(h header, onlyPositions bool) int {
	switch {
	case onlyPositions && !h.lsf():
		return 5 + s.rand.IntN(11) // no empty positions, which mpg123 doesn't take as zero
	case !h.lsf():
		return s.rand.IntN(16)
	case onlyPositions:
		for {
			sfc := s.rand.IntN(512)
			if _, width := widthsIntensity(sfc >> 1); width[0] > 0 {
				return sfc
			}
		}
	}
	return s.rand.IntN(512)
}

func (s *randomStream) scaleFactors(w *bitWriter, g *granule, h header, onlyPositions bool) {
	if h.lsf() {
		for _, p := range partitionsLSF(g, onlyPositions) {
			most := 1 << p.width
			if onlyPositions && p.width > 0 {
				most = min(most-1, illegalPosition) // mpg123 knows no other limit
			}
			for range p.count {
				w.bits(s.rand.IntN(most), p.width)
			}
		}
		return
	}
	slen := slenV1[g.scaleCompress]
	counts := [2]int{11, 10}
	if g.short() {
		counts = [2]int{18, 18}
		if g.mixed {
			counts[0] = 17
		}
	}
	for i, n := range counts {
		for range n {
			w.bits(s.rand.IntN(min(1<<slen[i], illegalPosition)), slen[i])
		}
	}
}

// bigValues writes pairs up to line lines or bit end and returns how many lines they cover,
// the tables, and the largest value.
func (s *randomStream) bigValues(w *bitWriter, edges [2]int, lines, end int) (n int, tables [3]int, largest int) {
	for r := range tables {
		for {
			tables[r] = s.rand.IntN(32)
			if tables[r] != 4 && tables[r] != 14 {
				break
			}
		}
	}
	lines = min(lines, 2*s.rand.IntN(linesPerGr/2+1))
	for n < lines {
		r := 0
		for r < 2 && n >= edges[r] {
			r++
		}
		if tables[r] == 0 {
			n += 2
			continue
		}
		x, y := s.value(tables[r]), s.value(tables[r])
		var trial bitWriter
		if !trial.pair(tables[r], x, y) {
			continue
		}
		if w.n+trial.n > end {
			break
		}
		w.pair(tables[r], x, y)
		largest = max(largest, abs(x), abs(y))
		n += 2
	}
	return n, tables, largest
}

// value picks one for a table: mostly small.
func (s *randomStream) value(table int) int {
	v := int(s.rand.ExpFloat64() * 3)
	if pairTables[table].linbits > 0 && s.rand.IntN(20) == 0 {
		v = s.rand.IntN(15 + 1<<pairTables[table].linbits)
	}
	if s.rand.IntN(2) == 0 {
		return -v
	}
	return v
}

func (s *randomStream) count1(w *bitWriter, table, from, lines, end int) {
	for n := from; n+4 <= lines && w.n+10 <= end && s.rand.IntN(60) != 0; n += 4 {
		var v [4]int
		for i := range v {
			v[i] = s.rand.IntN(3) - 1
		}
		w.quad(table, v)
	}
}

// crcByBits is the CRC of ISO/IEC 11172-3, 2.4.3.1, by its shift register.
func crcByBits(frame []byte, h header) uint16 {
	at := h.sideInfoOffset()
	data := append(append([]byte{}, frame[2:4]...), frame[at:at+h.sideInfoSize()]...)
	c := uint16(0xffff)
	for _, b := range data {
		for i := 7; i >= 0; i-- {
			top := c>>15 ^ uint16(b>>i&1)
			c <<= 1
			if top != 0 {
				c ^= 0x8005
			}
		}
	}
	return c
}
