package decode

import (
	"io"
	"time"

	"server-playback/livekit-client-2/internal/fault"
)

// guard stands around every decoder: it makes faults of its errors, and holds the length that was
// promised against the length that came.
type guard struct {
	decoder Decoder
	info    Info
	in      *input
	decoded int64 // values, of all channels
	err     error
}

func (g *guard) Info() Info     { return g.info }
func (g *guard) Report() Report { return g.decoder.Report() }

func (g *guard) Read(dst []float32) (int, error) {
	if g.err != nil {
		return 0, g.err
	}
	n, err := g.read(dst)
	g.decoded += int64(n)
	if err != nil {
		g.err = g.end(err)
	}
	return n, g.err
}

func (g *guard) read(dst []float32) (n int, err error) {
	defer recoverTo(&err)
	n, err = g.decoder.Read(dst)
	bound(dst[:n])
	return n, err
}

// bound limits samples to 24 dB above full scale. Somewhat above is common and for the limiter to
// treat; but NaN and infinities would stay in every filter that they pass.
func bound(samples []float32) {
	const most = 16
	for i, x := range samples {
		if x >= -most && x <= most {
			continue
		}
		switch {
		case x > most:
			samples[i] = most
		case x < -most:
			samples[i] = -most
		default:
			samples[i] = 0
		}
	}
}

// end says how a stream really ended. Decoders report an interrupted input as they like, as EOF too.
func (g *guard) end(err error) error {
	if g.in.err != nil || err != io.EOF {
		return g.in.fault(err)
	}
	if got := g.decoded / int64(g.info.Channels); got < g.info.Samples {
		return fault.New(fault.DecodeFailed, "ended early: %d of %d ms", g.milliseconds(got), g.milliseconds(g.info.Samples))
	}
	return io.EOF
}

func (g *guard) milliseconds(samples int64) int64 {
	return Duration(samples, g.info.SampleRate).Milliseconds()
}

// Duration is the time that samples of one channel take at rate Hz.
func Duration(samples int64, rate int) time.Duration {
	whole, rest := samples/int64(rate), samples%int64(rate)
	return time.Duration(whole)*time.Second + time.Duration(rest)*time.Second/time.Duration(rate)
}
