// Package mix sums the sounds that play at the same time in one room, packet by packet, and keeps
// account of what of each was played out.
//
// The sender's loop is Settle, Pass or else Mix, send, Sent, once a packet; voices are controlled
// from any goroutine meanwhile. Nothing here waits or, once a voice is added, allocates.
package mix

import (
	"slices"
	"sync"
	"time"

	"server-playback/livekit-client-2/internal/dsp"
)

const (
	// SampleRate of all samples here, in Hz.
	SampleRate = 48000
	// SpeechLayer is the layer that ducks the others.
	SpeechLayer = 2
	// fadeLength is how long the fade before a pause, a seek or a stop takes. The silence that fills
	// up its packet of 20 ms takes the end of the fade through the encoder's look-ahead.
	fadeLength = 10 * time.Millisecond
	// rebuffer is how much sound a voice that ran dry wants before it goes on, and rebufferWait how
	// long it insists on that: a sound's last samples may be less.
	rebuffer     = 100 * time.Millisecond
	rebufferWait = 200 * time.Millisecond
)

// Source is a sound: 48 kHz, interleaved, in the mixer's number of channels.
type Source interface {
	// Read fills dst as far as there is sound, and never waits. n < len(dst) without ended is an
	// underrun; with ended, the sound is over.
	Read(dst []float32) (n int, ended bool)
	// Buffered is how much sound there is to be read.
	Buffered() time.Duration
}

// Config says how a Mixer mixes.
type Config struct {
	Channels int
	Frames   int // of a packet
	// Duck is the linear gain of the other layers while speech sounds, reached within Attack and
	// left within Release; 1 is none.
	Duck            float64
	Attack, Release time.Duration
	// OnActive is called, from any goroutine and without a lock held, whenever there may be something
	// to mix again; it must not wait.
	OnActive func()
}

// Mixer sums voices into packets.
type Mixer struct {
	channels int
	frames   int // of a packet
	onActive func()
	duck     ducking

	mu      sync.Mutex
	voices  []*Voice
	passed  *Voice // whose packet was passed through last, since nothing was mixed
	scratch []float32
	limiter *dsp.Limiter
}

// ducking is how the layers beside speech are turned down: gain, and ramps in frames.
type ducking struct {
	gain            float32
	attack, release int
}

// New makes a Mixer.
func New(c Config) *Mixer {
	return &Mixer{
		channels: c.Channels,
		frames:   c.Frames,
		onActive: c.OnActive,
		duck:     ducking{gain: float32(c.Duck), attack: framesIn(c.Attack), release: framesIn(c.Release)},
		scratch:  make([]float32, c.Frames*c.Channels),
		limiter:  dsp.NewLimiter(SampleRate, c.Frames),
	}
}

func framesIn(d time.Duration) int { return int(d * SampleRate / time.Second) }

func lengthOf(frames int64) time.Duration { return time.Duration(frames) * time.Second / SampleRate }

// Cue says how a source is to be played.
type Cue struct {
	Layer  int
	Gain   float64 // linear
	Paused bool    // holds at the first sample
	// At is the position of the source's first sample in its sound.
	At time.Duration
	// After is the voice whose last sample the first one follows, if that is not over; nil is none.
	After *Voice
}

// Add begins to play source. Whoever added it closes the source, once the voice is done.
func (m *Mixer) Add(source Source, cue Cue) *Voice {
	v := &Voice{
		mixer:   m,
		source:  source,
		layer:   cue.Layer,
		after:   cue.After,
		start:   cue.At,
		gain:    dsp.NewGain(float32(cue.Gain)),
		fade:    dsp.NewGain(1),
		duck:    dsp.NewGain(1),
		fresh:   true,
		changed: make(chan struct{}, 1),
	}
	if cue.Paused {
		v.state = held
	}
	if cue.At > 0 {
		v.fadeIn()
	}
	m.mu.Lock()
	m.voices = append(m.voices, v)
	m.mu.Unlock()
	m.onActive()
	return v
}

// Active tells whether a voice plays, waits for data or has sound on its way out. Voices that are
// paused or wait for their turn are not active.
func (m *Mixer) Active() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.ContainsFunc(m.voices, (*Voice).active)
}

// Mix fills dst with the next packet, and tells whether there is any sound in it. The voices' sum is
// limited to full scale.
func (m *Mixer) Mix(dst []float32) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.passed = nil
	clear(dst)
	spoken, speaking := m.addLayers(dst, true, 1, 0)
	gain, ramp := float32(1), m.duck.release
	if speaking {
		gain, ramp = m.duck.gain, m.duck.attack
	}
	played, _ := m.addLayers(dst, false, gain, ramp)
	if !spoken && !played {
		return false
	}
	m.limiter.Process(dst, m.channels)
	return true
}

// addLayers adds the voices of the speech layer, or of the others, to dst, ducked to gain within ramp.
func (m *Mixer) addLayers(dst []float32, speech bool, gain float32, ramp int) (sound, audible bool) {
	for _, v := range m.voices {
		if (v.layer == SpeechLayer) != speech {
			continue
		}
		v.duckTo(gain, ramp)
		if from, to := v.mix(m.scratch); to > from {
			dsp.MixAdd(dst[from:to], m.scratch[from:to])
			sound = true
			audible = audible || v.audible()
		}
	}
	return sound, audible
}

// Sent says that the packet mixed last has left, at now.
func (m *Mixer) Sent(now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, v := range m.voices {
		v.sent(now)
	}
}

// Settle says that the play-out time of the packet sent last has passed: its sound counts as played,
// and the voices that ended with it are done.
func (m *Mixer) Settle() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, v := range m.voices {
		v.settle()
	}
	m.voices = slices.DeleteFunc(m.voices, (*Voice).isDone)
}
