package dsp

import "math"

const (
	// attenuation is what the filter's stop band is designed for, in dB: some way
	// beyond the 90 dB promised, since a tone has several images that add up.
	attenuation = 98.0
	// passShare is the pass band edge as a share of the stop band edge.
	passShare = 0.9
	// audible is the highest frequency worth a flat pass band, in Hz.
	audible = 20000.0
	// exactLimit is the most coefficients held for a ratio with one filter a phase.
	exactLimit = 1 << 17
	// fullBandPhases keeps the error of linear interpolation between two phases,
	// (pi/phases)^2/8 at the Nyquist frequency, under -106 dB.
	fullBandPhases = 512
)

// bank is a polyphase filter bank: a low pass, sampled at the distances from the
// input's samples at which output samples fall. It is immutable once made.
type bank struct {
	l, m   int // output rate / input rate, in lowest terms
	taps   int // input samples one output sample is made of; even
	phases int // filters an input sample's width is divided into; l, unless interpolated
	rows   []float32
}

// bankKey is all that a bank's contents depend on. Band edges are in Hz.
type bankKey struct {
	inRate, outRate int
	stop            int
}

// newBank designs a Kaiser-windowed sinc, after Oppenheim and Schafer,
// Discrete-Time Signal Processing, section 7.5.3.
func newBank(k bankKey) *bank {
	in, stop := float64(k.inRate), float64(k.stop)
	pass := min(passShare*stop, audible)
	width := (stop - pass) / in
	half := int(math.Ceil((attenuation - 7.95) / (14.36 * width) / 2))
	half = (half + 7) &^ 7 // whole vectors for the dot product

	divisor := gcd(k.inRate, k.outRate)
	b := &bank{l: k.outRate / divisor, m: k.inRate / divisor, taps: 2 * half}
	b.phases = b.l
	if (b.l+1)*b.taps > exactLimit {
		b.phases = int(math.Ceil(fullBandPhases * 2 * stop / in))
	}
	b.fill((pass + stop) / in)
	return b
}

// fill computes the filters; cutoff is relative to the input's Nyquist frequency.
// There is one row more than phases, so that the last has a neighbour to interpolate to.
func (b *bank) fill(cutoff float64) {
	b.rows = make([]float32, (b.phases+1)*b.taps)
	beta := 0.1102 * (attenuation - 8.7)
	row := make([]float64, b.taps)
	for p := 0; p <= b.phases/2; p++ {
		b.design(row, float64(p)/float64(b.phases), cutoff, beta)
		to, mirror := b.row(p), b.row(b.phases-p)
		for i, v := range row {
			to[i] = float32(v)
			mirror[b.taps-1-i] = float32(v)
		}
	}
}

// design fills row with the filter for output samples a fraction of an input sample late,
// scaled to a gain of exactly 1 at 0 Hz.
func (b *bank) design(row []float64, fraction, cutoff, beta float64) {
	half := float64(b.taps / 2)
	sum := 0.0
	for i := range row {
		x := float64(i) - half + 1 - fraction
		edge := x / half
		row[i] = sinc(cutoff*x) * besselI0(beta*math.Sqrt(max(0, 1-edge*edge)))
		sum += row[i]
	}
	for i := range row {
		row[i] /= sum
	}
}

func (b *bank) row(p int) []float32 { return b.rows[p*b.taps : (p+1)*b.taps] }

func (b *bank) exact() bool { return b.phases == b.l }

// between gives the filter just before a phase (in units of 1/l input samples) and
// how far the phase lies towards the next filter, 0 to 1.
func (b *bank) between(phase int) (row int, fraction float32) {
	scaled := phase * b.phases
	return scaled / b.l, float32(scaled%b.l) / float32(b.l)
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// besselI0 is the modified Bessel function of the first kind, order 0, by its power series.
func besselI0(x float64) float64 {
	sum, term := 1.0, 1.0
	q := x * x / 4
	for k := 1.0; term > sum*1e-12; k++ {
		term *= q / (k * k)
		sum += term
	}
	return sum
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
