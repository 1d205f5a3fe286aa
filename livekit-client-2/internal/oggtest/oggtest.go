// Package oggtest makes Opus files for tests.
package oggtest

import (
	"slices"
	"testing"

	"github.com/thesyncim/gopus/container/ogg"

	"server-playback/livekit-client-2/internal/opus"
)

// packetsPerPage keeps a page's table of lengths within its 255 entries.
const packetsPerPage = 20

// Sound is an Opus file, and what it is made of.
type Sound struct {
	File    []byte
	Packets [][]byte
	Config  opus.Config
	PCM     []float32 // that was encoded
	PreSkip int
}

// Encode makes an Opus file of pcm, whose length and look-ahead it gives as RFC 7845 asks for.
func Encode(t testing.TB, config opus.Config, pcm []float32) Sound {
	t.Helper()
	encoder, err := opus.NewEncoder(config)
	if err != nil {
		t.Fatal(err)
	}
	s := Sound{Config: config, PCM: pcm, PreSkip: encoder.Lookahead()}
	padded := append(slices.Clone(pcm), make([]float32, s.PreSkip*config.Channels+config.Samples())...)
	total := s.PreSkip + len(pcm)/config.Channels
	for n := 0; n < total; n += config.Frames() {
		packet := make([]byte, opus.MaxPacketBytes)
		size, err := encoder.Encode(packet, padded[:config.Samples()])
		if err != nil {
			t.Fatal(err)
		}
		s.Packets = append(s.Packets, packet[:size])
		padded = padded[config.Samples():]
	}
	s.File = File(s.Packets, config, s.PreSkip, total)
	return s
}

// File puts packets into Ogg: total is the granule position of the end.
func File(packets [][]byte, config opus.Config, preSkip, total int) []byte {
	head := ogg.DefaultOpusHead(opus.SampleRate, uint8(config.Channels))
	head.PreSkip = uint16(preSkip)
	w := &writer{}
	w.page(ogg.PageFlagBOS, 0, head.Encode())
	w.page(0, 0, ogg.DefaultOpusTags().Encode())
	for at := 0; at < len(packets); at += packetsPerPage {
		end := min(at+packetsPerPage, len(packets))
		flags, granule := byte(0), end*config.Frames()
		if end == len(packets) {
			flags, granule = ogg.PageFlagEOS, total
		}
		w.page(flags, granule, packets[at:end]...)
	}
	return w.file
}

type writer struct {
	file  []byte
	pages uint32
}

func (w *writer) page(flags byte, granule int, packets ...[]byte) {
	page := ogg.Page{HeaderType: flags, GranulePos: uint64(granule), SerialNumber: 7, PageSequence: w.pages}
	for _, packet := range packets {
		page.Segments = append(page.Segments, ogg.BuildSegmentTable(len(packet))...)
		page.Payload = append(page.Payload, packet...)
	}
	w.file = append(w.file, page.Encode()...)
	w.pages++
}
