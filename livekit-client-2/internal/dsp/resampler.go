package dsp

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/tphakala/simd/f32"
)

// Limits of a ResamplerConfig.
const (
	MinRate      = 4000   // Hz
	MaxRate      = 384000 // Hz
	MinBandwidth = 2000   // Hz
	MaxChannels  = 8
)

// ErrResamplerConfig is wrapped by every error of NewResampler.
var ErrResamplerConfig = errors.New("dsp: invalid resampler configuration")

// chunk is how many frames are filtered at a time; it bounds a resampler's memory.
const chunk = 1024

// ResamplerConfig says what a Resampler converts.
type ResamplerConfig struct {
	InRate, OutRate int // Hz, MinRate to MaxRate
	Channels        int // 1 to MaxChannels
	// Bandwidth limits the output's spectrum, in Hz: nothing is left at or above it.
	// 0 is no limit beyond the lower of the two Nyquist frequencies.
	Bandwidth int
}

func (c ResamplerConfig) validate() error {
	for _, rate := range []int{c.InRate, c.OutRate} {
		if rate < MinRate || rate > MaxRate {
			return fmt.Errorf("%w: sample rate %d Hz is not within %d to %d", ErrResamplerConfig, rate, MinRate, MaxRate)
		}
	}
	if c.Channels < 1 || c.Channels > MaxChannels {
		return fmt.Errorf("%w: %d channels are not within 1 to %d", ErrResamplerConfig, c.Channels, MaxChannels)
	}
	if c.Bandwidth != 0 && c.Bandwidth < MinBandwidth {
		return fmt.Errorf("%w: bandwidth %d Hz is below %d", ErrResamplerConfig, c.Bandwidth, MinBandwidth)
	}
	return nil
}

// stop is the stop band's edge in Hz, and whether a filter is needed at all.
func (c ResamplerConfig) stop() (hz int, needed bool) {
	nyquist := min(c.InRate, c.OutRate) / 2
	if c.Bandwidth != 0 && c.Bandwidth < nyquist {
		return c.Bandwidth, true
	}
	return nyquist, c.InRate != c.OutRate
}

// Resampler converts interleaved audio from one sample rate to another with a linear-phase
// polyphase FIR filter at the exact ratio of the rates, so that it never drifts.
//
// With S the stop band's edge (the lower of the two Nyquist frequencies, or Bandwidth if that
// is less), the pass band is flat to the lower of 0.9 S and 20 kHz, and what lies beyond S,
// images and aliases, is at least 90 dB down. Equal rates without a Bandwidth are copied.
type Resampler struct {
	bank     *bank // nil: copy
	channels int
	history  [][]float32 // each channel's input, as far as an output sample still needs it
	have     int         // samples in each channel's history
	pos      int         // where in the history the next output sample's first tap is
	phase    int         // how far the next output sample is past that, in 1/l input samples
	in, out  int64       // frames since the start
}

// NewResampler makes a Resampler; its errors wrap ErrResamplerConfig.
func NewResampler(c ResamplerConfig) (*Resampler, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	r := &Resampler{channels: c.Channels}
	stop, needed := c.stop()
	if !needed {
		return r, nil
	}
	r.bank = banks.get(bankKey{inRate: c.InRate, outRate: c.OutRate, stop: stop})
	r.history = make([][]float32, c.Channels)
	for i := range r.history {
		r.history[i] = make([]float32, r.bank.taps+chunk)
	}
	r.Reset()
	return r, nil
}

// Reset forgets the stream so far; what comes next is a new one's first frame.
func (r *Resampler) Reset() {
	r.in, r.out = 0, 0
	if r.bank == nil {
		return
	}
	// The silence before the first frame: with it, output frame 0 falls on input frame 0.
	r.have, r.pos, r.phase = r.bank.taps/2-1, 0, 0
	for _, h := range r.history {
		clear(h[:r.have])
	}
}

// Lookahead is how many input frames an output frame needs beyond its own time, and so
// how many input frames' worth of output Flush holds back until then.
func (r *Resampler) Lookahead() int {
	if r.bank == nil {
		return 0
	}
	return r.bank.taps / 2
}

// MaxOutput is the most samples (of all channels) that Process appends for n samples in.
func (r *Resampler) MaxOutput(n int) int {
	if r.bank == nil {
		return n
	}
	frames := n / r.channels
	return (int(int64(frames)*int64(r.bank.l)/int64(r.bank.m)) + 1) * r.channels
}

