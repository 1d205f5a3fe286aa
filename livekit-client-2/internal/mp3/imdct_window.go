package mp3

import "math"

// longWindow holds the two halves of a window for all subbands, so that one elementwise
// multiplication does them all. In odd subbands every other sample is negated, which is the
// frequency inversion of ISO/IEC 11172-3, 2.4.3.4.10.3. The last factor and the sign of the
// transform are folded in too.
type longWindow struct{ first, second [linesPerGr]float32 }

// longWindows is indexed by block type.
var longWindows = func() (t [4]longWindow) {
	for bt := range t {
		for i := range linesPerGr {
			sb, slot := i/slots, i%slots
			sign := inversion(sb, slot)
			t[bt].first[i] = float32(sign * windowShape(bt, slot) * imdctFactor(slot, 36))
			t[bt].second[i] = float32(sign * windowShape(bt, slots+slot) * imdctFactor(slots+slot, 36))
		}
	}
	return t
}()

// inversion is the sign that frequency inversion gives a sample.
func inversion(sb, slot int) float64 {
	if sb%2 == 1 && slot%2 == 1 {
		return -1
	}
	return 1
}

// windowShape is the window of a block type (ISO/IEC 11172-3, 2.4.3.4.10.3).
func windowShape(blockType, i int) float64 {
	x := float64(i) + 0.5
	switch {
	case blockType == blockStart && i >= 30, blockType == blockStop && i < 6:
		return 0
	case blockType == blockStart && i >= 24:
		return math.Sin(math.Pi / 12 * (x - 18))
	case blockType == blockStop && i < 12:
		return math.Sin(math.Pi / 12 * (x - 6))
	case blockType == blockStart && i >= 18, blockType == blockStop && i < 18:
		return 1
	}
	return math.Sin(math.Pi / 36 * x)
}

// window12 is the window of short transforms with the last factor and sign folded in.
var window12 = func() (t [12]float32) {
	for i := range t {
		t[i] = float32(math.Sin(math.Pi/12*(float64(i)+0.5)) * imdctFactor(i, 12))
	}
	return t
}()
