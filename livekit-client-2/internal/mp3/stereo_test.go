package mp3

import (
	"math"
	"testing"
)

// intensityCase decodes a granule with 1 in every line of the left channel and, below
// nRight, of the right one.
func intensityCase(g granule, sf scaleFactors, nRight int, lsf, midSide bool) *[2][linesPerGr]float32 {
	var xr [2][linesPerGr]float32
	for i := range linesPerGr {
		xr[0][i] = 1
		if i < nRight {
			xr[1][i] = 1
		}
	}
	s := intensity{xr: &xr, bands: &bands44100, g: &g, sf: &sf, lsf: lsf, midSide: midSide}
	s.decode(nRight)
	return &xr
}

func wantLine(t *testing.T, xr *[2][linesPerGr]float32, line int, left, right float64) {
	t.Helper()
	wantNear(t, "left", line, xr[0][line], left)
	wantNear(t, "right", line, xr[1][line], right)
}

func TestIntensityInMPEG1(t *testing.T) {
	var sf scaleFactors
	sf.long[5], sf.long[6], sf.long[7], sf.long[20] = 0, 3, illegalPosition, 6
	xr := intensityCase(granule{}, sf, 20, false, false)
	wantLine(t, xr, 19, 1, 1)     // below the bound: as coded
	wantLine(t, xr, 20, 0, 1)     // position 0: right only
	wantLine(t, xr, 24, 0.5, 0.5) // 3: the middle
	wantLine(t, xr, 30, 1, 0)     // 7: not coded
	wantLine(t, xr, 342, 1, 0)    // 6: left only
	wantLine(t, xr, 575, 1, 0)    // the top band: as the one below

	xr = intensityCase(granule{}, sf, 20, false, true)
	wantLine(t, xr, 19, 2, 0) // mid/side, which requantize attenuates
	wantLine(t, xr, 24, math.Sqrt2/2, math.Sqrt2/2)
	wantLine(t, xr, 30, 1, 1)

	xr = intensityCase(granule{}, sf, 400, false, false)
	wantLine(t, xr, 417, 1, 0)
	wantLine(t, xr, 418, 0.5, 0.5) // only the top band is coded, and has no position
}

func TestIntensityInLSF(t *testing.T) {
	var sf scaleFactors
	for band := range sf.longLimit {
		sf.longLimit[band] = 7
	}
	sf.long[0], sf.long[1], sf.long[2], sf.long[3] = 0, 1, 4, 7
	xr := intensityCase(granule{}, sf, 0, true, false)
	wantLine(t, xr, 0, 1, 1)
	wantLine(t, xr, 4, math.Pow(2, -0.25), 1)
	wantLine(t, xr, 8, 1, math.Pow(2, -0.5))
	wantLine(t, xr, 12, 1, 0) // the largest value means "not coded"
	xr = intensityCase(granule{intensityHalving: true}, sf, 0, true, false)
	wantLine(t, xr, 8, 1, 0.5)
}

// TestIntensityPerWindow: in short blocks each window has its own bound and positions.
func TestIntensityPerWindow(t *testing.T) {
	var sf scaleFactors
	for band := range sf.short {
		sf.short[band] = [3]uint8{0, 3, 6}
	}
	xr := intensityCase(granule{blockType: blockShort}, sf, 5, false, false)
	wantLine(t, xr, 0, 1, 1) // band 0 of windows 0 and 1 isn't zero
	wantLine(t, xr, 7, 1, 0)
	wantLine(t, xr, 8, 1, 0) // that of window 2 is: position 6
	wantLine(t, xr, 12, 0, 1)
	wantLine(t, xr, 16, 0.5, 0.5)
	wantLine(t, xr, 575, 1, 0)

	sf.long[0] = 3
	xr = intensityCase(granule{blockType: blockShort, mixed: true}, sf, 0, false, false)
	wantLine(t, xr, 0, 0.5, 0.5) // the long part has the long positions
	wantLine(t, xr, 36, 0, 1)
	xr = intensityCase(granule{blockType: blockShort, mixed: true}, sf, 37, false, false)
	wantLine(t, xr, 0, 1, 1) // a line in the short part: the long part isn't coded
}
