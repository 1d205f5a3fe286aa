package mp3

const (
	longBands  = 22
	shortBands = 13
)

// bandTable holds the scale factor band edges of a sampling frequency in lines; those of
// short blocks are per window.
type bandTable struct {
	long  [longBands + 1]int
	short [shortBands + 1]int
	// split is the edge, in lines, between the long and the short part of a mixed block,
	// and of the first two Huffman regions of a short block.
	split int
	// mixedLong is the number of long bands below split.
	mixedLong int
}

// mixedShort is the first short band of a mixed block.
const mixedShort = 3

var (
	longLSF = [longBands + 1]int{0, 6, 12, 18, 24, 30, 36, 44, 54, 66, 80, 96, 116, 140, 168, 200, 238, 284, 336, 396, 464, 522, 576}
	short16 = [shortBands + 1]int{0, 4, 8, 12, 18, 26, 36, 48, 62, 80, 104, 134, 174, 192}

	bands44100 = bandTable{
		long:  [longBands + 1]int{0, 4, 8, 12, 16, 20, 24, 30, 36, 44, 52, 62, 74, 90, 110, 134, 162, 196, 238, 288, 342, 418, 576},
		short: [shortBands + 1]int{0, 4, 8, 12, 16, 22, 30, 40, 52, 66, 84, 106, 136, 192},
		split: 36, mixedLong: 8,
	}
	bands48000 = bandTable{
		long:  [longBands + 1]int{0, 4, 8, 12, 16, 20, 24, 30, 36, 42, 50, 60, 72, 88, 106, 128, 156, 190, 230, 276, 330, 384, 576},
		short: [shortBands + 1]int{0, 4, 8, 12, 16, 22, 28, 38, 50, 64, 80, 100, 126, 192},
		split: 36, mixedLong: 8,
	}
	bands32000 = bandTable{
		long:  [longBands + 1]int{0, 4, 8, 12, 16, 20, 24, 30, 36, 44, 54, 66, 82, 102, 126, 156, 194, 240, 296, 364, 448, 550, 576},
		short: [shortBands + 1]int{0, 4, 8, 12, 16, 22, 30, 42, 58, 78, 104, 138, 180, 192},
		split: 36, mixedLong: 8,
	}
	bands22050 = bandTable{
		long:  longLSF,
		short: [shortBands + 1]int{0, 4, 8, 12, 18, 24, 32, 42, 56, 74, 100, 132, 174, 192},
		split: 36, mixedLong: 6,
	}
	bands24000 = bandTable{
		long:  [longBands + 1]int{0, 6, 12, 18, 24, 30, 36, 44, 54, 66, 80, 96, 114, 136, 162, 194, 232, 278, 332, 394, 464, 540, 576},
		short: [shortBands + 1]int{0, 4, 8, 12, 18, 26, 36, 48, 62, 80, 104, 136, 180, 192},
		split: 36, mixedLong: 6,
	}
	bands16000 = bandTable{long: longLSF, short: short16, split: 36, mixedLong: 6}
	bands8000  = bandTable{
		long:  [longBands + 1]int{0, 12, 24, 36, 48, 60, 72, 88, 108, 132, 160, 192, 232, 280, 336, 400, 476, 566, 568, 570, 572, 574, 576},
		short: [shortBands + 1]int{0, 8, 16, 24, 36, 52, 72, 96, 124, 160, 162, 164, 166, 192},
		split: 72, mixedLong: 6,
	}
)

// bandsOf returns the band edges for a sampling frequency in Hz: ISO/IEC 11172-3,
// table B.8; 13818-3, table B.2; MPEG-2.5 as its encoders write it.
func bandsOf(sampleRate int) *bandTable {
	switch sampleRate {
	case 44100:
		return &bands44100
	case 48000:
		return &bands48000
	case 32000:
		return &bands32000
	case 22050:
		return &bands22050
	case 24000:
		return &bands24000
	case 8000:
		return &bands8000
	default: // 16, 12 and 11.025 kHz share one table
		return &bands16000
	}
}
