package dsp

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

func TestMixAddIsTheSum(t *testing.T) {
	for _, n := range []int{0, 1, 7, 480, 961} {
		a, b := noise(n), scaled(noise(n+3), 0.5)
		got := slices.Clone(a)
		MixAdd(got, b)
		for i := range got {
			if got[i] != a[i]+b[i] {
				t.Fatalf("sample %d of %d is %v, want %v", i, n, got[i], a[i]+b[i])
			}
		}
	}
}

func TestInt16RoundTripIsExact(t *testing.T) {
	src := make([]int16, 1<<16)
	for i := range src {
		src[i] = int16(i - 1<<15)
	}
	f, back := make([]float32, len(src)), make([]int16, len(src))
	Int16ToFloat(f, src)
	FloatToInt16(back, f)
	if !slices.Equal(src, back) {
		t.Error("not every 16-bit sample survives")
	}
}

func TestFloatToInt16RoundsAndClamps(t *testing.T) {
	const lsb = 1.0 / 32768
	for in, want := range map[float32]int16{
		0: 0, 0.4 * lsb: 0, 0.6 * lsb: 1, -0.6 * lsb: -1, 1.5 * lsb: 2,
		1: 32767, -1: -32768, 2: 32767, -2: -32768, 1e30: 32767, 32767.4 * lsb: 32767,
		float32(math.Inf(1)): 32767, float32(math.Inf(-1)): -32768, float32(math.NaN()): 0,
	} {
		var got [1]int16
		FloatToInt16(got[:], []float32{in})
		if got[0] != want {
			t.Errorf("%v becomes %d, want %d", in, got[0], want)
		}
	}
}

const dB3 = math.Sqrt2 / 2

func TestFMT8_DownmixCoefficients(t *testing.T) {
	stereo := map[int][][2]float64{ // each input's share of left and right, before scaling
		3: {{1, 0}, {0, 1}, {dB3, dB3}},
		4: {{1, 0}, {0, 1}, {dB3, 0}, {0, dB3}},
		5: {{1, 0}, {0, 1}, {dB3, dB3}, {dB3, 0}, {0, dB3}},
		6: {{1, 0}, {0, 1}, {dB3, dB3}, {0, 0}, {dB3, 0}, {0, dB3}},
		7: {{1, 0}, {0, 1}, {dB3, dB3}, {0, 0}, {0.5, 0.5}, {dB3, 0}, {0, dB3}},
		8: {{1, 0}, {0, 1}, {dB3, dB3}, {0, 0}, {dB3, 0}, {0, dB3}, {dB3, 0}, {0, dB3}},
	}
	for channels, shares := range stereo {
		total := 0.0
		for _, s := range shares {
			total += s[0]
		}
		for c, s := range shares {
			frame := make([]float32, channels)
			frame[c] = 1
			var two [2]float32
			var one [1]float32
			Downmix(two[:], frame, channels, 2)
			Downmix(one[:], frame, channels, 1)
			left, right := s[0]/total, s[1]/total
			if !near(two[0], left) || !near(two[1], right) || !near(one[0], (left+right)/2) {
				t.Errorf("channel %d of %d: %v and %v, want %.4f %.4f", c, channels, two, one, left, right)
			}
		}
	}
}

func near(got float32, want float64) bool { return math.Abs(float64(got)-want) < 1e-6 }

func TestFMT8_DownmixNeverClips(t *testing.T) {
	for src := 1; src <= 10; src++ {
		for dst := 1; dst <= 2; dst++ {
			out := make([]float32, 5*dst)
			Downmix(out, ones(5*src), src, dst)
			for _, v := range out {
				if v > 1 || v < 0.999999 {
					t.Errorf("full scale on all %d channels becomes %v in %d", src, v, dst)
				}
			}
		}
	}
}

func TestDownmixSimpleCases(t *testing.T) {
	for _, tc := range []struct {
		src      []float32
		from, to int
		want     []float32
	}{
		{[]float32{1, 0, 0.5, 0.25}, 2, 1, []float32{0.5, 0.375}},
		{[]float32{0.1, 0.2}, 1, 2, []float32{0.1, 0.1, 0.2, 0.2}},
		{[]float32{0.1, 0.2}, 1, 3, []float32{0.1, 0.1, 0.1, 0.2, 0.2, 0.2}},
		{[]float32{0.1, 0.2}, 2, 2, []float32{0.1, 0.2}},
		{[]float32{1, 2, 3, 4, 5, 6}, 6, 6, []float32{1, 2, 3, 4, 5, 6}},
		{[]float32{1, 1, 1, 1, 1, 1, 1, 1, 1, 0}, 10, 1, []float32{0.9}},
	} {
		got := make([]float32, len(tc.want))
		Downmix(got, tc.src, tc.from, tc.to)
		if !slices.Equal(got, tc.want) {
			t.Errorf("%d to %d channels: %v, want %v", tc.from, tc.to, got, tc.want)
		}
	}
}

func BenchmarkDownmix(b *testing.B) {
	for _, channels := range []int{2, 6} {
		b.Run(fmt.Sprint(channels), func(b *testing.B) {
			src, dst := noise(480*channels), make([]float32, 480)
			for b.Loop() {
				Downmix(dst, src, channels, 1)
			}
		})
	}
}
