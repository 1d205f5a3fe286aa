package mix

import "time"

// mix reads the voice's part of a packet into dst[from:to].
func (v *Voice) mix(dst []float32) (from, to int) {
	v.inPacket = 0
	from, ready := v.turn()
	if !ready {
		return 0, 0
	}
	switch v.state {
	case playing:
		from, to = v.play(dst, from)
	case pausing, seeking, stopping:
		to = from + v.fadeOut(dst[from:])
	}
	v.inPacket, v.end = (to-from)/v.mixer.channels, to
	return from, to
}

// turn tells whether the voice before is over, and where in the packet this one may begin.
func (v *Voice) turn() (from int, ready bool) {
	if v.after == nil {
		return 0, true
	}
	if !v.after.over() {
		return 0, false
	}
	if v.state != playing {
		return 0, true
	}
	if v.after.state == ended { // in this very packet
		v.fresh = false
		if v.after.inPacket > 0 {
			from = v.after.end
		}
	}
	v.after = nil
	return from, true
}

func (v *Voice) play(dst []float32, from int) (begin, end int) {
	if v.dry && !v.mayGoOn() {
		return 0, 0
	}
	if v.fresh {
		v.fresh = false
		from = v.lead() * v.mixer.channels
	}
	n := v.read(dst[from:])
	dry := n < len(dst)-from && v.state == playing
	if dry && n > 0 || dry && !v.dry {
		v.dryFor = 0
		v.underruns++
	}
	if v.dry && !dry && v.dryTold && n > 0 {
		v.dryTold = false
		v.note(WentOn)
	}
	if dry != v.dry {
		v.dry = dry
		v.fresh = dry
		v.tell()
	}
	return from, from + n
}

// mayGoOn tells whether a voice that ran dry may be read again: at once where nothing is buffered,
// since what there is then can only be the sound's last samples or its end.
func (v *Voice) mayGoOn() bool {
	buffered := v.source.Buffered()
	if buffered == 0 {
		return true
	}
	v.dryFor++
	waited := lengthOf(int64(v.dryFor * v.mixer.frames))
	return buffered >= rebuffer || waited >= rebufferWait
}

// read takes what there is of the sound, and notes its end.
func (v *Voice) read(dst []float32) int {
	n, over := v.source.Read(dst)
	if over && !v.expecting {
		v.state = ended
	}
	v.gain.Apply(dst[:n], v.mixer.channels)
	v.fade.Apply(dst[:n], v.mixer.channels)
	v.duck.Apply(dst[:n], v.mixer.channels)
	return n
}

// fadeOut takes the last samples before a pause, a seek or a stop.
func (v *Voice) fadeOut(dst []float32) int {
	state := v.state
	frames := min(len(dst)/v.mixer.channels, framesIn(fadeLength))
	v.fade.Set(0, frames)
	n := v.read(dst[:frames*v.mixer.channels])
	v.fade.Set(1, 0)
	v.inPacket = n / v.mixer.channels
	switch {
	case state == stopping:
		v.state = ended
	case v.next != nil:
		v.state = playing
		v.replace()
	}
	if state == pausing && v.state != ended {
		v.state = held
		if n == 0 { // nothing is on its way out that the pause would have to wait for
			v.note(Paused)
		}
	}
	return n
}

// fadeIn keeps a sound that goes on in its middle from clicking.
func (v *Voice) fadeIn() {
	if v.played > 0 || v.inPacket > 0 || v.start > 0 {
		v.fade.Set(0, 0)
		v.fade.Set(1, framesIn(fadeLength))
	}
}

// duckTo moves the gain that speech leaves to the voice; where it is not being heard, at once.
func (v *Voice) duckTo(gain float32, ramp int) {
	if v.duck.Target() == gain {
		return
	}
	if v.fresh || v.state == held {
		ramp = 0
	}
	v.duck.Set(gain, ramp)
}

func (v *Voice) sent(now time.Time) {
	if v.inPacket > 0 && !v.began {
		v.began = true
		played := v.inPacket
		v.inPacket = 0 // the position is that of the first sample
		v.noteAt(Began, now)
		v.inPacket = played
	}
}

func (v *Voice) settle() {
	if v.inPacket > 0 {
		v.played += int64(v.inPacket)
		v.inPacket = 0
		if v.state == held {
			v.note(Paused) // only now its position is true
		}
	}
	if v.dry && !v.dryTold && v.began && v.state == playing {
		v.dryTold = true
		v.note(RanDry)
	}
	if v.state == ended {
		v.state = done
		v.tell()
	}
}
