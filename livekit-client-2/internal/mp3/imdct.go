package mp3

import "math"

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