// Process consumes all of src, whole frames, and appends what it yields to dst.
// It allocates only if dst has no room for it. dst and src must not overlap.
func (r *Resampler) Process(dst, src []float32) []float32 {
	frames := len(src) / r.channels
	r.in += int64(frames)
	if r.bank == nil {
		r.out += int64(frames)
		return append(dst, src[:frames*r.channels]...)
	}
	for frames > 0 {
		n := min(frames, len(r.history[0])-r.have)
		r.push(src, n)
		dst = r.filter(dst, math.MaxInt)
		src = src[n*r.channels:]
		frames -= n
	}
	return dst
}

// Flush appends the tail of the stream, so that its output is round(input x OutRate / InRate)
// frames in all, and resets the Resampler.
func (r *Resampler) Flush(dst []float32) []float32 {
	if r.bank != nil {
		total := (2*r.in*int64(r.bank.l) + int64(r.bank.m)) / (2 * int64(r.bank.m))
		for left := total - r.out; left > 0; left = total - r.out {
			r.pushSilence(len(r.history[0]) - r.have)
			dst = r.filter(dst, int(left))
		}
	}
	r.Reset()
	return dst
}

// push appends n frames of src to the history.
func (r *Resampler) push(src []float32, n int) {
	switch r.channels {
	case 1:
		copy(r.history[0][r.have:], src[:n])
	case 2:
		f32.Deinterleave2(r.history[0][r.have:r.have+n], r.history[1][r.have:r.have+n], src[:2*n])
	default:
		for c, h := range r.history {
			for i := range n {
				h[r.have+i] = src[i*r.channels+c]
			}
		}
	}
	r.have += n
}

func (r *Resampler) pushSilence(n int) {
	for _, h := range r.history {
		clear(h[r.have : r.have+n])
	}
	r.have += n
}

// filter appends the output frames that the history is enough for, at most limit, and
// drops the input that no later one needs.
func (r *Resampler) filter(dst []float32, limit int) []float32 {
	n := min(r.ready(), limit)
	start := len(dst)
	dst = slices.Grow(dst, n*r.channels)[:start+n*r.channels]
	r.out += int64(n)
	switch out := dst[start:]; {
	case !r.bank.exact():
		r.interpolate(out)
	case r.channels == 1:
		r.convolveMono(out)
	default:
		r.convolve(out)
	}
	for _, h := range r.history {
		copy(h, h[r.pos:r.have])
	}
	r.have -= r.pos
	r.pos = 0
	return dst
}

// ready counts the output frames whose taps all lie within the history.
func (r *Resampler) ready() int {
	last := r.have - r.bank.taps // the last position with all its taps
	if last < r.pos {
		return 0
	}
	return ((last+1)*r.bank.l-1-r.pos*r.bank.l-r.phase)/r.bank.m + 1
}

// advance gives the place of the output frame after one at pos and phase.
func (b *bank) advance(pos, phase int) (int, int) {
	phase += b.m % b.l
	pos += b.m / b.l
	if phase >= b.l {
		phase -= b.l
		pos++
	}
	return pos, phase
}

// convolveMono is convolve for one channel, which is worth a loop of its own.
func (r *Resampler) convolveMono(out []float32) {
	b, h := r.bank, r.history[0]
	taps, rows := b.taps, b.rows
	whole, part := b.m/b.l, b.m%b.l
	pos, phase := r.pos, r.phase
	for i := range out {
		out[i] = f32.DotProductUnsafe(h[pos:pos+taps], rows[phase*taps:(phase+1)*taps])
		pos += whole
		if phase += part; phase >= b.l {
			phase -= b.l
			pos++
		}
	}
	r.pos, r.phase = pos, phase
}

// convolve fills out with one filter a phase.
func (r *Resampler) convolve(out []float32) {
	b := r.bank
	pos, phase := r.pos, r.phase
	for i := 0; i < len(out); i += r.channels {
		row := b.row(phase)
		for c, h := range r.history {
			out[i+c] = f32.DotProductUnsafe(h[pos:pos+b.taps], row)
		}
		pos, phase = b.advance(pos, phase)
	}
	r.pos, r.phase = pos, phase
}

// interpolate fills out from the two filters next to each frame's phase, for ratios with
// more phases than are worth holding.
func (r *Resampler) interpolate(out []float32) {
	b := r.bank
	pos, phase := r.pos, r.phase
	for i := 0; i < len(out); i += r.channels {
		at, fraction := b.between(phase)
		before, after := b.row(at), b.row(at+1)
		for c, h := range r.history {
			x := h[pos : pos+b.taps]
			y := f32.DotProductUnsafe(x, before)
			out[i+c] = y + fraction*(f32.DotProductUnsafe(x, after)-y)
		}
		pos, phase = b.advance(pos, phase)
	}
	r.pos, r.phase = pos, phase
}
