package decode

import (
	"bufio"
	"io"

	"server-playback/livekit-client-2/internal/decode/ogg"
	"server-playback/livekit-client-2/internal/opus"
)

// OpusPacket is a packet of an Opus sound, not decoded.
type OpusPacket struct {
	Data   []byte // valid until the next call
	Frames int    // samples a channel that it decodes to
	// From and To say which of these belong to the sound.
	From, To int
	// Fresh says that the packets before are of another stream: a decoder starts anew.
	Fresh bool
	// Gain is what its samples are multiplied by.
	Gain float32
}

// OpusPackets gives the packets of a sound that is Opus in Ogg. One goroutine uses it.
type OpusPackets struct {
	in      *input
	decoder *oggDecoder
	codec   *undecoded
	err     error
}

// opusHeaderAt is where in an Ogg stream of nothing but Opus the identification header begins: after
// a page header with one lacing value.
const opusHeaderAt = 28

// OpenOpus opens r, which looks ahead by at least 47 bytes, as Opus of so many channels, 1 or 2, with
// no gain of its own. It is nil where r is something else; nothing was read then.
func OpenOpus(r *bufio.Reader, channels int) (*OpusPackets, error) {
	head, err := r.Peek(opusHeaderAt + 19)
	if err != nil || !magic(head, 0, "OggS") || !magic(head, opusHeaderAt, "OpusHead") {
		return nil, nil
	}
	head = head[opusHeaderAt:]
	if plain := int(head[9]) == channels && head[16] == 0 && head[17] == 0 && head[18] == 0; !plain {
		return nil, nil
	}
	in, codec := newInput(r), &undecoded{}
	p := &OpusPackets{in: in, codec: codec, decoder: &oggDecoder{reader: ogg.NewReader(in.Reader), codec: codec}}
	if err := p.begin(); err != nil {
		return nil, in.fault(err)
	}
	return p, nil
}

func (p *OpusPackets) begin() (err error) {
	defer recoverTo(&err)
	first, err := p.decoder.reader.Next()
	if err != nil {
		return err
	}
	if err := p.decoder.begin(first); err != nil {
		return err
	}
	codec, rate, channels, _ := p.codec.format()
	p.decoder.info = Info{Container: "ogg", Codec: codec, SampleRate: rate, Channels: channels, Samples: -1}
	return nil
}

// Info says what was found.
func (p *OpusPackets) Info() Info { return p.decoder.info }

// Report says what is missing so far, other than by packets that cannot be decoded.
func (p *OpusPackets) Report() Report { return p.decoder.Report() }

// Next gives the next packet. The end is io.EOF, or a *fault.Error as that of Decoder.Read.
func (p *OpusPackets) Next() (OpusPacket, error) {
	if p.err != nil {
		return OpusPacket{}, p.err
	}
	packet, err := p.next()
	if err != nil && (err != io.EOF || p.in.err != nil) {
		err = p.in.fault(err)
	}
	p.err = err
	return packet, err
}

func (p *OpusPackets) next() (packet OpusPacket, err error) {
	defer recoverTo(&err)
	p.codec.packet = nil
	for p.codec.packet == nil {
		if err := p.decoder.step(); err != nil {
			return packet, err
		}
	}
	all, heard := p.codec.pcm, p.decoder.sound
	channels := p.codec.channels
	from := (cap(all) - cap(heard)) / channels
	packet = OpusPacket{
		Data: p.codec.packet, Frames: opusFrames(p.codec.packet),
		From: from, To: from + len(heard)/channels,
		Fresh: p.codec.fresh, Gain: p.codec.gain,
	}
	p.codec.fresh = false
	return packet, nil
}

// undecoded is an opusCodec that keeps a packet instead of decoding it; the samples that it gives
// only show what is cut off.
type undecoded struct {
	opusCodec
	packet []byte
	fresh  bool
}

func (c *undecoded) begin(packet []byte) error {
	err := c.opusCodec.begin(packet)
	if c.opusCodec.decoder != nil {
		c.opusCodec.decoder = noDecoder{}
	}
	c.fresh = true
	return err
}

func (c *undecoded) decode(packet []byte) ([]float32, bool) {
	c.packet = packet
	frames := opusFrames(packet)
	return c.pcm[:frames*c.channels], frames > 0
}

// noDecoder stands for a decoder that is never asked.
type noDecoder struct{}

func (noDecoder) Decode([]float32, []byte) (int, error) { return 0, opus.ErrPacket }
func (noDecoder) Reset()                                {}
