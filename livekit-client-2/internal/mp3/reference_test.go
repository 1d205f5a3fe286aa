package mp3

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The tests of this file hold the decoder against mpg123 and ffmpeg, and need lame for some
// streams. They skip where these aren't installed; TestFMT1_FixturesAsMpg123DecodesThem compares everywhere.

// maxRMS is the largest RMS difference to another decoder put up with, a sixteenth of the
// last of 16 bits: float32 arithmetic in another order gives some 1e-7, ffmpeg's up to 1e-6.
const maxRMS = 2e-6

func needTools(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not installed", name)
		}
	}
}

func output(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(name, args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, stderr.String())
	}
	return out
}

func mpg123(t *testing.T, file string) []float32 {
	return floats(output(t, "mpg123", "-q", "-e", "f32", "-s", file))
}

func ffmpeg(t *testing.T, file string) []float32 {
	return floats(output(t, "ffmpeg", "-v", "fatal", "-f", "mp3", "-i", file, "-f", "f32le", "-"))
}

func wantSame(t *testing.T, who string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d values, %s has %d", len(got), who, len(want))
	}
	n := min(len(got), len(want))
	if rms, most := difference(got[:n], want[:n]); rms > maxRMS || n == 0 {
		t.Errorf("RMS difference to %s %.2g, most %.2g", who, rms, most)
	}
}

// randomStreams are streams with all of the syntax, by name.
func randomStreams(frames int, seed uint64) map[string][]byte {
	streams := map[string][]byte{}
	add := func(name string, s randomStream) {
		s.bitrate = 14
		s.rand = rand.New(rand.NewPCG(seed, uint64(len(streams))))
		streams[name] = s.frames(frames)
	}
	for version := range uint8(4) {
		if version == 1 {
			continue // reserved
		}
		for rate, hz := range sampleRates[version] {
			// Where MPEG-2 leaves mixed blocks open, decoders differ.
			mixed := version == mpeg1
			name := fmt.Sprintf("%d-", hz)
			add(name+"mono", randomStream{version: version, rateIndex: rate, mode: modeMono, mixed: mixed})
			add(name+"stereo-crc", randomStream{version: version, rateIndex: rate, mode: 0, mixed: mixed, protected: true})
			for ext, joint := range [4]string{"joint", "intensity", "ms", "both"} {
				mixed := mixed || version == mpeg2 && ext&1 == 0
				add(name+joint, randomStream{version: version, rateIndex: rate, mode: modeJoint, modeExt: uint8(ext), mixed: mixed})
			}
		}
	}
	return streams
}

// ffmpeg is no judge of these streams: it rounds the values of codes with linbits.
func TestRandomStreamsAgainstMpg123(t *testing.T) {
	needTools(t, "mpg123")
	dir := t.TempDir()
	for name, data := range randomStreams(12, 7) {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(dir, name+".mp3")
			if err := os.WriteFile(file, data, 0o600); err != nil {
				t.Fatal(err)
			}
			d, got := decodeAll(t, data)
			if s := d.Stats(); s.Concealed != 0 || s.Skipped != 0 || s.Frames != 12 {
				t.Errorf("%+v", s)
			}
			wantSame(t, "mpg123", got, mpg123(t, file))
		})
	}
}

func wavFile(dir, sound string, rate int) string {
	return filepath.Join(dir, fmt.Sprintf("%s%d.wav", sound, rate))
}

// speech writes some as a WAV file.
func speech(t *testing.T, dir string, rate int) {
	raw := filepath.Join(dir, "raw.wav")
	output(t, "espeak-ng", "-w", raw, "Six sharp sounds: tick, shush, pop.")
	output(t, "sox", "-R", raw, "-r", fmt.Sprint(rate), "-c", "2", wavFile(dir, "speech", rate), "trim", "0", "1")
}

