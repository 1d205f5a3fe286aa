package decode

import (
	"bytes"
	"io"
	"slices"
	"testing"

	"github.com/thesyncim/gopus/container/ogg"

	"server-playback/livekit-client-2/internal/opus"
)

// oggOpus is a second of Opus with a page for each packet of 20 ms.
func oggOpus(t *testing.T) []byte {
	t.Helper()
	encoder, err := opus.NewEncoder(opus.Default(1))
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	w, err := ogg.NewWriter(&file, opus.SampleRate, 1)
	if err != nil {
		t.Fatal(err)
	}
	pcm, packet := make([]float32, 960), make([]byte, opus.MaxPacketBytes)
	for at := 0; at < opus.SampleRate; at += len(pcm) {
		for i := range pcm {
			pcm[i] = float32(tone(0, at+i, opus.SampleRate))
		}
		n, err := encoder.Encode(packet, pcm)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.WritePacket(packet[:n], len(pcm)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// pages cuts an Ogg file.
func pages(file []byte) (pages [][]byte) {
	for len(file) > 0 {
		end := len(file)
		if next := bytes.Index(file[4:], []byte("OggS")); next >= 0 {
			end = next + 4
		}
		pages, file = append(pages, file[:end]), file[end:]
	}
	return pages
}

func TestFMT4_LostPagesAreCountedByTheirPositions(t *testing.T) {
	file := oggOpus(t)
	_, whole, err := decodeAll(t, file)
	if err != io.EOF {
		t.Fatal(err)
	}
	cut := pages(file)
	if len(cut) < 50 {
		t.Fatalf("%d pages", len(cut))
	}
	for _, lost := range []int{1, 7} {
		d, err := Open(bytes.NewReader(slices.Concat(slices.Concat(cut[:20]...), slices.Concat(cut[20+lost:]...))))
		if err != nil {
			t.Fatal(err)
		}
		samples, err := readAll(t, d, 4096)
		report := d.Report()
		if err != io.EOF || report.Concealed != 1 || report.Lost != int64(lost)*960 || len(samples)+int(report.Lost) != len(whole) {
			t.Errorf("%d pages lost: %d samples of %d, %+v, %v", lost, len(samples), len(whole), report, err)
		}
	}
}
