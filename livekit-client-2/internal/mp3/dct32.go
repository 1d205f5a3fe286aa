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
// samples, every 18th value of in: low and high are its halves. V mirrors a DCT-II of 32 points, B[j] = sum of
// x[k] cos(j(2k+1)pi/64): up to 15 it's B[16+i], 0 at 16, -B[48-i] up to 48 and -B[i-48]
// from there; the signs are left out.
//
// Following Lee, the sums of mirrored inputs have the even outputs as their DCT-II; the
// differences over 2 cos((2k+1)pi/64) have one of which neighbours add up to the odd ones.
func dct32(in *[linesPerGr - slots + 1]float32, low, high *[32]float32) {
	var a, b, c, d [8]float32
	for k := range 8 {
		x0, x1, x2, x3 := in[k*slots], in[(15-k)*slots], in[(16+k)*slots], in[(31-k)*slots]
		s0, s1 := x0+x3, x1+x2
		d0, d1 := (x0-x3)*lee16[k], (x1-x2)*lee16[15-k]
		a[k], b[k] = s0+s1, (s0-s1)*lee8[k]
		c[k], d[k] = d0+d1, (d0-d1)*lee8[k]
	}
	low[16] = 0
	v := vector{low, high}
	// The even and the odd outputs of the sums' DCT of 16 points, the odd ones still to be
	// added up.
	a0, a1, a2, a3, a4, a5, a6, a7 := dct8(&a)
	v.put(0, a0)
	v.put(4, a1)
	v.put(8, a2)
	v.put(12, a3)
	v.put(16, a4)
	v.put(20, a5)
	v.put(24, a6)
	v.put(28, a7)
	b0, b1, b2, b3, b4, b5, b6, b7 := dct8(&b)
	v.put(2, b0+b1)
	v.put(6, b1+b2)
	v.put(10, b2+b3)
	v.put(14, b3+b4)
	v.put(18, b4+b5)
	v.put(22, b5+b6)
	v.put(26, b6+b7)
	v.put(30, b7)
	// Those of the differences' DCT, of which neighbours have to be added up again.
	d0, d1, d2, d3, d4, d5, d6, d7 := dct8(&d)
	d = [8]float32{d0 + d1, d1 + d2, d2 + d3, d3 + d4, d4 + d5, d5 + d6, d6 + d7, d7}
	c0, c1, c2, c3, c4, c5, c6, c7 := dct8(&c)
	v.put(1, c0+d[0])
	v.put(3, d[0]+c1)
	v.put(5, c1+d[1])
	v.put(7, d[1]+c2)
	v.put(9, c2+d[2])
	v.put(11, d[2]+c3)
	v.put(13, c3+d[3])
	v.put(15, d[3]+c4)
	v.put(17, c4+d[4])
	v.put(19, d[4]+c5)
	v.put(21, c5+d[5])
	v.put(23, d[5]+c6)
	v.put(25, c6+d[6])
	v.put(27, d[6]+c7)
	v.put(29, c7+d[7])
	v.put(31, d[7])
}

// vector is V, in halves.
type vector struct{ low, high *[32]float32 }

// put stores B[j] in all of its places.
func (v vector) put(j int, b float32) {
	if j >= 16 {
		v.low[j-16] = b
		v.low[(48-j)&31] = b
	}
	if j <= 16 {
		v.high[16-j] = b
		v.high[(16+j)&31] = b
	}
}

// dct8 is a DCT-II of 8 points.
func dct8(x *[8]float32) (y0, y1, y2, y3, y4, y5, y6, y7 float32) {
	d0, d1, d2, d3 := dct4((x[0]-x[7])*lee4a, (x[1]-x[6])*lee4b, (x[2]-x[5])*lee4c, (x[3]-x[4])*lee4d)
	s0, s1, s2, s3 := dct4(x[0]+x[7], x[1]+x[6], x[2]+x[5], x[3]+x[4])
	return s0, d0 + d1, s1, d1 + d2, s2, d2 + d3, s3, d3
}

func dct4(a, b, c, d float32) (float32, float32, float32, float32) {
	s0, s1 := a+d, b+c
	d0, d1 := (a-d)*lee2a, (b-c)*lee2b
	t := (d0 - d1) * lee1
	return s0 + s1, d0 + d1 + t, (s0 - s1) * lee1, t
}
