package opus

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/thesyncim/gopus/container/ogg"
)

// The C library is the judge of what the packets mean: where opusdec is installed it must
// hear what our own decoder hears.
func TestLibopusDecodesThePackets(t *testing.T) {
	opusdec, err := exec.LookPath("opusdec")
	if err != nil {
		t.Skip("opusdec (opus-tools) is not installed")
	}
	c := usual()
	pcm := busy(2*SampleRate, 1)
	packets := encodeAll(t, mustEncoder(t, c), c, pcm)
	file := filepath.Join(t.TempDir(), "out.opus")
	if err := os.WriteFile(file, oggOpus(t, packets), 0o600); err != nil {
		t.Fatal(err)
	}
	raw, err := exec.Command(opusdec, "--quiet", "--rate", "48000", "--float", "--no-dither", file, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	theirs := floats(raw)
	ours := decodeAll(t, mustDecoder(t, 1), 1, packets)
	skip := len(ours) - len(theirs) // opusdec cuts the pre-skip
	if skip < 0 || skip > SampleRate/50 {
		t.Fatalf("opusdec gave %d frames, we %d", len(theirs), len(ours))
	}
	if q := snr(theirs, ours[skip:]); q < 60 {
		t.Errorf("the two decoders agree only to %.1f dB", q)
	}
}

func oggOpus(t *testing.T, packets [][]byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w, err := ogg.NewWriter(&buf, SampleRate, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packets {
		if err := w.WritePacket(p, SampleRate/50); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func floats(raw []byte) []float32 {
	out := make([]float32, len(raw)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	return out
}
