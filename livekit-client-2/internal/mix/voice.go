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
	seeking        // the next packet fades it out, then the next source takes its place
	held           // holds its position
	stopping       // the next packet fades it out, then it has ended
	ended          // nothing of it is mixed any more; its last packet is on its way out
	done           // and was played out
)

// Voice is one sound in a mix.
type Voice struct {
	mixer   *Mixer
	layer   int
	changed chan struct{}

	// The mixer's lock guards what follows.
	source    Source
	next      Source        // takes the place of source, see Seek
	nextAt    time.Duration // position of its first sample
	after     *Voice        // is to end before this one begins
	gain      *dsp.Gain     // the volume
	fade      *dsp.Gain     // of pauses, seeks and stops, on top of it
	duck      *dsp.Gain     // for speech, on top of both
	state     state
	fresh     bool // comes out of silence with its next sample
	expecting bool // a seek: the sound's end is not the voice's
	dry       bool // waits for data
	dryTold   bool
	dryFor    int // packets, while there was some data
	began     bool
	inPacket  int           // frames in the packet that was mixed last
	end       int           // where they end there, in values
	played    int64         // frames, in all
	start     time.Duration // position of source's first sample
	before    int64         // frames played before that
	underruns int
	stopped   bool
	notes     []Note
}

// Status is what a voice has come to.
type Status struct {
	Began    bool
	Paused   bool
	Dry      bool // its source has run dry, and it waits for data
	Done     bool // ended, and played out
	Stopped  bool // by Stop, not by the sound's end
	Played   time.Duration
	Position time.Duration // in the sound, of the next sample to be played out
	// Underruns is how often it ran dry.
	Underruns int
}

// Status gives the voice's present status.
func (v *Voice) Status() Status {
	v.mixer.mu.Lock()
	defer v.mixer.mu.Unlock()
	return Status{
		Began:     v.began,
		Paused:    v.state == held && v.inPacket == 0,
		Dry:       v.dry,
		Done:      v.state == done,
		Stopped:   v.stopped,
		Played:    lengthOf(v.played),
		Position:  v.start + lengthOf(max(0, v.played-v.before)),
		Underruns: v.underruns,
	}
}

// position is that of the next sample to be mixed.
func (v *Voice) position() time.Duration {
	return v.start + lengthOf(v.played+int64(v.inPacket)-v.before)
}

// SetGain moves the linear gain to gain within ramp, or at once while nothing is heard. It returns
// the position of the first sample that this concerns.
func (v *Voice) SetGain(gain float64, ramp time.Duration) time.Duration {
	v.mixer.mu.Lock()
	defer v.mixer.mu.Unlock()
	if v.state == held || v.silent() {
		ramp = 0
	}
	v.gain.Set(float32(gain), framesIn(ramp))
	return v.position()
}

// Pause fades the sound out within the next packet and holds it there.
func (v *Voice) Pause() {
	v.mixer.mu.Lock()
	defer v.mixer.mu.Unlock()
	switch {
	case v.state == held && v.inPacket == 0:
		v.note(Paused)
	case v.state == playing && v.silent():
		v.state = held
		if v.inPacket == 0 {
			v.note(Paused)
		}
	case v.state == playing || v.state == seeking:
		v.state = pausing
	}
}

// Resume goes on where Pause has held the sound, with a short fade.
func (v *Voice) Resume() {
	v.mixer.mu.Lock()
	switch v.state {
	case held:
		if v.inPacket > 0 { // the fade is still on its way out
			v.note(Paused)
		}
		v.state, v.fresh = playing, true
		v.fadeIn()
		v.note(Resumed)
		v.dryTold = false // if it still is dry, that is to be told again
	case pausing:
		v.state = playing
		if v.next != nil {
			v.state = seeking
		}
		v.note(Paused)
		v.note(Resumed)
	case playing, seeking:
		v.note(Resumed)
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

// Expect says whether a Seek may follow: until then the end of the sound is not the voice's.
func (v *Voice) Expect(seek bool) {
	v.mixer.mu.Lock()
	v.expecting = seek
	v.mixer.mu.Unlock()
	v.mixer.onActive()
}

// Seek makes source, whose first sample is at position at, take the place of what plays: after a
// fade, from the next packet on. A note tells when the source before is not read any more. It
// returns false where the voice has ended, and source is not used.
func (v *Voice) Seek(source Source, at time.Duration) bool {
	v.mixer.mu.Lock()
	defer v.mixer.mu.Unlock()
	v.expecting = false
	switch {
	case v.state == stopping || v.state == ended || v.state == done:
		return false
	case v.state == held || v.silent():
		v.next, v.nextAt = source, at
		v.replace()
	default:
		v.next, v.nextAt = source, at
		if v.state == playing {
			v.state = seeking
		}
	}
	return true
}

// replace puts the next source in the place of the one before.
func (v *Voice) replace() {
	v.source, v.next = v.next, nil
	v.start, v.before = v.nextAt, v.played+int64(v.inPacket)
	v.fresh = true
	v.fadeIn()
	v.note(Sought)
	if v.dry { // whether it still is shows when it is read
		v.dryFor = framesIn(rebufferWait) / v.mixer.frames
	}
}

// silent tells whether no sample of the voice was sent, or none is there to be sent.
func (v *Voice) silent() bool { return !v.began && v.inPacket == 0 || v.dry }

// audible tells whether its gain lets the voice be heard.
func (v *Voice) audible() bool { return v.gain.Value() > 0 || v.gain.Target() > 0 }

// over tells whether nothing of the voice is mixed any more.
func (v *Voice) over() bool { return v.state == ended || v.state == done }

func (v *Voice) isDone() bool { return v.state == done }

// active tells whether the sender's loop has something to do for the voice.
func (v *Voice) active() bool {
	waits := v.state == held || v.state == playing && v.after != nil && !v.after.over()
	return !waits || v.inPacket > 0
}
