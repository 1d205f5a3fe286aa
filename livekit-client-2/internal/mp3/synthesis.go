package mp3

const (
	slots    = linesPerBand // time slots of a granule: 32 samples each
	history  = 15           // time slots before that the window reaches back to
	rowWidth = subbands
)

// synthesis is the state of one channel's polyphase filterbank (ISO/IEC 11172-3,
// 2.4.3.2.2). The standard's vector V has 64 values for each time slot, which are those of
// a 32 point DCT-II, B, mirrored: V[i] is B[16+i] up to 15, 0 at 16, -B[48-i] up to 48 and
// -B[i-48] from there. So rows keeps B.
type synthesis struct {
	rows [(history + slots) * rowWidth]float32
}

// window value i (ISO/IEC 11172-3, table B.3).
func window(i int) float32 {
	if i <= 256 {
		return float32(synthesisWindow[i]) / 65536
	}
	if v := float32(synthesisWindow[512-i]) / 65536; i%64 == 0 {
		return v
	} else {
		return -v
	}
}

// taps holds, for outputs j and 32-j, the window values that B of an even age and of the
// odd age after it are multiplied with.
type taps [8]struct{ evenLow, oddLow, evenHigh, oddHigh float32 }

var windowTaps = func() (t [16]taps) {
	for j := range t {
		for i := range t[j] {
			t[j][i].evenLow = window(64*i + j)
			t[j][i].oddLow = -window(64*i + 32 + j)
			t[j][i].evenHigh = -window(64*i + 32 - j)
			if j > 0 {
				t[j][i].oddHigh = -window(64*i + 64 - j)
			}
		}
	}
	return t
}()

// middleTaps are the window values of output 16, to which only odd ages contribute.
var middleTaps = func() (t [8]float32) {
	for i := range t {
		t[i] = -window(64*i + 48)
	}
	return t
}()

// run turns a granule's subband samples, 18 rows of 32, into 576 samples, written to every
// stride-th place of out.
func (s *synthesis) run(samples *[linesPerGr]float32, out []float32, stride int) {
	copy(s.rows[:history*rowWidth], s.rows[slots*rowWidth:])
	for slot := range slots {
		row := (*[rowWidth]float32)(s.rows[(history+slot)*rowWidth:])
		dct32((*[subbands]float32)(samples[slot*subbands:]), row)
		v := (*[16 * rowWidth]float32)(s.rows[slot*rowWidth:])
		windowed(v, out[slot*subbands*stride:], stride)
	}
}

// windowed computes the 32 samples of a time slot from B of the last 16, oldest first.
func windowed(v *[16 * rowWidth]float32, out []float32, stride int) {
	var zero, middle float32
	for i := range 8 {
		even, odd := v[(15-2*i)*rowWidth:], v[(14-2*i)*rowWidth:]
		zero += even[16]*windowTaps[0][i].evenLow + odd[16]*windowTaps[0][i].oddLow
		middle += odd[0] * middleTaps[i]
	}
	out = out[:31*stride+1]
	out[0] = zero
	out[16*stride] = middle
	for j := 1; j < 16; j++ {
		t := &windowTaps[j]
		var low, high float32
		for i := range 8 {
			even, odd := v[(15-2*i)*rowWidth+16+j], v[(14-2*i)*rowWidth+16-j]
			low += even*t[i].evenLow + odd*t[i].oddLow
			high += even*t[i].evenHigh + odd*t[i].oddHigh
		}
		out[j*stride], out[(32-j)*stride] = low, high
	}
}
