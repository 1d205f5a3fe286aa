package mix

import "time"

// Kind is what a Note tells.
type Kind int

const (
	Began   Kind = iota + 1 // the first packet has left
	Paused                  // the sound is held
	Resumed                 // it is not held any more
	RanDry                  // the source has no data, and what was sent has been played out
	WentOn                  // it has data again
	Sought                  // the sound of Seek has taken the place of the one before
)

// maxNotes bounds the notes that wait for a reader; one that is further behind loses the newest.
const maxNotes = 64

// Note is something that became of a voice.
type Note struct {
	Kind     Kind
	At       time.Time     // of Began
	Position time.Duration // in the sound
	Played   time.Duration // of the sound, in all
}

// Changed yields when there may be a Note, or the voice may be done.
func (v *Voice) Changed() <-chan struct{} { return v.changed }

// Next gives the oldest note that was not yet given.
func (v *Voice) Next() (Note, bool) {
	v.mixer.mu.Lock()
	defer v.mixer.mu.Unlock()
	if len(v.notes) == 0 {
		return Note{}, false
	}
	n := v.notes[0]
	v.notes = append(v.notes[:0], v.notes[1:]...)
	return n, true
}

func (v *Voice) note(kind Kind) { v.noteAt(kind, time.Time{}) }

func (v *Voice) noteAt(kind Kind, at time.Time) {
	if len(v.notes) < maxNotes {
		v.notes = append(v.notes, Note{Kind: kind, At: at, Position: v.position(), Played: lengthOf(v.played + int64(v.inPacket))})
	}
	v.tell()
}

func (v *Voice) tell() {
	select {
	case v.changed <- struct{}{}:
	default:
	}
}
