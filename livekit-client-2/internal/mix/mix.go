// Package mix sums the sounds that play at the same time in one room, packet by packet, and keeps
// account of what of each was played out.
//
// The sender's loop is Settle, Mix, send, Sent, once a packet; voices are controlled from any
// goroutine meanwhile. Nothing here waits or, once a voice is added, allocates.
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
	// fadeLength is how long the fade before a pause or a stop takes. The silence that fills up its
	// packet of 20 ms takes the end of the fade through the encoder's look-ahead.
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

// Mixer sums voices into packets.
type Mixer struct {
	channels int
	frames   int // of a packet
	onActive func()

	mu      sync.Mutex
	voices  []*Voice
	scratch []float32
	limiter *dsp.Limiter
}

// New makes a Mixer for packets of so many frames. onActive is called, from any goroutine and
// without a lock held, whenever there may be something to mix again; it must not wait.
func New(channels, frames int, onActive func()) *Mixer {
	return &Mixer{
		channels: channels,
		frames:   frames,
		onActive: onActive,
		scratch:  make([]float32, frames*channels),
		limiter:  dsp.NewLimiter(SampleRate, frames),
	}
}

// Add begins to play source at a linear gain, or holds it at its first sample if paused.
// Whoever added it closes the source, once the voice is done.
func (m *Mixer) Add(source Source, gain float64, paused bool) *Voice {
	v := &Voice{
		mixer:   m,
		source:  source,
		gain:    dsp.NewGain(float32(gain)),
		fade:    dsp.NewGain(1),
		changed: make(chan struct{}, 1),
	}
	if paused {
		v.become(held)
	}
	m.mu.Lock()
	m.voices = append(m.voices, v)
	m.mu.Unlock()
	m.onActive()
	return v
}

// Active tells whether a voice plays, waits for data or has sound on its way out. Voices that are
// paused are not active.
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
	clear(dst)
	sound := false
	for _, v := range m.voices {
		if n := v.mix(m.scratch); n > 0 {
			dsp.MixAdd(dst, m.scratch[:n])
			sound = true
		}
	}
	if sound {
		m.limiter.Process(dst, m.channels)
	}
	return sound
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
