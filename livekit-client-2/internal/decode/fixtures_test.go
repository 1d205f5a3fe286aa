package decode

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"server-playback/livekit-client-2/internal/fault"
)

// fixture is a file of testdata, whose name says what it holds.
type fixture struct {
	name           string
	data           []byte
	rate, channels int
	frames         int
}

// fixtures lists the files whose names start with one of prefixes, or all.
func fixtures(t testing.TB, prefixes ...string) []fixture {
	t.Helper()
	paths, err := filepath.Glob("testdata/*-*-*.*")
	if err != nil || len(paths) == 0 {
		t.Fatal("no fixtures: ", err)
	}
	var found []fixture
	for _, path := range paths {
		f := fixture{name: filepath.Base(path)}
		if len(prefixes) > 0 && !hasPrefix(f.name, prefixes) {
			continue
		}
		parts := strings.Split(strings.TrimSuffix(f.name, filepath.Ext(path)), "-")
		fmt.Sscan(parts[len(parts)-2], &f.rate)
		fmt.Sscan(parts[len(parts)-1], &f.channels)
		f.frames = f.rate / 2
		if hasPrefix(f.name, []string{"wav-", "aif"}) {
			f.frames = f.rate / 10
		}
		if f.data, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
		found = append(found, f)
	}
	return found
}

