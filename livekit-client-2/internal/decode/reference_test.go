package decode

import (
	"encoding/binary"
	"io"
	"math"
	"os/exec"
	"strings"
	"testing"
)

// TestFMT1_EveryFormatAsFfmpegDecodesIt compares with decoders that are not ours, to 1 in the 16th bit. It
// skips where ffmpeg is not installed; the fixtures' known tones are compared with everywhere.
func TestFMT1_EveryFormatAsFfmpegDecodesIt(t *testing.T) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("ffmpeg is not installed")
	}
	for _, f := range fixtures(t) {
		t.Run(f.name, func(t *testing.T) {
			args := []string{"-v", "fatal", "-i", "testdata/" + f.name, "-f", "f32le", "-"}
			if strings.HasPrefix(f.name, "opus") { // its own decoder differs more
				args = append([]string{"-c:a", "libopus"}, args...)
			}
			raw, err := exec.Command("ffmpeg", args...).Output()
			if err != nil {
				t.Fatal(err)
			}
			_, got, err := decodeAll(t, f.data)
			if err != io.EOF {
				t.Fatal(err)
			}
			theirs := len(raw) / 4
			if theirs < len(got) { // what is cut at the end is not the same everywhere
				got = got[:theirs]
			}
			var sum float64
			for i, x := range got {
				d := float64(x - math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:])))
				sum += d * d
			}
			rms := math.Sqrt(sum / float64(len(got)))
			t.Logf("%d values, ffmpeg %d, RMS difference %.2g", len(got), theirs, rms)
			if theirs < f.frames*f.channels*98/100 || rms > 1.0/32768 {
				t.Errorf("%d values, ffmpeg %d, RMS difference %.2g", len(got), theirs, rms)
			}
		})
	}
}
