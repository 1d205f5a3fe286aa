package decode

import (
	"errors"
	"io"

	"server-playback/livekit-client-2/internal/decode/ogg"
	"server-playback/livekit-client-2/internal/fault"
)

// oggCodec decodes the packets of a logical stream, and of those chained to it.
type oggCodec interface {
	// begin takes the first packet of a logical stream, which starts anew.
	begin(packet []byte) error
	// header takes a following packet, and says whether it was a header.
	header(packet []byte) (bool, error)
	// decode yields a packet's samples, valid until the next call, or as much silence for a damaged
	// one with ok false.
	decode(packet []byte) (samples []float32, ok bool)
	// format is valid once begin has been called. preSkip is how many samples per channel to drop.
	format() (codec string, rate, channels int, preSkip int64)
}

// errOggEnd reports a stream that stops before its last page.
var errOggEnd = errors.New("ended early: the last page of the Ogg stream is missing")

// oggDecoder plays the first sound of an Ogg stream, and what is chained to it.
type oggDecoder struct {
	reader *ogg.Reader
	codec  oggCodec
	info   Info
	report Report
	sound  []float32 // not yet read

	headers bool  // header packets are still to come
	skip    int64 // samples per channel still to drop
	decoded int64 // samples per channel since the logical stream's start
	origin  int64 // granule position of the first of them, -1 until known
	torn    bool  // pages were lost since the last granule position
}

// maxTorn is the longest stretch, in s, that a step of the granule position counts as lost; a greater
// one is an edit rather than damage.
const maxTorn = 600

func openOgg(in *input) (Decoder, error) {
	d := &oggDecoder{reader: ogg.NewReader(in.Reader)}
	for d.codec == nil {
		packet, err := d.reader.Next()
		if err != nil {
			return nil, noSound(err)
		}
		if isOggFLAC(packet.Data) {
			return openOggFLAC(d.reader, packet)
		}
		if d.codec, err = oggCodecOf(packet.Data); err != nil {
			return nil, err
		}
		if d.codec == nil {
			continue
		}
		if err := d.begin(packet); err != nil {
			return nil, err
		}
	}
	codec, rate, channels, _ := d.codec.format()
	d.info = Info{Container: "ogg", Codec: codec, SampleRate: rate, Channels: channels, Samples: -1}
	if err := checkInfo(d.info); err != nil {
		return nil, err
	}
	return d, d.fill()
}

func noSound(err error) error {
	if err == io.EOF {
		return unsupported("Ogg without a sound that is known")
	}
	return err
}

// oggCodecOf finds the codec by a logical stream's first packet; it is nil for what is no sound.
func oggCodecOf(packet []byte) (oggCodec, error) {
	switch {
	case magic(packet, 0, "OpusHead"):
		return &opusCodec{}, nil
	case magic(packet, 0, "\x01vorbis"):
		return &vorbisCodec{}, nil
	case magic(packet, 0, "Speex   "):
		return nil, unsupported("Speex")
	}
	return nil, nil
}

// begin starts with a logical stream.
func (d *oggDecoder) begin(first ogg.Packet) error {
	if err := d.codec.begin(first.Data); err != nil {
		return err
	}
	d.reader.Follow(first)
	d.headers = true
	_, _, _, d.skip = d.codec.format()
	d.report.TrimmedStart += d.skip
	d.decoded, d.origin, d.torn = 0, -1, false
	return nil
}

func (d *oggDecoder) Info() Info { return d.info }

func (d *oggDecoder) Report() Report {
	report := d.report
	report.SkippedBytes = d.reader.Skipped()
	return report
}

func (d *oggDecoder) Read(dst []float32) (int, error) {
	if len(d.sound) == 0 {
		if err := d.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(dst[:len(dst)/d.info.Channels*d.info.Channels], d.sound)
	d.sound = d.sound[n:]
	return n, nil
}

// fill gets the samples of the next packet that yields some.
func (d *oggDecoder) fill() error {
	for len(d.sound) == 0 {
		if err := d.step(); err != nil {
			return err
		}
	}
	return nil
}

// step takes the next packet.
func (d *oggDecoder) step() error {
	packet, err := d.reader.Next()
	if err == io.EOF && !d.reader.Ended() {
		err = errOggEnd
	}
	if err != nil {
		return err
	}
	return d.take(packet)
}

func (d *oggDecoder) take(packet ogg.Packet) error {
	if packet.First {
		return d.chain(packet)
	}
	if d.headers {
		header, err := d.codec.header(packet.Data)
		if header || err != nil {
			return err
		}
		d.headers = false
	}
	if packet.Lost {
		d.report.Concealed++
		d.torn = true
	}
	samples, ok := d.codec.decode(packet.Data)
	if !ok {
		d.report.Concealed++
		d.report.Lost += int64(len(samples) / d.info.Channels)
	}
	d.sound = d.trim(samples, packet)
	return nil
}

// chain goes on with a logical stream that follows the one before, if it is of the same kind. One
// that starts beside it, as pictures do, is none of ours.
func (d *oggDecoder) chain(packet ogg.Packet) error {
	other, err := oggCodecOf(packet.Data)
	if other == nil || err != nil || !d.reader.Ended() {
		return nil
	}
	rate, channels := d.info.SampleRate, d.info.Channels
	if err := d.begin(packet); err != nil {
		return err
	}
	if _, r, c, _ := d.codec.format(); r != rate || c != channels {
		return fault.New(fault.DecodeFailed, "goes on with %d Hz and %d channels after %d Hz and %d", r, c, rate, channels)
	}
	return nil
}

// mend counts, after pages were lost, how much sound was on them.
func (d *oggDecoder) mend(granule int64) {
	if !d.torn || granule < 0 || d.origin < 0 {
		return
	}
	d.torn = false
	if lost := granule - d.origin - d.decoded; lost > 0 && lost <= maxTorn*int64(d.info.SampleRate) {
		d.report.Lost += lost
		d.decoded += lost
	}
}

// trim cuts off what is before the sound's start, and behind the end that the last page gives
// (RFC 7845, section 4.4).
func (d *oggDecoder) trim(samples []float32, packet ogg.Packet) []float32 {
	channels := int64(d.info.Channels)
	frames := int64(len(samples)) / channels
	from := min(d.skip, frames)
	d.skip -= from
	d.decoded += frames
	d.mend(packet.Granule)
	before := d.decoded - frames
	if d.origin < 0 && packet.Granule >= 0 {
		d.origin = 0
		if !packet.Last {
			d.origin = max(0, packet.Granule-d.decoded)
		}
	}
	to := frames
	if packet.Last && packet.End >= 0 {
		to = max(from, min(frames, packet.End-max(0, d.origin)-before))
		d.report.TrimmedEnd += frames - to
	}
	return samples[from*channels : to*channels]
}
