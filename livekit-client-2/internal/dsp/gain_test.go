package dsp

import (
	"math"
	"slices"
	"testing"
)

func ones(n int) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = 1
	}
	return out
}

func TestGainRampIsLinearAndEndsExactly(t *testing.T) {
	for _, tc := range []struct{ from, to float32 }{{1, 0}, {0, 1}, {0.3, 0.7}, {1, 0.1}} {
		const ramp = 480
		g := NewGain(tc.from)
		g.Set(tc.to, ramp)
		buf := ones(2 * 600)
		g.Apply(buf, 2)
		for i := range 600 {
			want := float64(tc.from) + (float64(tc.to)-float64(tc.from))*min(1, float64(i+1)/ramp)
			if d := math.Abs(float64(buf[2*i]) - want); d > 1e-6 {
				t.Fatalf("%v to %v: frame %d has %v, want %v", tc.from, tc.to, i, buf[2*i], want)
			}
			if buf[2*i] != buf[2*i+1] {
				t.Fatalf("frame %d: the channels differ", i)
			}
		}
		if buf[2*(ramp-1)] != tc.to || g.Value() != tc.to || g.Remaining() != 0 {
			t.Errorf("the ramp ends at %v, want exactly %v", buf[2*(ramp-1)], tc.to)
		}
	}
}

func TestGainBlocksDoNotMatter(t *testing.T) {
	run := func(block int) []float32 {
		g := NewGain(0.2)
		g.Set(0.9, 333)
		buf := ones(1000)
		for rest := buf; len(rest) > 0; rest = rest[min(block, len(rest)):] {
			g.Apply(rest[:min(block, len(rest))], 1)
		}
		return buf
	}
	for _, block := range []int{1, 7, 480} {
		if !slices.Equal(run(block), run(1000)) {
			t.Errorf("blocks of %d differ from one block", block)
		}
	}
}

// A new target in the middle of a ramp starts from where the ramp is: no step.
func TestGainTurnsWithoutAStep(t *testing.T) {
	const ramp = 100
	g := NewGain(1)
	g.Set(0, ramp)
	buf := ones(300)
	g.Apply(buf[:37], 1)
	g.Set(1, ramp)
	g.Apply(buf[37:], 1)
	for i := 1; i < len(buf); i++ {
		if step := math.Abs(float64(buf[i] - buf[i-1])); step > 1.0/ramp+1e-6 {
			t.Fatalf("a step of %v at frame %d", step, i)
		}
	}
	if buf[299] != 1 {
		t.Errorf("ends at %v", buf[299])
	}
}

func TestGainSteadyValues(t *testing.T) {
	src := noise(961)
	for _, v := range []float32{1, 0, 0.5, 0.37} {
		buf := slices.Clone(src)
		NewGain(v).Apply(buf, 1)
		for i := range buf {
			if buf[i] != src[i]*v {
				t.Fatalf("gain %v: sample %d is %v, want %v", v, i, buf[i], src[i]*v)
			}
		}
	}
	g := NewGain(0)
	g.Set(0.25, 0)
	if g.Value() != 0.25 || g.Target() != 0.25 {
		t.Error("a ramp of 0 frames is not at once")
	}
}

func TestGainAllocatesNothing(t *testing.T) {
	g, buf := NewGain(1), ones(1920)
	if n := testing.AllocsPerRun(100, func() { g.Set(1-g.Target(), 1000); g.Apply(buf, 2) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
