package mp3

import "math"

// ratio is how an intensity coded line is split between left and right.
type ratio struct{ left, right float32 }

// ratiosV1 holds the ratios by intensity position in MPEG-1 (ISO/IEC 11172-3,
// 2.4.3.4.9.3).
var ratiosV1 = func() (t [illegalPosition]ratio) {
	for pos := range t {
		if pos == 6 { // tan is infinite
			t[pos] = ratio{1, 0}
			continue
		}
		r := math.Tan(float64(pos) * math.Pi / 12)
		t[pos] = ratio{float32(r / (1 + r)), float32(1 / (1 + r))}
	}
	return t
}()

// ratiosLSF holds them for LSF by intensity_scale (ISO/IEC 13818-3, 2.4.3.2).
var ratiosLSF = func() (t [2][32]ratio) {
	for scale, base := range [2]float64{math.Pow(2, -0.25), math.Pow(2, -0.5)} {
		for pos := range t[scale] {
			r := float32(math.Pow(base, float64((pos+1)/2)))
			if pos%2 == 1 {
				t[scale][pos] = ratio{r, 1}
			} else {
				t[scale][pos] = ratio{1, r}
			}
		}
	}
	return t
}()

// midSide turns lines of middle and side, which requantize has attenuated by sqrt(2), into
// left and right (ISO/IEC 11172-3, 2.4.3.4.9.2).
func midSide(l, r []float32) {
	r = r[:len(l)]
	for i, m := range l {
		side := r[i]
		l[i], r[i] = m+side, m-side
	}
}

// intensity decodes a granule in which the right channel's bands above its last line that
// is not zero hold positions instead (ISO/IEC 11172-3, 2.4.3.4.9.3).
type intensity struct {
	xr      *[2][linesPerGr]float32
	bands   *bandTable
	g       *granule      // of the right channel
	sf      *scaleFactors // of the right channel
	lsf     bool
	midSide bool // for bands that are not intensity coded
}

// decode does so; nRight is the number of lines of the right channel up to its last that
// is not zero.
func (s *intensity) decode(nRight int) {
	if !s.g.short() {
		s.long(longBands, nRight)
		return
	}
	first, longEnd := 0, 0
	if s.g.mixed {
		first, longEnd = mixedShort, s.bands.mixedLong
	}
	for w := range 3 {
		s.window(w, first)
	}
	s.long(longEnd, nRight)
}

func (s *intensity) long(end, nRight int) {
	for band := range end {
		from, to := s.bands.long[band], s.bands.long[band+1]
		above := min(band, longBands-2) // the top band has the position of the one below
		s.band(from, to, from >= nRight, s.sf.long[above], s.sf.longLimit[above])
	}
}

// window decodes one window of a short block, from band first up.
func (s *intensity) window(w, first int) {
	coded := true
	for band := shortBands - 1; band >= first; band-- {
		width := s.bands.short[band+1] - s.bands.short[band]
		from := s.bands.short[band]*3 + w*width
		coded = coded && allZero(s.xr[1][from:from+width])
		above := min(band, shortBands-2)
		s.band(from, from+width, coded, s.sf.short[above][w], s.sf.shortLimit[above])
	}
}

// band decodes the lines of one band. limit is the position that means "not coded" in LSF.
func (s *intensity) band(from, to int, coded bool, position, limit uint8) {
	l, r := s.xr[0][from:to], s.xr[1][from:to]
	by, ok := s.ratio(position, limit)
	if !coded || !ok {
		if s.midSide {
			midSide(l, r)
		}
		return
	}
	if s.midSide { // take requantize's attenuation back
		by.left *= math.Sqrt2
		by.right *= math.Sqrt2
	}
	for i, v := range l {
		l[i], r[i] = v*by.left, v*by.right
	}
}

func (s *intensity) ratio(position, limit uint8) (ratio, bool) {
	if s.lsf {
		scale := 0
		if s.g.intensityHalving {
			scale = 1
		}
		return ratiosLSF[scale][position&31], position != limit
	}
	if position >= illegalPosition {
		return ratio{}, false
	}
	return ratiosV1[position], true
}

func allZero(x []float32) bool {
	for _, v := range x {
		if v != 0 {
			return false
		}
	}
	return true
}
