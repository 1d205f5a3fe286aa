package mp3

// scaleFactors holds the scale factors of one granule of one channel. The entries of the
// top band, which has none, stay zero.
type scaleFactors struct {
	long  [longBands]uint8
	short [shortBands][3]uint8
	// longLimit and shortLimit hold the value that, as an intensity position, means "not
	// intensity coded". Only meaningful for the right channel under intensity stereo.
	longLimit  [longBands]uint8
	shortLimit [shortBands]uint8
}

// illegalPosition is that value in MPEG-1 (ISO/IEC 11172-3, 2.4.3.4.9.3).
const illegalPosition = 7

// noLimit stands for none: without bits for it, a position is 0, and that is one.
const noLimit = 0xff

// slenV1 holds the widths in bits of the lower and the upper scale factors by
// scalefac_compress (ISO/IEC 11172-3, 2.4.2.7).
var slenV1 = [16][2]int{
	{0, 0}, {0, 1}, {0, 2}, {0, 3}, {3, 0}, {1, 1}, {1, 2}, {1, 3},
	{2, 1}, {2, 2}, {2, 3}, {3, 1}, {3, 2}, {3, 3}, {4, 2}, {4, 3},
}

// shareGroups are the long bands that one scfsi bit covers, as edges.
var shareGroups = [5]int{0, 6, 11, 16, 21}

// readV1 reads MPEG-1 scale factors. sf still holds those of the channel's previous
// granule: bands that share says are common to both are left alone.
func (sf *scaleFactors) readV1(b *bitReader, g *granule, share uint8) {
	slen := slenV1[g.scaleCompress]
	if !g.short() {
		for group := range 4 {
			if share&(8>>group) != 0 {
				continue
			}
			for band := shareGroups[group]; band < shareGroups[group+1]; band++ {
				sf.long[band] = uint8(b.bits(slen[group/2]))
			}
		}
		return
	}
	first := 0
	if g.mixed {
		for band := range 8 {
			sf.long[band] = uint8(b.bits(slen[0]))
		}
		first = mixedShort
	}
	for band := first; band < shortBands-1; band++ {
		for w := range 3 {
			sf.short[band][w] = uint8(b.bits(slen[band/6]))
		}
	}
}

// partition tells how many scale factors of which width come in a row. LSF scale factors
// come in four of them (ISO/IEC 13818-3, 2.4.3.2).
type partition struct{ count, width int }

// partCounts holds the lengths of the partitions, by kind of scalefac_compress range
// (0-2, for intensity 3-5) and block: long, short, mixed.
var partCounts = [6][3][4]int{
	{{6, 5, 5, 5}, {9, 9, 9, 9}, {6, 9, 9, 9}},
	{{6, 5, 7, 3}, {9, 9, 12, 6}, {6, 9, 12, 6}},
	{{11, 10, 0, 0}, {18, 18, 0, 0}, {15, 18, 0, 0}},
	{{7, 7, 7, 0}, {12, 12, 12, 0}, {6, 15, 12, 0}},
	{{6, 6, 6, 3}, {12, 9, 9, 6}, {6, 12, 9, 6}},
	{{8, 8, 5, 0}, {15, 12, 9, 0}, {6, 18, 9, 0}},
}

// partitionsLSF splits up scalefac_compress. intensity: this is the right channel of an
// intensity coded frame.
func partitionsLSF(g *granule, intensity bool) [4]partition {
	var kind int
	var width [4]int
	sfc := g.scaleCompress
	switch {
	case intensity:
		kind, width = widthsIntensity(sfc >> 1)
	case sfc < 400:
		width = [4]int{(sfc >> 4) / 5, (sfc >> 4) % 5, (sfc & 15) >> 2, sfc & 3}
	case sfc < 500:
		kind, sfc = 1, sfc-400
		width = [4]int{(sfc >> 2) / 5, (sfc >> 2) % 5, sfc & 3}
	default:
		kind, sfc = 2, sfc-500
		width = [4]int{sfc / 3, sfc % 3}
	}
	block := 0
	if g.short() {
		block = 1
		if g.mixed {
			block = 2
		}
	}
	var parts [4]partition
	for i := range parts {
		parts[i] = partition{partCounts[kind][block][i], width[i]}
	}
	return parts
}

func widthsIntensity(sfc int) (kind int, width [4]int) {
	switch {
	case sfc < 180:
		return 3, [4]int{sfc / 36, (sfc % 36) / 6, sfc % 6}
	case sfc < 244:
		sfc -= 180
		return 4, [4]int{sfc >> 4, (sfc >> 2) & 3, sfc & 3}
	default:
		sfc -= 244
		return 5, [4]int{sfc / 3, sfc % 3}
	}
}

// readLSF reads LSF scale factors and sets the side info fields that scalefac_compress
// implies.
func (sf *scaleFactors) readLSF(b *bitReader, g *granule, bands *bandTable, intensity bool) {
	if intensity {
		g.intensityHalving = g.scaleCompress&1 != 0
	} else {
		g.preflag = g.scaleCompress >= 500
	}
	long, short, window := 0, 0, 0
	longEnd := longBands - 1
	if g.short() {
		longEnd = 0
		if g.mixed {
			longEnd, short = bands.mixedLong, mixedShort
		}
	}
	for _, p := range partitionsLSF(g, intensity) {
		limit := uint8(1<<p.width - 1)
		if p.width == 0 {
			limit = noLimit
		}
		for range p.count {
			v := uint8(b.bits(p.width))
			if long < longEnd {
				sf.long[long], sf.longLimit[long] = v, limit
				long++
				continue
			}
			if short >= shortBands-1 {
				return
			}
			sf.short[short][window], sf.shortLimit[short] = v, limit
			if window++; window == 3 {
				short, window = short+1, 0
			}
		}
	}
}
