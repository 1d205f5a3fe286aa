package mp3

// lee16 and lee8 hold 1/(2 cos((2k+1)pi/(4n))) for the n butterflies that split a DCT-II of
// 2n points; the constants below the same for smaller n.
var (
	lee16 = func() (t [16]float32) {
		for k := range t {
			t[k] = float32(dct4Factor(k, 16))
		}
		return t
	}()
	lee8 = func() (t [8]float32) {
		for k := range t {
			t[k] = float32(dct4Factor(k, 8))
		}
		return t
	}()
)

const (
	lee4a = 0.50979557910415916894 // 1/(2 cos(pi/16))
	lee4b = 0.60134488693504528054
	lee4c = 0.89997622313641570464
	lee4d = 2.56291544774150617879
	lee2a = 0.54119610014619698440 // 1/(2 cos(pi/8))
	lee2b = 1.30656296487637652786
	lee1  = 0.70710678118654752440 // 1/(2 cos(pi/4))
)

// dct32 computes the vector V of a time slot (ISO/IEC 11172-3, 2.4.3.2.2) from its subband
// samples: low and high are its halves. V mirrors a DCT-II of 32 points, B[j] = sum of
// in[k] cos(j(2k+1)pi/64): up to 15 it's B[16+i], 0 at 16, -B[48-i] up to 48 and -B[i-48]
// from there; the signs are left out.
//
// Following Lee, the sums of mirrored inputs have the even outputs as their DCT-II; the
// differences over 2 cos((2k+1)pi/64) have one of which neighbours add up to the odd ones.
func dct32(in, low, high *[32]float32) {
	var a [4][8]float32
	for k := range 8 {
		x0, x1, x2, x3 := in[k], in[15-k], in[16+k], in[31-k]
		s0, s1 := x0+x3, x1+x2
		d0, d1 := (x0-x3)*lee16[k], (x1-x2)*lee16[15-k]
		a[0][k], a[1][k] = s0+s1, (s0-s1)*lee8[k]
		a[2][k], a[3][k] = d0+d1, (d0-d1)*lee8[k]
	}
	for i := range a {
		dct8(&a[i])
	}
	// a[0], a[1]: even and odd outputs of the sums' DCT of 16 points, the odd ones still
	// to be added up; a[2], a[3]: of the differences'.
	var b [32]float32
	for k := range 7 {
		b[4*k] = a[0][k]
		b[4*k+1] = a[2][k] + a[3][k] + a[3][k+1]
		b[4*k+2] = a[1][k] + a[1][k+1]
		b[4*k+3] = a[3][k] + a[3][k+1] + a[2][k+1]
	}
	b[28], b[29], b[30], b[31] = a[0][7], a[2][7]+a[3][7], a[1][7], a[3][7]

	low[0], low[16] = b[16], 0
	high[0], high[16] = b[16], b[0]
	for i := 1; i < 16; i++ {
		low[i], low[32-i] = b[16+i], b[16+i]
		high[16-i], high[16+i] = b[i], b[i]
	}
}

// dct8 is a DCT-II of 8 points in place.
func dct8(x *[8]float32) {
	s0, s1, s2, s3 := x[0]+x[7], x[1]+x[6], x[2]+x[5], x[3]+x[4]
	d0, d1, d2, d3 := (x[0]-x[7])*lee4a, (x[1]-x[6])*lee4b, (x[2]-x[5])*lee4c, (x[3]-x[4])*lee4d

	x[0], x[2], x[4], x[6] = dct4(s0, s1, s2, s3)
	e0, e1, e2, e3 := dct4(d0, d1, d2, d3)
	x[1], x[3], x[5], x[7] = e0+e1, e1+e2, e2+e3, e3
}

func dct4(a, b, c, d float32) (float32, float32, float32, float32) {
	s0, s1 := a+d, b+c
	d0, d1 := (a-d)*lee2a, (b-c)*lee2b
	t := (d0 - d1) * lee1
	return s0 + s1, d0 + d1 + t, (s0 - s1) * lee1, t
}
