package opus

import (
	"math"
	"math/rand/v2"
)

// busy is a signal that gives a codec work, full scale at most: detuned chords with a rich
// spectrum, struck twice a second, under bursts of noise. Channels differ.
func busy(frames, channels int) []float32 {
	rng := rand.New(rand.NewPCG(7, 11))
	out := make([]float32, frames*channels)
	for i := range frames {
		t := float64(i) / SampleRate
		strike := math.Mod(t, 0.5)
		burst := math.Exp(-25*math.Mod(t+0.25, 0.5)) * rng.NormFloat64() * 0.12
		for c := range channels {
			sum := burst
			for n, hz := range []float64{110, 220.7, 277.2, 329.6, 440.3, 659.9} {
				hz *= 1 + 0.001*float64(c)
				for k := 1.0; k <= 12; k++ {
					sum += 0.05 / k * math.Exp(-strike*(1+k/2)) * math.Sin(2*math.Pi*hz*k*t+float64(n)*k)
				}
			}
			out[i*channels+c] = float32(max(-1, min(1, sum)))
		}
	}
	return out
}

func sine(frames int, hz, amplitude float64) []float32 {
	out := make([]float32, frames)
	for i := range out {
		out[i] = float32(amplitude * math.Sin(2*math.Pi*hz*float64(i)/SampleRate))
	}
	return out
}

func power(x []float32) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return sum / float64(len(x))
}

// snr compares got with want, both aligned, in dB.
func snr(want, got []float32) float64 {
	n := min(len(want), len(got))
	noise := 0.0
	for i := range n {
		d := float64(want[i]) - float64(got[i])
		noise += d * d
	}
	return 10 * math.Log10(power(want[:n])*float64(n)/noise)
}

// delay finds by how many samples got lags behind want, up to most.
func delay(want, got []float32, most int) int {
	best, at := math.Inf(-1), 0
	n := min(len(want), len(got)) - most
	for lag := range most {
		sum := 0.0
		for i := range n {
			sum += float64(want[i]) * float64(got[i+lag])
		}
		if sum > best {
			best, at = sum, lag
		}
	}
	return at
}
