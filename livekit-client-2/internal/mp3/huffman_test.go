package mp3

import "testing"

// TestCodesAreComplete: the code words use up the code space exactly, so none is missing or
// has a wrong length.
func TestCodesAreComplete(t *testing.T) {
	for n, code := range pairCodes {
		var sum uint64
		seen := map[uint16]bool{}
		for _, sym := range code {
			sum += 1 << (32 - sym>>8)
			seen[sym&0xff] = true
		}
		if sum != 1<<32 || len(seen) != len(code) {
			t.Errorf("table %d: code space %x, %d of %d symbols distinct", n, sum, len(seen), len(code))
		}
	}
	for n, code := range quadCodes {
		sum := 0
		for _, sym := range code {
			sum += 64 >> (sym >> 4)
		}
		if sum != 64 || len(code) != 16 {
			t.Errorf("count1 table %d: code space %d of 64, %d symbols", n, sum, len(code))
		}
	}
}

// TestPairTablesDecodeEachCodeWord reads every code word of every table back, with sign bits
// and linbits.
func TestPairTablesDecodeEachCodeWord(t *testing.T) {
	for n, table := range pairTables {
		if table == nil {
			continue
		}
		for x := -16; x <= 16; x++ {
			for y := -16; y <= 16; y++ {
				var w bitWriter
				if !w.pair(n, x, y) {
					continue
				}
				var r reservoir
				copy(r.buf[:], w.bytes())
				h := newHuffman(&r, 0)
				var out [2]float32
				h.pairs(table, out[:])
				if out[0] != pow43Of(x) || out[1] != pow43Of(y) || h.pos() != w.n {
					t.Fatalf("table %d, %d %d: got %v after %d of %d bits", n, x, y, out, h.pos(), w.n)
				}
			}
		}
	}
}
