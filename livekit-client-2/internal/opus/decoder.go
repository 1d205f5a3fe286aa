package opus

import (
	"fmt"

	"github.com/thesyncim/gopus"
)

// goDecoder is the decoder in pure Go.
type goDecoder struct{ dec codec }

// codec is what the library's decoders of one and of several streams have in common.
type codec interface {
	Decode(data []byte, pcm []float32) (int, error)
	Reset()
}

func newDecoder(channels int) (Decoder, error) {
	dec, err := gopus.NewDecoder(gopus.DefaultDecoderConfig(SampleRate, channels))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return &goDecoder{dec: dec}, nil
}

func newSurroundDecoder(s Surround) (Decoder, error) {
	dec, err := gopus.NewMultistreamDecoder(SampleRate, len(s.Mapping), s.Streams, s.Coupled, s.Mapping)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return &goDecoder{dec: dec}, nil
}

func (d *goDecoder) Decode(pcm []float32, packet []byte) (int, error) {
	if len(packet) == 0 { // to the codec that is a lost packet, to be made up
		return 0, ErrPacket
	}
	n, err := d.dec.Decode(packet, pcm)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrPacket, err)
	}
	return n, nil
}

func (d *goDecoder) Reset() { d.dec.Reset() }
