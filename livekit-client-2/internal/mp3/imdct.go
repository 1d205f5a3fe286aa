package mp3

import "math"

const (
	subbands      = 32
	linesPerBand  = linesPerGr / subbands // 18, also the time slots of a granule
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

// windows holds the window of each block type for long transforms, by the parity of the
// subband: in odd ones every other sample is negated, which is the frequency inversion of
// ISO/IEC 11172-3, 2.4.3.4.10.3. Folded in are the last factor and the sign of imdctFactor.
var windows = func() (t [2][4][36]float32) {
	for parity := range t {
		for bt := range t[parity] {
			for i := range 36 {
				w := windowShape(bt, i) * imdctFactor(i, 36)
				if parity == 1 && i%2 == 1 {
					w = -w
				}
				t[parity][bt][i] = float32(w)
			}
		}
	}
	return t
}()

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

// dct3of9 is a DCT-III of 9 points in place: a[n] = sum of a[m] cos(m(2n+1)pi/18).
func dct3of9(a *[9]float32) {
	// Even inputs; outputs mirror: e(n) = e(8-n).
	p, q, r := (a[2]+a[4])*cos20, (a[4]-a[8])*cos80, (a[2]+a[8])*cos40
	t := a[0] + 0.5*a[6]
	u := a[2] - a[4] - a[8]
	e0, e2, e3 := t+p-q, t+r-p, t+q-r
	e1 := a[0] - a[6] + 0.5*u
	e4 := a[0] - a[6] - u
	// Odd inputs; outputs mirror with the sign turned.
	c := a[3] * cos30
	p, q, r = (a[1]+a[5])*cos50, (a[1]+a[7])*cos70, (a[7]-a[5])*cos10
	o0, o2, o3 := c+p+q, p+r-c, q-r-c
	o1 := (a[1] - a[5] - a[7]) * cos30

	a[0], a[8] = e0+o0, e0-o0
	a[1], a[7] = e1+o1, e1-o1
	a[2], a[6] = e2+o2, e2-o2
	a[3], a[5] = e3+o3, e3-o3
	a[4] = e4
}

// imdct36 transforms the 18 lines of a long block, windows them and overlap-adds: samples
// go to every 32nd place of out.
func imdct36(in, overlap *[linesPerBand]float32, win *[36]float32, out *[linesPerGr - subbands + 1]float32) {
	var even, odd [9]float32
	even[0] = in[0]
	last := in[0] + in[1]
	odd[0] = last
	for m := 1; m < 9; m++ {
		even[m] = in[2*m-1] + in[2*m]
		z := in[2*m] + in[2*m+1]
		odd[m] = z + last
		last = z
	}
	dct3of9(&even)
	dct3of9(&odd)
	for n := range 9 {
		p, q := even[n], odd[n]*half9[n]
		now, later := p-q, p+q
		out[(8-n)*subbands] = overlap[8-n] + now*win[8-n]
		out[(9+n)*subbands] = overlap[9+n] + now*win[9+n]
		overlap[8-n] = later * win[26-n]
		overlap[9+n] = later * win[27+n]
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

// imdctShort transforms the three windows of a short block as imdct36 does a long one.
func imdctShort(in, overlap *[linesPerBand]float32, odd bool, out *[linesPerGr - subbands + 1]float32) {
	var x [36]float32
	for w := range 3 {
		imdct12(in[w:], (*[12]float32)(x[6+6*w:]))
	}
	if odd { // frequency inversion
		for i := 1; i < len(x); i += 2 {
			x[i] = -x[i]
		}
	}
	for i := range overlap {
		out[i*subbands] = overlap[i] + x[i]
		overlap[i] = x[linesPerBand+i]
	}
}

// hybrid is the state of one channel's inverse hybrid filterbank.
type hybrid struct {
	overlap [subbands][linesPerBand]float32
	active  int // subbands from here on have no overlap
}

// transform turns a granule's n lines that are not zero into subband samples: out holds
// one row of 32 subbands for each of 18 time slots.
func (h *hybrid) transform(xr *[linesPerGr]float32, n int, g *granule, out *[linesPerGr]float32) {
	used := (n + linesPerBand - 1) / linesPerBand
	for sb := range used {
		in := (*[linesPerBand]float32)(xr[sb*linesPerBand:])
		to := (*[linesPerGr - subbands + 1]float32)(out[sb:])
		shape := g.blockType
		if g.mixed && sb < longSubbands {
			shape = blockNormal
		}
		if shape == blockShort {
			imdctShort(in, &h.overlap[sb], sb%2 == 1, to)
		} else {
			imdct36(in, &h.overlap[sb], &windows[sb%2][shape], to)
		}
	}
	for sb := used; sb < subbands; sb++ {
		for i := range linesPerBand {
			out[i*subbands+sb] = h.overlap[sb][i]
		}
		if sb < h.active {
			h.overlap[sb] = [linesPerBand]float32{}
		}
	}
	h.active = used
}
