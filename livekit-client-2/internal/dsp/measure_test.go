package dsp

import "math"

// tone is a sine of the given amplitude, frequency (Hz) and phase (rad), computed in float64.
func tone(frames, rate int, hz, amplitude, phase float64) []float32 {
	out := make([]float32, frames)
	for i := range out {
		out[i] = float32(amplitude * math.Sin(2*math.Pi*hz*float64(i)/float64(rate)+phase))
	}
	return out
}

// fit is the sine of a known frequency that comes closest to a signal.
type fit struct {
	amplitude, phase float64
	residual         float64 // RMS of what is left of the signal without that sine
}

// fitSine solves the least squares problem for a sine, its quadrature and nothing else:
// harmonics, images, aliases, noise and DC all count as residual.
func fitSine(x []float32, rate int, hz float64) fit {
	var ss, sc, cc, xs, xc float64
	w := 2 * math.Pi * hz / float64(rate)
	for i, v := range x {
		s, c := math.Sincos(w * float64(i))
		ss, sc, cc = ss+s*s, sc+s*c, cc+c*c
		xs, xc = xs+float64(v)*s, xc+float64(v)*c
	}
	det := ss*cc - sc*sc
	a, b := (xs*cc-xc*sc)/det, (xc*ss-xs*sc)/det
	sum := 0.0
	for i, v := range x {
		s, c := math.Sincos(w * float64(i))
		d := float64(v) - a*s - b*c
		sum += d * d
	}
	return fit{math.Hypot(a, b), math.Atan2(b, a), math.Sqrt(sum / float64(len(x)))}
}

func rms(x []float32) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum / float64(len(x)))
}

func decibel(ratio float64) float64 { return 20 * math.Log10(ratio) }

// interleave joins channels of equal length.
func interleave(channels ...[]float32) []float32 {
	out := make([]float32, 0, len(channels)*len(channels[0]))
	for i := range channels[0] {
		for _, c := range channels {
			out = append(out, c[i])
		}
	}
	return out
}

// channel takes one channel out of interleaved frames.
func channel(x []float32, channels, c int) []float32 {
	out := make([]float32, len(x)/channels)
	for i := range out {
		out[i] = x[i*channels+c]
	}
	return out
}
