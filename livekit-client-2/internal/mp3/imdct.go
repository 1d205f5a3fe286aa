package mp3

import (
	"math"

	"github.com/tphakala/simd/f32"
)

const (
	subbands      = 32
	linesPerBand  = linesPerGr / subbands // 18
	slots         = linesPerBand          // time slots of a granule: 32 samples each
	longSubbands  = 2                     // of a mixed block
	antialiasTaps = 8
)

// antialiasCS and antialiasCA are the coefficients of alias reduction (ISO/IEC 11172-3,
// table B.9).
var antialiasCS, antialiasCA = func() (cs, ca [antialiasTaps]float32) {
	for i, c := range [antialiasTaps]float64{-0.6, -0.535, -0.33, -0.185, -0.095, -0.041, -0.0142, -0.0037} {
		cs[i] = float32(1 / math.Sqrt(1+c*c))
		ca[i] = float32(c / math.Sqrt(1+c*c))
	}
	return cs, ca
}()

// antialias does the butterflies across the lower edges of subbands 1 to edges (ISO/IEC
// 11172-3, 2.4.3.4.10.1). Of xr, n lines are not zero; the same is returned for the result.
func antialias(xr *[linesPerGr]float32, n, edges int) int {
	edges = min(edges, (n+linesPerBand-1)/linesPerBand)
	for sb := 1; sb <= edges; sb++ {
		x := (*[2 * antialiasTaps]float32)(xr[sb*linesPerBand-antialiasTaps:])
		for i := range antialiasTaps {
			down, up := x[antialiasTaps-1-i], x[antialiasTaps+i]
			x[antialiasTaps-1-i] = down*antialiasCS[i] - up*antialiasCA[i]
			x[antialiasTaps+i] = up*antialiasCS[i] + down*antialiasCA[i]
		}
	}
	if edges == 0 {
		return n
	}
	return max(n, edges*linesPerBand+antialiasTaps)
}

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

// The transforms follow from X_k cos(pi/(2n) (2i+1+n/2)(2k+1)), summed over k < n/2, being
// a DCT-IV Y of n/2 points, shifted and mirrored: x = Y[n/4:], -Y reversed, -Y[:n/4].
// Because 2 cos(a) cos((2k+1)a) = cos(2ka) + cos((2k+2)a), a DCT-IV is a DCT-III of the sums
// of neighbours, divided by 2 cos((2i+1)pi/(2n)); the odd half of a DCT-III is again a
// DCT-IV, of half the size.

// dct4Factor is that division for output i of a DCT-IV of n points.
func dct4Factor(i, n int) float64 {
	return 1 / (2 * math.Cos(float64(2*i+1)*math.Pi/float64(4*n)))
}

// imdctFactor is the factor and sign that turn the DCT-III of n/2 points into sample i of
// an inverse transform with n outputs.
func imdctFactor(i, n int) float64 {
	switch {
	case i < n/4:
		return dct4Factor(n/4+i, n/2)
	case i < 3*n/4:
		return -dct4Factor(3*n/4-1-i, n/2)
	default:
		return -dct4Factor(i-3*n/4, n/2)
	}
}

// half9 and half3 are the factors of the inner DCT-IVs.
var (
	half9 = func() (t [9]float32) {
		for i := range t {
			t[i] = float32(dct4Factor(i, 9))
		}
		return t
	}()
	half3 = func() (t [3]float32) {
		for i := range t {
			t[i] = float32(dct4Factor(i, 3))
		}
		return t
	}()
)

// cosN is cos(N degrees).
const (
	cos10 = 0.98480775301220805937
	cos20 = 0.93969262078590838405
	cos30 = 0.86602540378443864676
	cos40 = 0.76604444311897803520
	cos50 = 0.64278760968653932632
	cos70 = 0.34202014332566873304
	cos80 = 0.17364817766693034885
)

// dct3of9 is a DCT-III of 9 points: the sum of x[m] cos(m(2n+1)pi/18).
func dct3of9(x0, x1, x2, x3, x4, x5, x6, x7, x8 float32, y *[9]float32) {
	// Even inputs; outputs mirror: e(n) = e(8-n).
	p, q, r := (x2+x4)*cos20, (x4-x8)*cos80, (x2+x8)*cos40
	t, u, v := x0+0.5*x6, x0-x6, x2-x4-x8
	e0, e1, e2, e3 := t+p-q, u+0.5*v, t+r-p, t+q-r
	y[4] = u - v
	// Odd inputs; outputs mirror with the sign turned.
	c := x3 * cos30
	p, q, r = (x1+x5)*cos50, (x1+x7)*cos70, (x7-x5)*cos10
	o0, o1, o2, o3 := c+p+q, (x1-x5-x7)*cos30, p+r-c, q-r-c
	y[0], y[8] = e0+o0, e0-o0
	y[1], y[7] = e1+o1, e1-o1
	y[2], y[6] = e2+o2, e2-o2
	y[3], y[5] = e3+o3, e3-o3
}