// sounds writes test sounds of one second as WAV files.
func sounds(t *testing.T, dir string, rate int) []string {
	hz := fmt.Sprint(rate)
	recipes := [][2]string{
		{"noise", "synth 1 whitenoise vol 0.5"},
		{"sweep", "synth 1 sine 50-15000 vol 0.9"},
		{"clicks", "synth 0.02 noise fade 0 0.02 0.019 pad 0 0.23 repeat 3"},
		{"wide", "synth 1 pluck C3 pluck G4"},
		{"narrow", "synth 1 pinknoise pinknoise remix 1,2v0.1 2,1v0.1"},
		{"loudest", "synth 1 square 440 gain -n"},
	}
	var files []string
	for _, recipe := range recipes {
		file := wavFile(dir, recipe[0], rate)
		args := []string{"-R", "-q", "-n", "-r", hz, "-b", "16", "-c", "2", file}
		output(t, "sox", append(args, strings.Fields(recipe[1])...)...)
		files = append(files, file)
	}
	return files
}

// lameSettings are sample rates and flags that cover what lame can write.
var lameSettings = []struct {
	rate  int
	flags string
}{
	{44100, "-b 128"}, {44100, "-b 128 -m s"}, {44100, "-b 128 -m f"}, {44100, "-b 160 -m d"},
	{44100, "-b 64 -m m"}, {44100, "-b 192 -p"}, {44100, "-b 320"}, {44100, "-b 32 -m m --resample 44.1"},
	{44100, "-V 0"}, {44100, "-V 2"}, {44100, "-V 5"}, {44100, "-V 9"}, {44100, "--abr 150 -p"},
	{44100, "--freeformat -b 240"}, {44100, "--freeformat -b 500"}, {44100, "-b 128 -t"},
	{44100, "-b 128 --allshort"}, {44100, "-b 128 --noshort"}, {44100, "-b 256 --nores"},
	{48000, "-b 128"}, {48000, "-V 3"}, {32000, "-b 96"}, {32000, "-V 4 -m m"},
	{24000, "-b 64"}, {24000, "-V 4"}, {22050, "-b 56 -p"}, {22050, "-b 160 -m s"}, {16000, "-b 32 -m m"}, {16000, "-b 64"},
	{12000, "-b 32"}, {11025, "-b 24 -m m"}, {11025, "-V 5"}, {8000, "-b 16"}, {8000, "-b 64 -m s"}, {8000, "-b 8 -m m"},
}

func TestLameStreamsAgainstOtherDecoders(t *testing.T) {
	needTools(t, "mpg123", "ffmpeg", "lame", "sox")
	dir := t.TempDir()
	wavs := map[int][]string{}
	for i, s := range lameSettings {
		if wavs[s.rate] == nil {
			wavs[s.rate] = sounds(t, dir, s.rate)
		}
		for j, wav := range wavs[s.rate] {
			if (i+j)%3 != 0 {
				continue // each setting gets two sounds
			}
			t.Run(filepath.Base(wav)+" "+s.flags, func(t *testing.T) {
				file := filepath.Join(dir, "test.mp3")
				lame(t, s.rate, s.flags, wav, file)
				checkLameStream(t, file, s.rate, s.flags)
			})
		}
	}
}

func lame(t *testing.T, rate int, flags, wav, file string) {
	t.Helper()
	args := append(strings.Fields(flags), "--quiet", "--resample", fmt.Sprint(float64(rate)/1000), wav, file)
	output(t, "lame", args...)
}

// checkLameStream checks the decoding of one second that lame has encoded.
func checkLameStream(t *testing.T, file string, rate int, flags string) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d, got := decodeAll(t, data)
	if s := d.Stats(); s.Concealed != 0 || s.Skipped != 0 {
		t.Errorf("%+v", s)
	}
	wantSame(t, "mpg123", got, mpg123(t, file))
	if strings.Contains(flags, "--freeformat") {
		return // ffmpeg can't, and lame writes no tag
	}
	if d.Samples() < 0 {
		t.Log("no tag: the frames are too short for it")
	} else if d.Samples() != int64(rate) || len(got) != rate*d.Channels() {
		t.Errorf("announced %d, decoded %d samples, want %d", d.Samples(), len(got)/d.Channels(), rate)
	}
	if rate != 24000 { // ffmpeg has 330 where 13818-3, table B.2, has the band edge 332
		wantSame(t, "ffmpeg", got, ffmpeg(t, file))
	}
}
