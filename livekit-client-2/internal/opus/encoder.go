package opus

import (
	"fmt"

	"github.com/thesyncim/gopus"
)

// goEncoder is the encoder in pure Go. Its codec takes about 0.4 MB, stereo 0.6 MB, so that there is none
// before the first sound: a room that is only joined, and primed with silence, does without.
type goEncoder struct {
	config Config
	enc    *gopus.Encoder // nil before the first sound
	silent bool           // packets of silence were made without the codec
	safe   []float32      // stands in for PCM that the codec must not see
	unused [MaxPacketBytes]byte
	alone  bool // the next packet is to be independent of those before
}

func newEncoder(c Config) (Encoder, error) { return &goEncoder{config: c}, nil }

func newGopus(c Config) (*gopus.Encoder, error) {
	enc, err := gopus.NewEncoder(gopus.EncoderConfig{
		SampleRate:  SampleRate,
		Channels:    c.Channels,
		Application: gopusApplication(c.Application),
	})
	if err == nil {
		err = configure(enc, c)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return enc, nil
}

func gopusApplication(a Application) gopus.Application {
	switch a {
	case VoIP:
		return gopus.ApplicationVoIP
	case LowDelay:
		return gopus.ApplicationLowDelay
	}
	return gopus.ApplicationAudio
}

func configure(enc *gopus.Encoder, c Config) error {
	enc.SetFEC(c.FEC)
	enc.SetVBR(true)
	enc.SetVBRConstraint(true)
	enc.SetDTX(false)
	for _, set := range []func() error{
		func() error { return enc.SetFrameSize(c.Frames()) },
		func() error { return enc.SetBitrate(c.Bitrate) },
		func() error { return enc.SetComplexity(c.Complexity) },
		func() error { return enc.SetPacketLoss(c.PacketLossPct) },
	} {
		if err := set(); err != nil {
			return err
		}
	}
	return nil
}

func (e *goEncoder) Encode(packet []byte, pcm []float32) (int, error) {
	if len(pcm) != e.config.Samples() {
		return 0, ErrFrameSize
	}
	if e.enc == nil {
		if isSilence(pcm) {
			e.silent = true
			return e.silence(packet), nil
		}
		if err := e.begin(); err != nil {
			return 0, err
		}
	}
	if !withinFullScale(pcm) { // NaN and huge samples crash the codec
		clampTo(e.safe, pcm)
		pcm = e.safe
	}
	if e.alone {
		e.alone = false
		e.enc.SetPredictionDisabled(true)
		defer e.enc.SetPredictionDisabled(false)
	}
	return e.enc.Encode(pcm, packet)
}

// Rejoin fills the codec's look-ahead and memories by encoding pcm for nobody.
func (e *goEncoder) Rejoin(pcm []float32) error {
	for n := e.config.Samples(); len(pcm) >= n; pcm = pcm[n:] {
		if _, err := e.Encode(e.unused[:], pcm[:n]); err != nil {
			return err
		}
	}
	e.alone = true
	return nil
}

// silence writes a packet of silence: a full-band CELT frame whose first symbol says so (RFC 6716,
// sections 3.1 and 4.3).
func (e *goEncoder) silence(packet []byte) int {
	toc := byte(31 << 3)
	if e.config.FrameMs == 10 {
		toc = 30 << 3
	}
	if e.config.Channels == 2 {
		toc |= 1 << 2
	}
	return copy(packet, []byte{toc, 0xff, 0xfe})
}

// begin makes the codec, and has it encode the silence that a listener's decoder has heard, once: that
// is as good as every time.
func (e *goEncoder) begin() (err error) {
	if e.enc, err = newGopus(e.config); err != nil {
		return err
	}
	e.safe = make([]float32, e.config.Samples())
	if e.silent {
		_, err = e.enc.Encode(e.safe, e.unused[:])
	}
	return err
}

// Reset drops the codec: its own reset leaves some of the old signal behind.
func (e *goEncoder) Reset() { e.enc, e.silent, e.alone = nil, false, false }

// Lookahead is libopus's: 2.5 ms of overlap, and 4 ms to make up for the delay of the speech modes.
func (e *goEncoder) Lookahead() int {
	if e.config.Application == LowDelay {
		return SampleRate / 400
	}
	return SampleRate/400 + SampleRate/250
}
