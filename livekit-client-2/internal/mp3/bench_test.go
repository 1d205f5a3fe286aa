package mp3

import (
	"bytes"
	"io"
	"testing"
)

// BenchmarkDecode reports how many times faster than real time decoding is.
func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{"cbr128-joint", "cbr128-notag", "vbr2-joint", "cbr320-transients", "cbr64-mono-speech", "22050-joint"} {
		b.Run(name, func(b *testing.B) {
			data := bytes.Repeat(fixture(b, name), 30)
			r := bytes.NewReader(data)
			buf := make([]float32, 4096)
			var seconds float64
			for b.Loop() {
				r.Reset(data)
				d, err := NewDecoder(r)
				if err != nil {
					b.Fatal(err)
				}
				n := 0
				for err != io.EOF {
					var m int
					m, err = d.Read(buf)
					n += m
				}
				seconds += float64(n/d.Channels()) / float64(d.SampleRate())
			}
			b.ReportMetric(seconds/b.Elapsed().Seconds(), "x_realtime")
		})
	}
}

func BenchmarkDCT32(b *testing.B) {
	var in [linesPerGr - slots + 1]float32
	var low, high [32]float32
	in[3] = 1
	for b.Loop() {
		for range slots {
			dct32(&in, &low, &high)
		}
	}
}

func BenchmarkSynthesis(b *testing.B) {
	var s synthesis
	var in, out [linesPerGr]float32
	in[3] = 1
	for b.Loop() {
		s.run(&in, &out)
	}
}

func BenchmarkHybrid(b *testing.B) {
	for name, g := range map[string]granule{"long": {}, "short": {blockType: blockShort}} {
		b.Run(name, func(b *testing.B) {
			var h hybrid
			var in, out [linesPerGr]float32
			in[3] = 1
			for b.Loop() {
				h.transform(&in, 400, &g, &out)
			}
		})
	}
}

func BenchmarkHuffman(b *testing.B) {
	var d frameDecoder
	d.bands = &bands44100
	data := fixture(b, "random-44100-ms")
	h, _ := parseHeader(data)
	frame := data[:h.frameSize()]
	pos, end, _ := d.open(frame, h)
	for b.Loop() {
		d.spectrum(pos, end, 0, h)
	}
}
