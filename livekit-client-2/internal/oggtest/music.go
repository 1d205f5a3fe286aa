package oggtest

import (
	"math"
	"math/rand/v2"

	"server-playback/livekit-client-2/internal/opus"
)

// Music is a busy signal of so many frames: strikes of harmonics, and noise.
func Music(frames, channels int) []float32 {
	rng := rand.New(rand.NewPCG(7, 11))
	out := make([]float32, frames*channels)
	for i := range frames {
		t := float64(i) / opus.SampleRate
		strike := math.Mod(t, 0.5)
		burst := math.Exp(-25*math.Mod(t+0.25, 0.5)) * rng.NormFloat64() * 0.06
		for c := range channels {
			out[i*channels+c] = float32(burst + 0.3*harmonics(t, 1+0.001*float64(c))*math.Exp(-2*strike)*(1-math.Exp(-200*strike)))
		}
	}
	return out
}

func harmonics(t, detune float64) (sum float64) {
	for n, hz := range []float64{110, 220.7, 277.2, 329.6, 440.3} {
		for k := 1.0; k <= 8; k++ {
			sum += 0.2 / k * math.Sin(2*math.Pi*hz*detune*k*t+float64(n)*k)
		}
	}
	return sum
}

// Speech is a voice-like signal: a pulse train through moving resonances, in words.
func Speech(frames int) []float32 {
	out := make([]float32, frames)
	phase, y1, y2 := 0.0, 0.0, 0.0
	for i := range out {
		t := float64(i) / opus.SampleRate
		phase += (120 + 20*math.Sin(3*t)) / opus.SampleRate
		pulse := 0.0
		if phase >= 1 {
			phase--
			pulse = 1
		}
		formant := 700 + 300*math.Sin(2*math.Pi*1.7*t)
		r := 0.985
		y := pulse + 2*r*math.Cos(2*math.Pi*formant/opus.SampleRate)*y1 - r*r*y2
		y2, y1 = y1, y
		word := math.Max(0, math.Sin(2*math.Pi*2*t))
		out[i] = float32(0.08 * y * word)
	}
	return out
}
