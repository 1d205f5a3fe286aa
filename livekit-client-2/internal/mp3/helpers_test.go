package mp3

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"testing"
)

// decodeAll decodes data to the end.
func decodeAll(t testing.TB, data []byte) (*Decoder, []float32) {
	t.Helper()
	d, err := NewDecoder(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return d, readAll(t, d)
}

func readAll(t testing.TB, d *Decoder) []float32 {
	t.Helper()
	var out []float32
	buf := make([]float32, 1000)
	for {
		n, err := d.Read(buf)
		out = append(out, buf[:n]...)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// difference returns the RMS and the largest difference of two equally long signals.
func difference(a, b []float32) (rms, most float64) {
	for i, v := range a {
		d := math.Abs(float64(v) - float64(b[i]))
		rms += d * d
		most = max(most, d)
	}
	return math.Sqrt(rms / float64(max(len(a), 1))), most
}

func floats(raw []byte) []float32 {
	out := make([]float32, len(raw)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return out
}
