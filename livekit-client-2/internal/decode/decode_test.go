package decode

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"go.uber.org/goleak"

	"server-playback/livekit-client-2/internal/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// readAll decodes a whole file with reads of size values.
func readAll(t testing.TB, d Decoder, size int) ([]float32, error) {
	t.Helper()
	var all []float32
	channels := d.Info().Channels
	dst := make([]float32, max(size, channels))
	for idle := 0; idle < 100; idle++ {
		n, err := d.Read(dst)
		if n%channels != 0 || n > len(dst) {
			t.Fatalf("read %d values of %d channels into %d", n, channels, len(dst))
		}
		if n > 0 {
			idle = 0
		}
		all = append(all, dst[:n]...)
		if err != nil {
			return all, err
		}
	}
	t.Fatal("decoder yields neither samples nor an end")
	return nil, nil
}

func decodeAll(t testing.TB, file []byte) (Info, []float32, error) {
	t.Helper()
	d, err := Open(bytes.NewReader(file))
	if err != nil {
		return Info{}, nil, err
	}
	samples, err := readAll(t, d, 4096)
	return d.Info(), samples, err
}

func assertNear(t *testing.T, got, want []float32, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d values, want %d", len(got), len(want))
	}
	for i := range want {
		if !(math.Abs(float64(got[i]-want[i])) <= tolerance) {
			t.Fatalf("value %d is %v, want %v", i, got[i], want[i])
		}
	}
}

func assertCode(t *testing.T, err error, want fault.Code, words string) {
	t.Helper()
	if fault.CodeOf(err) != want || !strings.Contains(err.Error(), words) {
		t.Errorf("got %v, want %s with %q", err, want, words)
	}
}

func TestFMT5_OtherContentIsNamed(t *testing.T) {
	tests := map[string]struct{ file, words string }{
		"nothing":        {"", "empty"},
		"HTML":           {"\n <!DOCTYPE html><html><body>404</body></html>", "HTML"},
		"HTML with BOM":  {"\xef\xbb\xbf<html>", "HTML"},
		"XML":            {"<?xml version='1.0'?><Error/>", "XML"},
		"JSON":           {`{"error": "gone"}`, "JSON"},
		"text":           {"no such file\n", "text"},
		"one letter":     {"x", "text"},
		"a playlist":     {"#EXTM3U\nhttp://example.org/a.mp3\n", "M3U"},
		"MP4":            {"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00", "MP4"},
		"AAC":            {"\xff\xf1\x50\x80\x01\x7f\xfc" + strings.Repeat("\x00", 600), "AAC"},
		"PNG":            {"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "PNG"},
		"zeros":          {strings.Repeat("\x00", 100_000), "unknown"},
		"a tagged page":  {"ID3\x04\x00\x00\x00\x00\x00\x02xx<html>", "HTML"},
		"RIFF, no sound": {"RIFF\x00\x00\x00\x00AVI LIST" + strings.Repeat("\x00", 600), "unknown"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Open(strings.NewReader(test.file))
			assertCode(t, err, fault.UnsupportedFormat, test.words)
		})
	}
}

func TestTheInputsFailureComesFirst(t *testing.T) {
	stall := fault.New(fault.SourceStalled, "nothing for 5s")
	file := wavOf(wavFormat{tag: wavPCM, channels: 1, rate: 8000, bits: 16}, make([]byte, 16000))
	for _, cut := range []int{0, 3, 20, 44, 45, 1000, len(file)} {
		d, err := Open(io.MultiReader(bytes.NewReader(file[:cut]), iotest.ErrReader(stall)))
		if err == nil {
			var samples []float32
			samples, err = readAll(t, d, 512)
			if len(samples) != (cut-44)/2 {
				t.Errorf("cut at %d: %d samples", cut, len(samples))
			}
			if cut == len(file) {
				if err != io.EOF {
					t.Errorf("a whole sound ended with %v", err)
				}
				continue
			}
		}
		assertCode(t, err, fault.SourceStalled, "5s")
	}
	_, err := Open(iotest.ErrReader(errors.New("broken")))
	assertCode(t, err, fault.FetchFailed, "reading")
}

type panicking struct{ Decoder }

func (panicking) Read([]float32) (int, error) { panic("corrupt") }

func TestADecodersPanicIsItsFailure(t *testing.T) {
	g := &guard{decoder: panicking{}, info: Info{Channels: 1, SampleRate: 8000}, in: newInput(strings.NewReader(""))}
	_, err := g.Read(make([]float32, 1))
	assertCode(t, err, fault.DecodeFailed, "panicked")
}
