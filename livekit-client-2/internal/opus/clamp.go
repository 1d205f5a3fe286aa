package opus

// withinFullScale tells whether all samples are numbers from -1 to 1.
func withinFullScale(pcm []float32) bool {
	for _, x := range pcm {
		if !(x >= -1 && x <= 1) {
			return false
		}
	}
	return true
}

// isSilence tells whether all samples are zero.
func isSilence(pcm []float32) bool {
	for _, x := range pcm {
		if x != 0 {
			return false
		}
	}
	return true
}

// clampTo copies src to dst with what lies beyond full scale clamped, and NaN as 0.
func clampTo(dst, src []float32) {
	for i, x := range src {
		if x != x {
			x = 0
		}
		dst[i] = max(-1, min(1, x))
	}
}
