package decode

import (
	"bytes"
	"strings"
	"testing"

	"server-playback/livekit-client-2/internal/fault"
)

// fuzzLimit bounds what one input may yield, in values: a few bytes can stand for much silence.
const fuzzLimit = 1 << 20

// fuzzFile decodes a file, whatever it is, and holds what Decoder promises.
func fuzzFile(t *testing.T, file []byte) {
	d, err := Open(bytes.NewReader(file))
	if err != nil {
		assertKnown(t, err)
		return
	}
	info := d.Info()
	if checkInfo(info) != nil || info.Samples < -1 {
		t.Fatalf("opened with %+v", info)
	}
	dst := make([]float32, max(1152, info.Channels))
	idle := 0
	for total := 0; total < fuzzLimit && idle < 1000; idle++ {
		n, err := d.Read(dst)
		total += n
		if n < 0 || n > len(dst) || n%info.Channels != 0 {
			t.Fatalf("read %d values of %d channels", n, info.Channels)
		}
		for _, x := range dst[:n] {
			if x != x || x < -16 || x > 16 {
				t.Fatalf("a sample of %v", x)
			}
		}
		if err != nil {
			assertKnown(t, err)
			return
		}
		if n > 0 {
			idle = 0
		}
	}
	if idle == 1000 {
		t.Fatal("yields neither samples nor an end")
	}
}

func assertKnown(t *testing.T, err error) {
	if strings.Contains(err.Error(), "panicked") {
		t.Fatal(err)
	}
	switch code := fault.CodeOf(err); code {
	case fault.UnsupportedFormat, fault.DecodeFailed:
	default:
		if err.Error() != "EOF" {
			t.Fatalf("ended with %v", err)
		}
	}
}

func FuzzWAV(f *testing.F) {
	data := make([]byte, 48)
	for _, tag := range []int{wavPCM, wavFloat, wavALaw, wavMuLaw, wavMP3} {
		for _, bits := range []int{8, 16, 24, 32, 64} {
			f.Add(wavOf(wavFormat{tag, 2, 44100, bits, bits == 24}, data))
		}
	}
	f.Add(riff(chunkOf("ds64", le(8, 1, 2, 3)), chunkOf("LIST", data)))
	f.Fuzz(func(t *testing.T, file []byte) { fuzzFile(t, file) })
}

// fuzzFormat fuzzes from the fixtures of one format.
func fuzzFormat(f *testing.F, prefixes ...string) {
	for _, fixture := range fixtures(f, prefixes...) {
		f.Add(fixture.data)
	}
	f.Fuzz(func(t *testing.T, file []byte) { fuzzFile(t, file) })
}

func FuzzAIFF(f *testing.F)   { fuzzFormat(f, "aif") }
func FuzzMP3(f *testing.F)    { fuzzFormat(f, "mp3") }
func FuzzFLAC(f *testing.F)   { fuzzFormat(f, "flac") }
func FuzzVorbis(f *testing.F) { fuzzFormat(f, "vorbis") }
func FuzzOpus(f *testing.F)   { fuzzFormat(f, "opus") }
