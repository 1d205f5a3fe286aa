package mix

import (
	"time"

	"server-playback/livekit-client-2/internal/dsp"
)

// state is where a voice stands between two packets.
type state int

const (
	playing  state = iota
	pausing        // the next packet fades it out, then it is paused
	held           // holds its position
	stopping       // the next packet fades it out, then it has ended
	ended          // nothing of it is mixed any more; its last packet is on its way out
	done           // and was played out
)

// Voice is one sound in a mix.
type Voice struct {
	mixer   *Mixer
	source  Source
	changed chan struct{}

	// The mixer's lock guards what follows.
	gain      *dsp.Gain // the volume
	fade      *dsp.Gain // of pauses and stops, on top of it
	state     state
	dry       bool // waits for data
	dryFor    int  // packets, while there was some data
	began     bool
	beganAt   time.Time
	inPacket  int   // frames in the packet that was mixed last
	played    int64 // frames
	underruns int
	stopped   bool
}

// Status is what a voice has come to.
type Status struct {
	Began   bool
	BeganAt time.Time // when its first packet had left
	Paused  bool
	Dry     bool // its source has run dry, and it waits for data
	Done    bool // ended, and played out
	Stopped bool // by Stop, not by the sound's end
	Played  time.Duration
	// Underruns is how often it ran dry.
	Underruns int
}

// Changed yields when Status may have changed other than in Played.
func (v *Voice) Changed() <-chan struct{} { return v.changed }

// Status gives the voice's present status.
func (v *Voice) Status() Status {
	v.mixer.mu.Lock()
	defer v.mixer.mu.Unlock()
	return Status{
		Began:     v.began,
		BeganAt:   v.beganAt,
		Paused:    v.state == held && v.inPacket == 0,
		Dry:       v.dry,
		Done:      v.state == done,
		Stopped:   v.stopped,
		Played:    time.Duration(v.played) * time.Second / SampleRate,
		Underruns: v.underruns,
	}
}

// SetGain moves the linear gain to gain within ramp.
func (v *Voice) SetGain(gain float64, ramp time.Duration) {
	v.mixer.mu.Lock()
	defer v.mixer.mu.Unlock()
	v.gain.Set(float32(gain), int(ramp*SampleRate/time.Second))
}

// Pause fades the sound out within the next packet and holds it there.
func (v *Voice) Pause() {
	v.mixer.mu.Lock()
	defer v.mixer.mu.Unlock()
	switch {
	case v.state != playing:
	case v.silent():
		v.become(held)
	default:
		v.state = pausing
	}
}

// Resume goes on where Pause has held the sound, with a short fade.
func (v *Voice) Resume() {
	v.mixer.mu.Lock()
	switch v.state {
	case held:
		v.fadeIn()
		v.become(playing)
	case pausing:
		v.state = playing
	}
	v.mixer.mu.Unlock()
	v.mixer.onActive()
}

// Stop fades the sound out within the next packet and ends it; if none of it is being heard, it ends
// without another sample.
func (v *Voice) Stop() {
	v.mixer.mu.Lock()
	switch {
	case v.state == ended || v.state == done || v.state == stopping:
	case v.state == held || v.silent():
		v.stopped, v.state = true, ended
	default:
		v.stopped, v.state = true, stopping
	}
	v.mixer.mu.Unlock()
	v.mixer.onActive() // a paused room's loop has to settle it
}

// silent tells whether no sample of the voice was sent, or none is there to be sent.
func (v *Voice) silent() bool { return !v.began && v.inPacket == 0 || v.dry }

func (v *Voice) become(s state) {
	v.state = s
	v.tell()
}

func (v *Voice) tell() {
	select {
	case v.changed <- struct{}{}:
	default:
	}
}

func (v *Voice) active() bool { return v.state != held || v.inPacket > 0 }

func (v *Voice) isDone() bool { return v.state == done }

// mix reads the voice's part of a packet into dst, and returns how many values that are.
func (v *Voice) mix(dst []float32) int {
	v.inPacket = 0
	switch v.state {
	case playing:
		return v.play(dst)
	case pausing, stopping:
		return v.fadeOut(dst)
	}
	return 0
}

func (v *Voice) play(dst []float32) int {
	if v.dry && !v.mayGoOn() {
		return 0
	}
	n := v.read(dst)
	dry := n < len(dst) && v.state == playing
	if dry && n > 0 || dry && !v.dry {
		v.dryFor = 0
		v.underruns++
	}
	if dry != v.dry {
		v.dry = dry
		v.tell()
	}
	return n
}

// mayGoOn tells whether a voice that ran dry may be read again: at once where nothing is buffered,
// since what there is then can only be the sound's last samples or its end.
func (v *Voice) mayGoOn() bool {
	buffered := v.source.Buffered()
	if buffered == 0 {
		return true
	}
	v.dryFor++
	waited := time.Duration(v.dryFor*v.mixer.frames) * time.Second / SampleRate
	return buffered >= rebuffer || waited >= rebufferWait
}

// read takes what there is of the sound, and notes its end.
func (v *Voice) read(dst []float32) int {
	n, over := v.source.Read(dst)
	if over {
		v.state = ended
	}
	v.gain.Apply(dst[:n], v.mixer.channels)
	v.fade.Apply(dst[:n], v.mixer.channels)
	v.inPacket = n / v.mixer.channels
	return n
}

// fadeOut takes the last samples before a pause or a stop.
func (v *Voice) fadeOut(dst []float32) int {
	frames := min(v.mixer.frames, int(fadeLength*SampleRate/time.Second))
	v.fade.Set(0, frames)
	next := ended
	if v.state == pausing {
		next = held
	}
	n := v.read(dst[:frames*v.mixer.channels])
	v.fade.Set(1, 0)
	if v.state != ended {
		v.state = next
	}
	return n
}

// fadeIn keeps a sound that goes on in its middle from clicking.
func (v *Voice) fadeIn() {
	if v.played > 0 || v.inPacket > 0 {
		v.fade.Set(0, 0)
		v.fade.Set(1, int(fadeLength*SampleRate/time.Second))
	}
}

func (v *Voice) sent(now time.Time) {
	if v.inPacket > 0 && !v.began {
		v.began, v.beganAt = true, now
		v.tell()
	}
}

func (v *Voice) settle() {
	if v.inPacket > 0 {
		v.played += int64(v.inPacket)
		v.inPacket = 0
		if v.state == held {
			v.tell() // only now its position is true
		}
	}
	if v.state == ended {
		v.become(done)
	}
}
