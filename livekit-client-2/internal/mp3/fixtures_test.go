package mp3

import (
	"encoding/binary"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The fixtures are short MP3 files, testdata/*.mp3, each with what mpg123 made of it, *.ref:
// the number of samples times channels, then every refStep-th as float32, all little-endian.
// They are made anew by: go test -run TestFMT1_FixturesAsMpg123DecodesThem -update (needs lame, sox, espeak-ng and
// mpg123).

var update = flag.Bool("update", false, "make the fixtures anew")

// refStep is odd, so that both channels are sampled.
const refStep = 23

func TestFMT1_FixturesAsMpg123DecodesThem(t *testing.T) {
	if *update {
		makeFixtures(t)
	}
	files, err := filepath.Glob("testdata/*.mp3")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d fixtures, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".mp3"), func(t *testing.T) {
			data, ref := readFixture(t, file)
			d, got := decodeAll(t, data)
			if s := d.Stats(); s.Skipped != 0 {
				t.Errorf("%+v", s)
			}
			if want := int(binary.LittleEndian.Uint32(ref)); len(got) != want {
				t.Errorf("%d values, want %d", len(got), want)
			}
			if d.Samples() >= 0 && int(d.Samples())*d.Channels() != len(got) {
				t.Errorf("%d values, %d samples announced", len(got), d.Samples())
			}
			want := floats(ref[4:])
			if rms, most := difference(every(got, refStep), want); rms > maxRMS {
				t.Errorf("RMS difference %.2g, most %.2g", rms, most)
			}
		})
	}
}

func readFixture(t testing.TB, file string) (data, ref []byte) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	ref, err = os.ReadFile(strings.TrimSuffix(file, ".mp3") + ".ref")
	if err != nil {
		t.Fatal(err)
	}
	return data, ref
}

// every returns every n-th value.
func every(x []float32, n int) []float32 {
	var out []float32
	for i := 0; i < len(x); i += n {
		out = append(out, x[i])
	}
	return out
}

// fixtures are how the files are made: the sound (of those of the function sounds, or speech)
// and lame's settings.
var fixtures = []struct {
	name, sound string
	rate        int
	flags       string
}{
	{"cbr128-joint", "narrow", 44100, "-b 128"},
	{"cbr128-stereo", "wide", 44100, "-b 128 -m s"},
	{"cbr64-mono-speech", "speech", 44100, "-b 64 -m m"},
	{"cbr320-transients", "clicks", 44100, "-b 320"},
	{"cbr192-allshort", "narrow", 44100, "-b 192 --allshort"},
	{"cbr160-crc", "narrow", 44100, "-b 160 -p"},
	{"cbr128-dual", "sweep", 44100, "-b 128 -m d"},
	{"cbr128-notag", "sweep", 44100, "-b 128 -t"},
	{"vbr2-joint", "clicks", 44100, "-V 2"},
	{"vbr9-noise", "noise", 44100, "-V 9"},
	{"free240", "wide", 44100, "--freeformat -b 240"},
	{"48000-cbr96", "narrow", 48000, "-b 96"},
	{"32000-vbr5", "clicks", 32000, "-V 5"},
	{"24000-speech", "speech", 24000, "-b 48 -m m"},
	{"22050-joint", "narrow", 22050, "-b 64"},
	{"16000-speech", "speech", 16000, "-b 24 -m m"},
	{"12000-joint", "clicks", 12000, "-b 32"},
	{"11025-mono", "sweep", 11025, "-b 16 -m m"},
	{"8000-speech", "speech", 8000, "-b 8 -m m"},
	{"8000-stereo", "loudest", 8000, "-b 64 -m s"},
}

// randomFixtures are those random streams that are kept as fixtures too.
var randomFixtures = []string{
	"44100-mono", "44100-ms", "44100-both", "48000-intensity", "32000-both", "32000-stereo-crc",
	"22050-intensity", "24000-both", "16000-mono", "24000-ms", "11025-intensity", "8000-both", "12000-stereo-crc",
}

func makeFixtures(t *testing.T) {
	needTools(t, "mpg123", "lame", "sox", "espeak-ng")
	dir := t.TempDir()
	for _, f := range fixtures {
		sounds(t, dir, f.rate)
		speech(t, dir, f.rate)
		cut := filepath.Join(dir, "cut.wav")
		output(t, "sox", wavFile(dir, f.sound, f.rate), cut, "trim", "0.1", "0.3")
		file := filepath.Join("testdata", f.name+".mp3")
		lame(t, f.rate, f.flags, cut, file)
		makeReference(t, file)
	}
	streams := randomStreams(4, 1)
	for _, name := range randomFixtures {
		file := filepath.Join("testdata", "random-"+name+".mp3")
		if err := os.WriteFile(file, streams[name], 0o644); err != nil {
			t.Fatal(err)
		}
		makeReference(t, file)
	}
}

func makeReference(t *testing.T, file string) {
	want := mpg123(t, file)
	ref := binary.LittleEndian.AppendUint32(nil, uint32(len(want)))
	for _, v := range every(want, refStep) {
		ref = binary.LittleEndian.AppendUint32(ref, math.Float32bits(v))
	}
	if err := os.WriteFile(strings.TrimSuffix(file, ".mp3")+".ref", ref, 0o644); err != nil {
		t.Fatal(err)
	}
}
