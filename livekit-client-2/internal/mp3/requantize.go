package mp3

import (
	"math"

	"github.com/tphakala/simd/f32"
)

// gainBias shifts an exponent, in quarter powers of two, into the range of gains. The
// lowest is -210 - 2 (mid/side) - 8*7 (subblock gain) - 4*31 (LSF scale factor).
const gainBias = 400

// gains holds 2^(n/4), biased.
var gains = func() (t [512]float32) {
	for i := range t {
		t[i] = float32(math.Exp2(float64(i-gainBias) / 4))
	}
	return t
}()

func gain(quarters int) float32 { return gains[(quarters+gainBias)&511] }

// pretab is added to the scale factors if preflag is set (ISO/IEC 11172-3, table B.6).
var pretab = [longBands]int{11: 1, 1, 1, 1, 2, 2, 3, 3, 3, 2, 0}

// requantize scales the n lines of xr that are not zero (ISO/IEC 11172-3, 2.4.3.4.7.1).
// attenuation, in quarter powers of two, is taken off all of them.
func requantize(xr *[linesPerGr]float32, n int, g *granule, sf *scaleFactors, bands *bandTable, attenuation int) {
	base := g.globalGain - 210 - attenuation
	step := 2
	if g.coarse {
		step = 4
	}
	if !g.short() {
		requantizeLong(xr, n, longBands, g, sf, bands, base, step)
		return
	}
	first := 0
	if g.mixed {
		requantizeLong(xr, n, bands.mixedLong, g, sf, bands, base, step)
		first = mixedShort
	}
	for band := first; band < shortBands; band++ {
		start, width := bands.short[band]*3, bands.short[band+1]-bands.short[band]
		for w := range 3 {
			at := start + w*width
			if at >= n {
				return
			}
			scale(xr[at:at+width], gain(base-8*g.subblockGain[w]-step*int(sf.short[band][w])))
		}
	}
}

func requantizeLong(xr *[linesPerGr]float32, n, end int, g *granule, sf *scaleFactors, bands *bandTable, base, step int) {
	for band := range end {
		if bands.long[band] >= n {
			return
		}
		f := int(sf.long[band])
		if g.preflag {
			f += pretab[band]
		}
		scale(xr[bands.long[band]:bands.long[band+1]], gain(base-step*f))
	}
}

// vectorWidth is from how many values on a call into SIMD code pays, measured.
const vectorWidth = 24

func scale(x []float32, by float32) {
	if len(x) >= vectorWidth {
		f32.Scale(x, x, by)
		return
	}
	for i := range x {
		x[i] *= by
	}
}
