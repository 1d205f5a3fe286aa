package opus

import (
	"fmt"

	"github.com/thesyncim/gopus"
)

// goEncoder is the encoder in pure Go. It takes about 0.4 MB, stereo 0.6 MB.
type goEncoder struct {
	config Config
	enc    *gopus.Encoder
	safe   []float32 // stands in for PCM that the codec must not see
	unused [MaxPacketBytes]byte
	alone  bool // the next packet is to be independent of those before
}

func newEncoder(c Config) (Encoder, error) {
	enc, err := newGopus(c)
	if err != nil {
		return nil, err
	}
	return &goEncoder{config: c, enc: enc, safe: make([]float32, c.Samples())}, nil
}

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

// Reset makes the codec anew: its own reset leaves some of the old signal behind.
func (e *goEncoder) Reset() {
	if enc, err := newGopus(e.config); err == nil { // it held before
		e.enc = enc
	}
}

func (e *goEncoder) Lookahead() int { return e.enc.Lookahead() }