func hasPrefix(name string, prefixes []string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// tolerance is how far, RMS, a fixture's samples may be from the tones that went in.
func tolerance(name string) float64 {
	for prefix, limit := range map[string]float64{
		"mp3": 0.02, "vorbis": 0.02, "opus": 0.03,
		"wav-u8": 0.003, "flac8": 0.003, "wav-alaw": 0.02, "aiff-alaw": 0.02, "wav-mulaw": 0.02, "aiff-mulaw": 0.02,
	} {
		if strings.HasPrefix(name, prefix) {
			return limit
		}
	}
	return 1.0 / 32768
}

// tone is a channel's signal in the fixtures, in WAVE order; channel 3 of several is the low-frequency one.
func tone(channel, frame, rate int) float64 {
	hz := [...]float64{440, 880, 1320, 60, 1760, 2200}[channel]
	amplitude := [...]float64{0.5, 0.25, 0.125, 0.125, 0.125, 0.125}[channel]
	return amplitude * math.Sin(2*math.Pi*hz*float64(frame)/float64(rate))
}

func rmsError(samples []float32, channels, rate int) float64 {
	var sum float64
	for i, x := range samples {
		d := float64(x) - tone(i%channels, i/channels, rate)
		sum += d * d
	}
	return math.Sqrt(sum / float64(max(1, len(samples))))
}

// promised says whether a fixture's header has its length.
func promised(name string) bool {
	return !hasPrefix(name, []string{"flacpipe", "mp3-in-wav", "vorbis", "opus"})
}

func TestFMT1_FMT2_EveryFormatIsTheSoundThatWentIn(t *testing.T) {
	for _, f := range fixtures(t) {
		t.Run(f.name, func(t *testing.T) {
			info, samples, err := decodeAll(t, f.data)
			if err != io.EOF {
				t.Fatal(err)
			}
			if info.SampleRate != f.rate || info.Channels != f.channels {
				t.Fatalf("found %+v", info)
			}
			if len(samples) != f.frames*f.channels {
				t.Fatalf("%d frames, want %d", len(samples)/f.channels, f.frames)
			}
			if promised(f.name) && info.Samples != int64(f.frames) {
				t.Errorf("promises %d frames, want %d", info.Samples, f.frames)
			}
			if got := rmsError(samples, f.channels, f.rate); got > tolerance(f.name) {
				t.Errorf("off by %.5f RMS", got)
			}
		})
	}
}

func TestFMT1_EveryFormatIsReadHoweverItsBytesCome(t *testing.T) {
	for _, f := range fixtures(t) {
		_, want, _ := decodeAll(t, f.data)
		d, err := Open(iotest.OneByteReader(bytes.NewReader(f.data)))
		if err != nil {
			t.Fatal(f.name, err)
		}
		got, err := readAll(t, d, 100)
		if err != io.EOF {
			t.Error(f.name, err)
		}
		assertNear(t, got, want, 0)
	}
}

// TestFMT5_EveryFormatCutAnywhere ends with an error where the length was promised, and never with more
// sound than there was.
func TestFMT5_EveryFormatCutAnywhere(t *testing.T) {
	for _, f := range fixtures(t) {
		for cut := range len(f.data) {
			// Headers and the end at every place, the sound between at some.
			if cut > 300 && cut < len(f.data)-16 && cut%(len(f.data)/30+1) != 0 {
				continue
			}
			info, samples, err := decodeAll(t, f.data[:cut])
			if len(samples) > f.frames*f.channels {
				t.Errorf("%s cut at %d: %d values", f.name, cut, len(samples))
			}
			if err == io.EOF && info.Samples >= 0 && len(samples) < f.frames*f.channels {
				t.Errorf("%s cut at %d counts as whole", f.name, cut)
			}
			if err != io.EOF {
				if code := fault.CodeOf(err); code != fault.DecodeFailed && code != fault.UnsupportedFormat {
					t.Errorf("%s cut at %d: %v", f.name, cut, err)
				}
			}
		}
	}
}

func TestFMT5_EveryFormatWithFlippedBits(t *testing.T) {
	for _, f := range fixtures(t) {
		for at := 0; at < len(f.data); at += max(1, len(f.data)/80) {
			damaged := bytes.Clone(f.data)
			damaged[at] ^= 1 << (at % 8)
			fuzzFile(t, damaged)
		}
	}
}

func TestReadingDoesNotAllocate(t *testing.T) {
	for _, f := range fixtures(t) {
		d, err := Open(bytes.NewReader(f.data))
		if err != nil {
			t.Fatal(f.name, err)
		}
		dst := make([]float32, 64*f.channels)
		for range f.frames / 64 / 3 {
			d.Read(dst)
		}
		most := 0.0
		if f.name == "opus-48000-6.opus" {
			most = 1 // the library's surround decoder makes its output anew
		}
		if allocs := testing.AllocsPerRun(f.frames/64/3, func() { d.Read(dst) }); allocs > most {
			t.Errorf("%s: %v allocations a read", f.name, allocs)
		}
	}
}

func TestFMT1_ChainedOpusPlaysOn(t *testing.T) {
	var chain []byte
	frames := 0
	for _, f := range fixtures(t, "opus") {
		if f.channels == 1 {
			chain, frames = append(chain, f.data...), frames+f.frames
		}
	}
	stereo := fixtures(t, "opus-48000-2")[0]
	for name, test := range map[string]struct {
		data   []byte
		values int
	}{
		"mono, then stereo": {append(bytes.Clone(chain), stereo.data...), frames + stereo.frames},
		"stereo, then mono": {append(bytes.Clone(stereo.data), chain...), 2 * (frames + stereo.frames)},
	} {
		_, samples, err := decodeAll(t, test.data)
		if err != io.EOF || len(samples) != test.values {
			t.Errorf("%s: %d values, want %d, %v", name, len(samples), test.values, err)
		}
	}
}

func TestOggWithoutItsLastPageEndedEarly(t *testing.T) {
	f := fixtures(t, "opus20")[0]
	last := bytes.LastIndex(f.data, []byte("OggS"))
	_, _, err := decodeAll(t, f.data[:last])
	assertCode(t, err, fault.DecodeFailed, "ended early")
}

func TestFMT4_ADamagedStretchIsSkippedAndSaid(t *testing.T) {
	for _, f := range fixtures(t, "flac16", "mp3-44100") {
		damaged := bytes.Clone(f.data)
		for i := range 40 {
			damaged[len(damaged)/2+100+i] ^= 0x55
		}
		d, err := Open(bytes.NewReader(damaged))
		if err != nil {
			t.Fatal(f.name, err)
		}
		samples, err := readAll(t, d, 4096)
		if err != io.EOF || len(samples) != f.frames*f.channels {
			t.Errorf("%s: %d values, %v", f.name, len(samples), err)
		}
		// MP3 without checksums decodes a damaged frame to some sound.
		report, info := d.Report(), d.Info()
		if info.Codec == "flac" && (report.Concealed == 0 || report.Lost == 0 || report.Lost > int64(f.frames)) {
			t.Errorf("%s: says nothing of the damage: %+v", f.name, report)
		}
	}
}

func TestMP3InWAV(t *testing.T) {
	f := fixtures(t, "mp3-44100")[0]
	info, samples, err := decodeAll(t, wavOf(wavFormat{tag: wavMP3, channels: 2, rate: 44100}, f.data))
	if err != io.EOF || info.Container != "wav" || info.Codec != "mp3" || len(samples) != 2*f.frames {
		t.Errorf("found %+v, %d values, %v", info, len(samples), err)
	}
}

func TestTagsBeforeAnyFormat(t *testing.T) {
	tag := []byte("ID3\x03\x00\x00\x00\x00\x02\x00" + strings.Repeat("t", 256))
	for _, f := range fixtures(t) {
		_, samples, err := decodeAll(t, append(bytes.Clone(tag), f.data...))
		if err != io.EOF || len(samples) != f.frames*f.channels {
			t.Errorf("%s: %d values, %v", f.name, len(samples), err)
		}
	}
}
