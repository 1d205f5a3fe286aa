package decode

import "server-playback/livekit-client-2/internal/decode/vorbis"

// vorbisCodec adapts package vorbis.
type vorbisCodec struct{ decoder *vorbis.Decoder }

func (c *vorbisCodec) format() (codec string, rate, channels int, preSkip int64) {
	return "vorbis", c.decoder.SampleRate(), c.decoder.Channels(), 0
}

func (c *vorbisCodec) begin(packet []byte) (err error) {
	c.decoder, err = vorbis.NewDecoder(packet)
	return err
}

func (c *vorbisCodec) header(packet []byte) (bool, error) { return c.decoder.Header(packet) }

// decode drops the block before a damaged packet too: the two would have overlapped.
func (c *vorbisCodec) decode(packet []byte) ([]float32, bool) {
	samples, err := c.decoder.Decode(packet)
	if err != nil {
		c.decoder.Reset()
		return nil, false
	}
	return samples, true
}
