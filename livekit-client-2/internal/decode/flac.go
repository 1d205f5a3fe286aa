package decode

import (
	"io"

	"server-playback/livekit-client-2/internal/decode/flac"
	"server-playback/livekit-client-2/internal/decode/ogg"
)

// flacDecoder adapts package flac.
type flacDecoder struct {
	*flac.Decoder
	container string
}

func openFLAC(in *input) (Decoder, error) { return newFLAC(in, "flac") }

func newFLAC(r io.Reader, container string) (Decoder, error) {
	decoder, err := flac.NewDecoder(r)
	if err != nil {
		return nil, err
	}
	return flacDecoder{decoder, container}, nil
}

// oggFLACHeader stands in Ogg before FLAC's own signature: a type, a version and a count of headers
// (RFC 9639, section 10.1).
const oggFLACHeader = 9

func isOggFLAC(packet []byte) bool {
	return magic(packet, 0, "\x7fFLAC\x01") && len(packet) > oggFLACHeader
}

// openOggFLAC opens FLAC in Ogg, whose packets are FLAC's own blocks and frames.
func openOggFLAC(reader *ogg.Reader, first ogg.Packet) (Decoder, error) {
	reader.Follow(first)
	return newFLAC(&packetReader{reader: reader, rest: first.Data[oggFLACHeader:]}, "ogg")
}

// packetReader reads the packets of one logical stream as bytes.
type packetReader struct {
	reader *ogg.Reader
	rest   []byte
}

func (p *packetReader) Read(dst []byte) (int, error) {
	for len(p.rest) == 0 {
		packet, err := p.reader.Next()
		if err != nil {
			return 0, err
		}
		if !packet.First {
			p.rest = packet.Data
		}
	}
	n := copy(dst, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

func (d flacDecoder) Info() Info {
	return Info{
		Container:  d.container,
		Codec:      "flac",
		SampleRate: d.SampleRate(),
		Channels:   d.Channels(),
		Samples:    d.Samples(),
	}
}

func (d flacDecoder) Report() Report {
	return Report{SkippedBytes: d.Skipped(), Concealed: d.Damaged(), Lost: d.Muted()}
}
