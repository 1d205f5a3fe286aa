package mp3

import (
	"bytes"
	"errors"
	"io"
	"math"
	"path/filepath"
	"testing"
)

// FuzzDecode: whatever comes in, decoding ends with io.EOF or ErrNotMP3, gives whole frames
// of finite samples and no more of them than the bytes can hold.
func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/*.mp3")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, _ := readFixture(f, file)
		f.Add(data[:min(len(data), 3000)])
	}
	buf := make([]float32, 777)
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := NewDecoder(bytes.NewReader(data))
		if err != nil {
			if !errors.Is(err, ErrNotMP3) && !errors.Is(err, ErrUnsupportedLayer) {
				t.Fatal(err)
			}
			return
		}
		total := 0
		for {
			n, err := d.Read(buf)
			for _, v := range buf[:n] {
				if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
					t.Fatalf("sample %v", v)
				}
			}
			if total += n; n%d.Channels() != 0 {
				t.Fatalf("%d values for %d channels", n, d.Channels())
			}
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		const smallest = headerSize + 9 // of a frame
		if most := (len(data)/smallest + 1) * 1152 * 2; total > most {
			t.Fatalf("%d values from %d bytes", total, len(data))
		}
	})
}
