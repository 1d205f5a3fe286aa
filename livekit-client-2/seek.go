package main

import (
	"context"
	"sync"
	"time"

	"server-playback/livekit-client-2/internal/fault"
	"server-playback/livekit-client-2/internal/mix"
)

// seek is a job's way to another place of its sound: that is opened there beside the one that plays,
// which goes on until the other is ready, and takes its place then. A seek that comes meanwhile
// overtakes the one before.
type seek struct {
	asked chan struct{} // holds a token while there is a place to go to

	mu sync.Mutex
	to time.Duration

	// Used by the job's goroutine alone.
	opened sound // nil while no seek is under way
	at     time.Duration
	given  bool // opened is the voice's
}

// ask asks for the last place again.
func (s *seek) ask() { rouse(s.asked) }

func (s *seek) askFor(to time.Duration) {
	s.mu.Lock()
	s.to = to
	s.mu.Unlock()
	s.ask()
}

func (s *seek) target() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.to
}

// wanted yields when there is a place to go to, and the way is free.
func (s *seek) wanted() <-chan struct{} {
	if s.given {
		return nil
	}
	return s.asked
}

// ready yields when the sound has been opened there.
func (s *seek) ready() <-chan struct{} {
	if s.opened == nil || s.given {
		return nil
	}
	return s.opened.Ready()
}

// canSeek says why the job's sound has no places to go to. It waits for the sound to be ready.
func (j *job) canSeek() error {
	if j.reopen == nil || j.sound.Endless() {
		return invalidField("requestId", "this sound has no places to go to: it is live, or nothing tells its length")
	}
	return nil
}

// refuseSeek answers a seek that is not carried out; what plays goes on.
func (j *job) refuseSeek(err error) {
	j.log.Info("seek refused", "cause", messageOf(err))
	j.speaker.client.sendEvent(errorEvent(j.id, err))
}

// openSeek opens the sound at the place that was asked for. Until it is there, the end of what plays
// is not the play's.
func (j *job) openSeek(voice *mix.Voice) {
	if err := j.canSeek(); err != nil {
		j.refuseSeek(err)
		return
	}
	j.dropSeek()
	voice.Expect(true)
	j.seek.at = j.seek.target()
	j.seek.opened = j.reopen(j.seek.at, voice.Status().Played)
}

// giveSeek hands the sound that was opened to the voice.
func (j *job) giveSeek(voice *mix.Voice) {
	if err := j.cannotPlay(j.seek.opened); err != nil {
		j.dropSeek()
		voice.Expect(false)
		j.refuseSeek(err)
		return
	}
	if j.seek.given = voice.Seek(j.seek.opened, j.seek.opened.Place(j.seek.at)); !j.seek.given {
		j.dropSeek()
	}
}

// arrive tells that the sound goes on at position.
func (j *job) arrive(position, played time.Duration) {
	j.exchange(j.seek.opened)
	j.seek.opened, j.seek.given = nil, false
	j.acknowledge("play_seeked", position, played)
}

// exchange puts another sound in the place of the one that is not read any more.
func (j *job) exchange(other sound) {
	before := j.sound
	j.mu.Lock()
	j.sound = other
	j.mu.Unlock()
	before.Close()
}

// dropSeek closes what a seek has opened, and the voice was not given or does not read any more.
func (j *job) dropSeek() {
	if j.seek.opened != nil {
		j.seek.opened.Close()
		j.seek.opened, j.seek.given = nil, false
	}
}

// beginElsewhere carries a seek out for a sound that has not begun.
func (j *job) beginElsewhere() error {
	if err := j.canSeek(); err != nil {
		j.refuseSeek(err)
		return nil
	}
	at := j.seek.target()
	j.seek.opened = j.reopen(at, 0)
	select {
	case <-j.seek.opened.Ready():
	case <-j.life.Done():
		return context.Cause(j.life)
	}
	if err := j.cannotPlay(j.seek.opened); err != nil {
		j.dropSeek()
		j.refuseSeek(j.orEnding(err))
		return nil
	}
	j.mu.Lock()
	j.start = at
	j.mu.Unlock()
	j.arrive(at, 0)
	return nil
}

// goTo carries out seek_playback; its outcome is play_seeked, or an error of this requestId.
func (j *job) goTo(position time.Duration) error {
	if j.reopen == nil {
		return j.canSeek()
	}
	if j.life.Err() != nil {
		return fault.Wrap(fault.Cancelled, context.Cause(j.life), "the play is being ended")
	}
	j.seek.askFor(position)
	return nil
}
