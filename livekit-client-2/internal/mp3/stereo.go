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
	bound := 0
	for bound < longBands && s.bands.long[bound] < nRight {
		bound++
	}
	for band := range end {
		p := s.center()
		if from := min(band, longBands-2); from >= bound {
			p = position{s.sf.long[from], s.sf.longLimit[from]}
		}
		s.band(s.bands.long[band], s.bands.long[band+1], band >= bound, p)
	}
}

// window decodes one window of a short block, from band first up.
func (s *intensity) window(w, first int) {
	bound := shortBands
	for bound > first && allZero(s.xr[1][s.line(bound-1, w):s.line(bound-1, w+1)]) {
		bound--
	}
	for band := first; band < shortBands; band++ {
		p := s.center()
		if from := min(band, shortBands-2); from >= bound {
			p = position{s.sf.short[from][w], s.sf.shortLimit[from]}
		}
		s.band(s.line(band, w), s.line(band, w+1), band >= bound, p)
	}
}

// line is where a window's part of a band starts.
func (s *intensity) line(band, w int) int {
	start, end := s.bands.short[band], s.bands.short[band+1]
	return start*3 + w*(end-start)
}

// position is an intensity position. In LSF, the value limit means "not coded".
type position struct{ value, limit uint8 }

// center is the position of a top band, which has none of its own, if the band below, whose
// position it would share, isn't intensity coded.
func (s *intensity) center() position {
	if s.lsf {
		return position{value: 0, limit: 1}
	}
	return position{value: 3}
}

// band decodes the lines of one band.
func (s *intensity) band(from, to int, coded bool, p position) {
	l, r := s.xr[0][from:to], s.xr[1][from:to]
	by, ok := s.ratio(p)
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

// ratio is false if the position means "not coded".
func (s *intensity) ratio(p position) (ratio, bool) {
	if !s.lsf {
		if p.value >= illegalPosition {
			return ratio{}, false
		}
		return ratiosV1[p.value], true
	}
	scale := 0
	if s.g.intensityHalving {
		scale = 1
	}
	return ratiosLSF[scale][p.value&31], p.value != p.limit
}

func allZero(x []float32) bool {
	for _, v := range x {
		if v != 0 {
			return false
		}
	}
	return true
}
