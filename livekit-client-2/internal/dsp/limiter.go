package dsp

const (
	// limiterAttack is how long before a peak the gain begins to fall, in seconds, as far
	// as the block reaches back.
	limiterAttack = 0.002
	// limiterRelease is how long the gain would take from 0 to 1, in seconds: 6 dB come
	// back within half of it.
	limiterRelease = 1.0
)

// Limiter keeps a mix within +-1.0 by turning its gain down around peaks, for all channels
// alike. A signal that never exceeds 1.0 passes bit for bit.
//
// It has no latency: the gain falls ahead of a peak only within the block at hand, so blocks
// of 10 ms or more sound best; a peak on a block's first samples is met at once. Between
// peaks the gain rises steadily, which keeps distortion below that of clipping by far.
type Limiter struct {
	attack, release float32 // change of gain a frame
	gain            float32
	plan            []float32 // each frame's gain
}

// NewLimiter makes a Limiter for a sample rate in Hz and blocks of at most maxFrames frames;
// a longer block costs an allocation.
func NewLimiter(rate, maxFrames int) *Limiter {
	return &Limiter{
		attack:  1 / (limiterAttack * float32(rate)),
		release: 1 / (limiterRelease * float32(rate)),
		gain:    1,
		plan:    make([]float32, maxFrames),
	}
}

// Latency is 0 frames.
func (l *Limiter) Latency() int { return 0 }

// Gain is the gain of the frame processed last: 1 while nothing is being limited.
func (l *Limiter) Gain() float32 { return l.gain }

// Reset forgets the peaks so far.
func (l *Limiter) Reset() { l.gain = 1 }

// Process limits the interleaved frames of buf in place. NaN becomes silence, infinity full scale.
func (l *Limiter) Process(buf []float32, channels int) {
	if l.gain == 1 && within(buf) {
		return
	}
	frames := len(buf) / channels
	if frames > len(l.plan) {
		l.plan = make([]float32, frames)
	}
	plan := l.plan[:frames]
	needed(plan, buf, channels)
	l.lead(plan)
	l.recover(plan)
	for i, g := range plan {
		frame := buf[i*channels : (i+1)*channels]
		for c, x := range frame {
			frame[c] = clamp(x * g)
		}
	}
}

// needed fills plan with the gain that brings each frame's loudest sample to 1.0.
func needed(plan, buf []float32, channels int) {
	for i := range plan {
		peak := float32(1)
		for c, x := range buf[i*channels : (i+1)*channels] {
			if !finite(x) {
				buf[i*channels+c] = replace(x)
				continue
			}
			peak = max(peak, x, -x)
		}
		plan[i] = 1 / peak
	}
}

// lead makes the gain fall before each peak instead of at it.
func (l *Limiter) lead(plan []float32) {
	for i := len(plan) - 2; i >= 0; i-- {
		plan[i] = min(plan[i], plan[i+1]+l.attack)
	}
}

// recover makes the gain rise no faster than the release, from the last block's gain on.
func (l *Limiter) recover(plan []float32) {
	for i, g := range plan {
		l.gain = min(g, l.gain+l.release)
		plan[i] = l.gain
	}
}

// within tells whether all samples are numbers of at most full scale.
func within(buf []float32) bool {
	for _, x := range buf {
		if !(x >= -1 && x <= 1) {
			return false
		}
	}
	return true
}

// finite is false for NaN and the infinities.
func finite(x float32) bool { return x-x == 0 }

// replace gives the sample that stands for one which is not finite.
func replace(x float32) float32 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}

func clamp(x float32) float32 { return max(-1, min(1, x)) }
