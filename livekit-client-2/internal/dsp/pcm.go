package dsp

import "math"

const int16Scale = 1 << 15

// FloatToInt16 converts src to dst over the shorter of the two: rounded to the nearest,
// clamped at full scale, NaN to 0.
func FloatToInt16(dst []int16, src []float32) {
	n := min(len(dst), len(src))
	dst = dst[:n]
	for i, x := range src[:n] {
		v := math.RoundToEven(float64(x) * int16Scale)
		switch {
		case v >= math.MaxInt16:
			dst[i] = math.MaxInt16
		case v <= math.MinInt16:
			dst[i] = math.MinInt16
		case v == v:
			dst[i] = int16(v)
		default:
			dst[i] = 0
		}
	}
}

// Int16ToFloat converts src to dst over the shorter of the two; -32768 becomes -1.0.
func Int16ToFloat(dst []float32, src []int16) {
	n := min(len(dst), len(src))
	dst = dst[:n]
	for i, v := range src[:n] {
		dst[i] = float32(v) / int16Scale
	}
}
