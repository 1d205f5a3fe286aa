package vorbis

import (
	"math"
	"math/bits"
)

// transform is the inverse MDCT of one block size: a DCT-IV by way of a complex FFT of a quarter of
// the block's size.
type transform struct {
	size    int // coefficients: half of the block
	twiddle []complex64
	roots   []complex64 // of the FFT
	reverse []uint16    // its order of input
	work    []complex64
}

func newTransform(block int) *transform {
	t := &transform{size: block / 2}
	n := block / 4
	t.twiddle, t.roots = make([]complex64, n), make([]complex64, n/2)
	t.reverse, t.work = make([]uint16, n), make([]complex64, n)
	for i := range n {
		t.twiddle[i] = unit(-math.Pi * (float64(i) + 0.125) / float64(t.size))
		t.reverse[i] = uint16(bits.Reverse16(uint16(i)) >> (16 - bits.Len(uint(n-1))))
	}
	for i := range t.roots {
		t.roots[i] = unit(-2 * math.Pi * float64(i) / float64(n))
	}
	return t
}

func unit(angle float64) complex64 {
	sin, cos := math.Sincos(angle)
	return complex(float32(cos), float32(sin))
}

// dct4 replaces x by its DCT-IV: y[n] is the sum of x[k] cos(pi/N (n+1/2)(k+1/2)).
func (t *transform) dct4(x []float32) {
	last := t.size - 1
	for i, w := range t.twiddle {
		t.work[t.reverse[i]] = complex(x[2*i], x[last-2*i]) * w
	}
	t.fft()
	for i, w := range t.twiddle {
		v := t.work[i] * w
		x[2*i], x[last-2*i] = real(v), -imag(v)
	}
}

// fft is the FFT of work, whose input is in bit-reversed order.
func (t *transform) fft() {
	n := len(t.work)
	for half, stride := 1, n/2; half < n; half, stride = 2*half, stride/2 {
		for start := 0; start < n; start += 2 * half {
			a := t.work[start : start+half]
			b := t.work[start+half : start+2*half][:len(a)]
			for i, k := 0, 0; i < len(a); i, k = i+1, k+stride {
				v := b[i] * t.roots[k]
				a[i], b[i] = a[i]+v, a[i]-v
			}
		}
	}
}