// imdct36 transforms the 18 lines of a long block to samples of this granule, now, and of
// the next, later, still to be windowed. Both are symmetric but for the signs.
func imdct36(in, now, later *[linesPerBand]float32) {
	var even, odd [9]float32
	dct3of9(in[0], in[1]+in[2], in[3]+in[4], in[5]+in[6], in[7]+in[8],
		in[9]+in[10], in[11]+in[12], in[13]+in[14], in[15]+in[16], &even)
	z1, z3, z5, z7, z9 := in[0]+in[1], in[2]+in[3], in[4]+in[5], in[6]+in[7], in[8]+in[9]
	z11, z13, z15, z17 := in[10]+in[11], in[12]+in[13], in[14]+in[15], in[16]+in[17]
	dct3of9(z1, z1+z3, z3+z5, z5+z7, z7+z9, z9+z11, z11+z13, z13+z15, z15+z17, &odd)
	for n := range 9 {
		p, q := even[n], odd[n]*half9[n]
		now[8-n], now[9+n] = p-q, p-q
		later[8-n], later[9+n] = p+q, p+q
	}
}

// window12 is the window of short transforms with the last factor and sign folded in.
var window12 = func() (t [12]float32) {
	for i := range t {
		t[i] = float32(math.Sin(math.Pi/12*(float64(i)+0.5)) * imdctFactor(i, 12))
	}
	return t
}()

// imdct12 transforms the lines of one window, every third of in, and adds the windowed
// samples to out.
func imdct12(in []float32, out *[12]float32) {
	in = in[:16]
	z1, z3, z5 := in[0]+in[3], in[6]+in[9], in[12]+in[15]
	e0, e1, e2 := dct3of3(in[0], in[3]+in[6], in[9]+in[12])
	o0, o1, o2 := dct3of3(z1, z1+z3, z3+z5)
	for n, p := range [3]float32{e0, e1, e2} {
		q := [3]float32{o0, o1, o2}[n] * half3[n]
		first, second := p-q, p+q
		out[2-n] += first * window12[2-n]
		out[3+n] += first * window12[3+n]
		out[8-n] += second * window12[8-n]
		out[9+n] += second * window12[9+n]
	}
}

func dct3of3(a, b, c float32) (float32, float32, float32) {
	t, u := a+0.5*c, b*cos30
	return t + u, a - c, t - u
}

// imdctShort transforms and windows the three windows of a short block; now and later as of
// imdct36.
func imdctShort(in, now, later *[linesPerBand]float32) {
	var x [36]float32
	for w := range 3 {
		imdct12(in[w:], (*[12]float32)(x[6+6*w:]))
	}
	copy(now[:], x[:slots])
	copy(later[:], x[slots:])
}

// hybrid is one channel's inverse hybrid filterbank. Samples are in rows of 18 time slots,
// one for each subband.
type hybrid struct {
	overlap    [linesPerGr]float32 // what the granule before adds to the next
	now, later [linesPerGr]float32 // of the transforms
}

// transform turns a granule's n lines that are not zero into subband samples.
func (h *hybrid) transform(xr *[linesPerGr]float32, n int, g *granule, out *[linesPerGr]float32) {
	used := (n + linesPerBand - 1) / linesPerBand
	head := 0
	if g.mixed {
		head = min(longSubbands, used)
	}
	h.long(xr, 0, head, blockNormal, out)
	if g.short() {
		h.short(xr, head, used, out)
	} else {
		h.long(xr, head, used, g.blockType, out)
	}
	copy(out[used*slots:], h.overlap[used*slots:])
	clear(h.overlap[used*slots:])
}

// long transforms and overlap-adds subbands from to end.
func (h *hybrid) long(xr *[linesPerGr]float32, from, end int, blockType uint8, out *[linesPerGr]float32) {
	for sb := from; sb < end; sb++ {
		imdct36(row(xr, sb), row(&h.now, sb), row(&h.later, sb))
	}
	w := &longWindows[blockType&3]
	from, end = from*slots, end*slots
	f32.FMA(out[from:end], h.now[from:], w.first[from:], h.overlap[from:])
	f32.Mul(h.overlap[from:end], h.later[from:], w.second[from:])
}

// short does so with short blocks.
func (h *hybrid) short(xr *[linesPerGr]float32, from, end int, out *[linesPerGr]float32) {
	for sb := from; sb < end; sb++ {
		now, later := row(&h.now, sb), row(&h.later, sb)
		imdctShort(row(xr, sb), now, later)
		if sb%2 == 1 { // frequency inversion
			for i := 1; i < slots; i += 2 {
				now[i], later[i] = -now[i], -later[i]
			}
		}
	}
	from, end = from*slots, end*slots
	f32.Add(out[from:end], h.now[from:], h.overlap[from:])
	copy(h.overlap[from:end], h.later[from:])
}

// row is the part of x that belongs to a subband.
func row(x *[linesPerGr]float32, sb int) *[linesPerBand]float32 {
	return (*[linesPerBand]float32)(x[sb*linesPerBand:])
}
