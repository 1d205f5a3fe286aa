package mp3

// Block types (ISO/IEC 11172-3, 2.4.2.7).
const (
	blockNormal = 0
	blockStart  = 1
	blockShort  = 2
	blockStop   = 3
)

// sideInfo is a frame's side information (2.4.1.7 and 2.4.2.7; for LSF 13818-3, 2.4.1.7).
type sideInfo struct {
	mainDataBegin int           // bytes before this frame's main data
	shareBits     [2]uint8      // scfsi, by channel; bit 3 is the lowest group of bands
	gr            [2][2]granule // by granule and channel
}

// granule is the side information of one granule of one channel.
type granule struct {
	part23Length     int // bits of scale factors and Huffman code
	bigValues        int // lines coded in pairs
	globalGain       int
	scaleCompress    int
	blockType        uint8
	mixed            bool // mixed_block_flag: the lowest two subbands have normal windows
	tableSelect      [3]uint8
	regionEnd        [3]int // lines, not above bigValues
	subblockGain     [3]int
	preflag          bool
	coarse           bool // scalefac_scale: steps of 2 rather than sqrt(2)
	count1B          bool // count1table_select
	intensityHalving bool // LSF: intensity_scale, steps of 2^(1/2) rather than 2^(1/4)
}

func (g *granule) short() bool { return g.blockType == blockShort }

// parseSideInfo reads the side info of a frame; false if it breaks the syntax.
func (si *sideInfo) parse(data []byte, h header, bands *bandTable) bool {
	b := bitReader{data: data}
	nch := h.channels()
	if h.lsf() {
		si.mainDataBegin = b.bits(8)
		b.bits(nch) // private_bits
		si.shareBits = [2]uint8{}
	} else {
		si.mainDataBegin = b.bits(9)
		b.bits(7 - 2*nch) // private_bits: 5 or 3
		for ch := range nch {
			si.shareBits[ch] = uint8(b.bits(4))
		}
	}
	ok := true
	for gr := range h.granules() {
		for ch := range nch {
			ok = si.gr[gr][ch].parse(&b, h.lsf(), bands) && ok
		}
	}
	return ok
}

func (g *granule) parse(b *bitReader, lsf bool, bands *bandTable) bool {
	*g = granule{}
	g.part23Length = b.bits(12)
	g.bigValues = 2 * b.bits(9)
	g.globalGain = b.bits(8)
	if lsf {
		g.scaleCompress = b.bits(9)
	} else {
		g.scaleCompress = b.bits(4)
	}
	ok := g.bigValues <= linesPerGr
	if b.flag() {
		ok = g.parseSwitched(b, bands) && ok
	} else {
		g.parseNormal(b, bands)
	}
	if !lsf {
		g.preflag = b.flag()
	}
	g.coarse = b.flag()
	g.count1B = b.flag()
	for i, end := range g.regionEnd {
		g.regionEnd[i] = min(end, g.bigValues, linesPerGr)
	}
	return ok
}

// parseSwitched reads the fields of a granule with window switching; its region edges are
// implicit.
func (g *granule) parseSwitched(b *bitReader, bands *bandTable) bool {
	g.blockType = uint8(b.bits(2))
	g.mixed = b.flag()
	g.tableSelect[0] = uint8(b.bits(5))
	g.tableSelect[1] = uint8(b.bits(5))
	for w := range g.subblockGain {
		g.subblockGain[w] = b.bits(3)
	}
	first := bands.long[8]
	if g.short() {
		first = bands.split
	}
	g.regionEnd = [3]int{first, linesPerGr, linesPerGr}
	return g.blockType != blockNormal
}

func (g *granule) parseNormal(b *bitReader, bands *bandTable) {
	for r := range g.tableSelect {
		g.tableSelect[r] = uint8(b.bits(5))
	}
	first := b.bits(4) + 1
	second := first + b.bits(3) + 1
	g.regionEnd = [3]int{bands.long[first], bands.long[min(second, longBands)], linesPerGr}
}
