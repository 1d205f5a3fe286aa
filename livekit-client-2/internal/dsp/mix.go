package dsp

import "github.com/tphakala/simd/f32"

// MixAdd adds src to dst, sample by sample, over the shorter of the two.
func MixAdd(dst, src []float32) {
	n := min(len(dst), len(src))
	f32.Add(dst[:n], dst[:n], src[:n])
}
