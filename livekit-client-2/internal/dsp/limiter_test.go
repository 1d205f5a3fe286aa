package dsp

import (
	"math"
	"slices"
	"testing"
)

const limiterBlock = 480

// limit runs a signal through a new Limiter in blocks of 10 ms.
func limit(x []float32, channels int) []float32 {
	l := NewLimiter(48000, limiterBlock)
	out := slices.Clone(x)
	for rest := out; len(rest) > 0; {
		n := min(limiterBlock*channels, len(rest))
		l.Process(rest[:n], channels)
		rest = rest[n:]
	}
	return out
}

func TestLimiterPassesFullScaleBitForBit(t *testing.T) {
	x := noise(48000)
	x[100], x[200] = 1, -1
	if !slices.Equal(limit(x, 2), x) {
		t.Error("a signal within full scale was changed")
	}
}

func TestLimiterNeverExceedsFullScale(t *testing.T) {
	for name, x := range map[string][]float32{
		"two full-scale tones": sum(tone(48000, 48000, 440, 1, 0), tone(48000, 48000, 997, 1, 1)),
		"noise at +12 dB":      scaled(noise(48000), 4),
		"a lone click":         click(48000, 20000, 8),
		"a peak on a block":    click(48000, 4*limiterBlock, -3),
		"huge":                 scaled(noise(4800), 1e30),
	} {
		for i, v := range limit(x, 1) {
			if !(v >= -1 && v <= 1) {
				t.Fatalf("%s: sample %d is %v", name, i, v)
			}
		}
	}
}

func TestLimiterMakesBadSamplesHarmless(t *testing.T) {
	x := tone(4800, 48000, 440, 0.5, 0)
	want := slices.Clone(x)
	x[500] = float32(math.NaN())
	x[2500] = float32(math.Inf(1))
	x[3500] = float32(math.Inf(-1))
	got := limit(x, 1)
	want[500], want[2500], want[3500] = 0, 1, -1
	if !slices.Equal(got, want) {
		t.Error("more than the bad samples changed")
	}
}

// The channels share one gain, so that the image does not move.
func TestLimiterKeepsTheBalance(t *testing.T) {
	left := tone(9600, 48000, 500, 1.6, 0)
	right := scaled(left, 0.25)
	got := limit(interleave(left, right), 2)
	for i := 0; i < len(got); i += 2 {
		if math.Abs(float64(got[i+1]-0.25*got[i])) > 1e-6 {
			t.Fatalf("frame %d: %v and %v", i/2, got[i], got[i+1])
		}
	}
}

func TestLimiterComesBackToBitExact(t *testing.T) {
	x := click(96000, 1000, 2)
	copy(x[2000:], tone(94000, 48000, 440, 0.9, 0))
	got := limit(x, 1)
	back := 1000 + int(limiterRelease*48000)/2 + limiterBlock // 6 dB, half of the release time
	if !slices.Equal(got[back:], x[back:]) {
		t.Error("the gain is not back at 1 after a peak of 6 dB")
	}
	if got[3000] == x[3000] {
		t.Error("the gain came back at once, as a clipper's does")
	}
}

// A loud steady tone must come out cleaner than clipping makes it.
func TestLimiterDistortsLessThanClipping(t *testing.T) {
	for _, hz := range []float64{60, 100, 440, 3000} {
		x := tone(2*48000, 48000, hz, 2, 0)
		clipped := slices.Clone(x)
		for i, v := range clipped {
			clipped[i] = max(-1, min(1, v))
		}
		distortion := func(y []float32) float64 {
			f := fitSine(y[48000:], 48000, hz)
			return decibel(f.residual / (f.amplitude / math.Sqrt2))
		}
		ours, clip := distortion(limit(x, 1)), distortion(clipped)
		t.Logf("%4.0f Hz at +6 dB: distortion %.1f dB, clipped %.1f dB", hz, ours, clip)
		if ours > -40 {
			t.Errorf("%v Hz: distortion of %.1f dB", hz, ours)
		}
	}
}

// Within a block the gain falls before the peak rather than at it.
func TestLimiterLeadsAPeak(t *testing.T) {
	x := tone(limiterBlock, 48000, 1000, 0.5, 0)
	x[300] = 2
	got := limit(x, 1)
	for i := 1; i < 300; i++ {
		if x[i] == 0 || x[i-1] == 0 {
			continue
		}
		if step := math.Abs(float64(got[i]/x[i] - got[i-1]/x[i-1])); step > 1/(limiterAttack*48000)+1e-5 {
			t.Fatalf("the gain steps by %v at %d", step, i)
		}
	}
}

func TestLimiterHasNoLatency(t *testing.T) {
	l := NewLimiter(48000, limiterBlock)
	x := scaled(noise(limiterBlock), 2)
	y := slices.Clone(x)
	l.Process(y, 1)
	for i := range x {
		if x[i]*y[i] < 0 || l.Latency() != 0 {
			t.Fatalf("sample %d came out elsewhere", i)
		}
	}
	if l.Gain() >= 1 {
		t.Error("nothing was limited")
	}
	l.Reset()
	if l.Gain() != 1 {
		t.Error("reset left a gain")
	}
}

func TestLimiterAllocatesNothing(t *testing.T) {
	l := NewLimiter(48000, 960)
	x := scaled(noise(1920), 2)
	buf := make([]float32, len(x))
	if n := testing.AllocsPerRun(100, func() { copy(buf, x); l.Process(buf, 2) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func sum(a, b []float32) []float32 {
	out := slices.Clone(a)
	MixAdd(out, b)
	return out
}

func scaled(x []float32, by float32) []float32 {
	out := make([]float32, len(x))
	for i, v := range x {
		out[i] = v * by
	}
	return out
}

func click(n, at int, height float32) []float32 {
	out := make([]float32, n)
	out[at] = height
	return out
}

func BenchmarkLimiter(b *testing.B) {
	for name, level := range map[string]float32{"idle": 1, "limiting": 2} {
		b.Run(name, func(b *testing.B) {
			l, x := NewLimiter(48000, 480), scaled(noise(480), level)
			buf := make([]float32, len(x))
			for b.Loop() {
				copy(buf, x)
				l.Process(buf, 1)
			}
		})
	}
}
