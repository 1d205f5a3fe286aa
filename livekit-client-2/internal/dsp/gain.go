package dsp

import "github.com/tphakala/simd/f32"

// Gain is a linear gain that moves without a step: volume, fades and ducking.
// Its zero value is not useful; see NewGain.
type Gain struct {
	target float32
	delta  float32 // target - the value when the ramp began
	length int     // of the ramp, in frames
	left   int     // frames of the ramp still to come
}

// NewGain makes a Gain that stands at value (1 is unity).
func NewGain(value float32) *Gain { return &Gain{target: value} }

// Set moves the gain from where it stands now to target within ramp frames, linearly:
// the last of them has exactly the target's gain. 0 frames is at once.
func (g *Gain) Set(target float32, ramp int) {
	now := g.Value()
	g.target, g.delta = target, target-now
	g.length = max(ramp, 0)
	g.left = g.length
}

// Value is the gain that the frame before the next one got.
func (g *Gain) Value() float32 {
	if g.left == 0 {
		return g.target
	}
	return g.target - g.delta*(float32(g.left)/float32(g.length))
}

// Target is where a ramp ends.
func (g *Gain) Target() float32 { return g.target }

// Remaining is how many frames a ramp still takes.
func (g *Gain) Remaining() int { return g.left }

// Apply multiplies the frames of buf by the gain, in place.
func (g *Gain) Apply(buf []float32, channels int) {
	for g.left > 0 && len(buf) >= channels {
		g.left--
		v := g.Value()
		for c := range channels {
			buf[c] *= v
		}
		buf = buf[channels:]
	}
	switch g.target {
	case 1:
	case 0:
		clear(buf)
	default:
		f32.Scale(buf, buf, g.target)
	}
}
