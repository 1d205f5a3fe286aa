package mp3

import "github.com/tphakala/simd/f32"

const (
	history  = 15 // time slots before that the window reaches back to
	rowWidth = subbands
)

// synthesis is the state of one channel's polyphase filterbank (ISO/IEC 11172-3,
// 2.4.3.2.2). The standard's vector V has 64 values for each time slot; low holds rows of
// the first 32, high of the last, without their signs, which the window has instead. The
// oldest row comes first.
type synthesis struct {
	low  [(history + slots) * rowWidth]float32
	high [(history + slots) * rowWidth]float32
}

// window is value i of the window D (ISO/IEC 11172-3, table B.3).
func window(i int) float32 {
	if i <= 256 {
		return float32(synthesisWindow[i]) / 65536
	}
	v := float32(synthesisWindow[512-i]) / 65536
	if i%64 == 0 {
		return v
	}
	return -v
}

// windowTiles holds the window for each age of a row, 32 values with the signs of V, and
// that for every slot of a granule: one elementwise multiplication then does all slots.
var windowTiles = func() (t [16][slots * rowWidth]float32) {
	for age := range t {
		for i := range t[age] {
			j := i % rowWidth
			t[age][i] = window(rowWidth*age + j)
			if age%2 == 1 || j > 16 {
				t[age][i] = -t[age][i]
			}
		}
	}
	return t
}()

// run turns a granule's subband samples, a row of 18 for each subband, into 576 samples.
func (s *synthesis) run(samples, out *[linesPerGr]float32) {
	copy(s.low[:history*rowWidth], s.low[slots*rowWidth:])
	copy(s.high[:history*rowWidth], s.high[slots*rowWidth:])
	for slot := range slots {
		at := (history + slot) * rowWidth
		in := (*[linesPerGr - slots + 1]float32)(samples[slot:])
		dct32(in, (*[rowWidth]float32)(s.low[at:]), (*[rowWidth]float32)(s.high[at:]))
	}
	f32.Mul(out[:], s.low[history*rowWidth:], windowTiles[0][:])
	for age := 1; age < len(windowTiles); age++ {
		rows := s.low[:]
		if age%2 == 1 {
			rows = s.high[:]
		}
		f32.FMA(out[:], rows[(history-age)*rowWidth:], windowTiles[age][:], out[:])
	}
}
