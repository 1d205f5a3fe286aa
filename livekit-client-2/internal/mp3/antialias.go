package mp3

import "math"

const antialiasTaps = 8

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
