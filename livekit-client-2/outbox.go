package main

import (
	"encoding/json"
	"errors"
	"sync"
)

const (
	// maxUnread is how many events may wait for a reader; one that is further behind is cut off, and
	// may come back.
	maxUnread = 256
	// maxLogged is how many events a session remembers for one that comes back: what was unread, and
	// what got lost in the old connection's buffers.
	maxLogged = 2 * maxUnread
	// maxQueuedPCM is how many frames of forwarded audio may wait; beyond that the oldest is dropped.
	maxQueuedPCM = 25
)

var (
	// errSlowReader ends a connection whose other side does not read its events.
	errSlowReader = errors.New("the reader is too far behind")
	// errTakenOver ends a connection whose session another one has taken up.
	errTakenOver = errors.New("another connection has taken the session up")
)

// outbox is what a session has to say: its newest events, numbered, and forwarded audio. One reader
// at a time carries it away; events are kept for the next one, audio is not.
type outbox struct {
	onDrop func() // told of each dropped frame of audio

	mu     sync.Mutex
	log    [][]byte // the newest events
	last   int64    // the number of the newest
	pcm    [][]byte
	reader *reader
	closed bool
}

// reader carries an outbox to one connection.
type reader struct {
	outbox   *outbox
	wake     chan struct{}
	greeting []byte // goes first
	next     int64  // the number of the event to be taken next
	err      error  // why nothing more is to be taken
}

func newOutbox(onDrop func()) *outbox { return &outbox{onDrop: onDrop} }

// attach makes a new reader the outbox's, for the events after the given number, and ends the one
// before. It gives none if an event that is asked for is not there (any more), or ever will be.
func (o *outbox) attach(greeting Event, after int64) *reader {
	text, err := json.Marshal(greeting)
	if err != nil {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || after > o.last || after < o.last-int64(len(o.log)) {
		return nil
	}
	if o.reader != nil {
		o.reader.end(errTakenOver)
	}
	o.reader = &reader{outbox: o, wake: make(chan struct{}, 1), greeting: text, next: after + 1}
	rouse(o.reader.wake)
	return o.reader
}

// detach ends a reader, and tells whether nobody reads the outbox by that.
func (o *outbox) detach(r *reader) (vacant bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.reader != r {
		return false
	}
	o.reader, o.pcm = nil, nil
	return true
}

func (o *outbox) isVacant() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.reader == nil
}

// sendEvent numbers an event and queues it. It never waits; after close it does nothing. How far a
// sound has come is of no use to who comes back later.
func (o *outbox) sendEvent(e Event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || o.reader == nil && e.Type == "play_progress" {
		return
	}
	e.Seq = o.last + 1
	text, err := json.Marshal(e)
	if err != nil {
		return // an Event has no value that JSON cannot hold, but for a NaN that ms cannot yield
	}
	o.last = e.Seq
	if o.log = append(o.log, text); len(o.log) > maxLogged {
		o.log[0] = nil // the array behind the slice must not keep it
		o.log = o.log[1:]
	}
	if r := o.reader; r != nil {
		if o.last-r.next >= maxUnread {
			r.end(errSlowReader)
		}
		rouse(r.wake)
	}
}

// sendPCM queues a frame of forwarded audio. It never waits.
func (o *outbox) sendPCM(frame []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || o.reader == nil {
		return
	}
	if len(o.pcm) == maxQueuedPCM {
		o.pcm = o.pcm[1:]
		o.onDrop()
	}
	o.pcm = append(o.pcm, frame)
	rouse(o.reader.wake)
}

// close lets what is queued be taken, and nothing be added.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	if o.reader != nil {
		rouse(o.reader.wake)
	}
}

// end makes take fail. The caller holds the lock.
func (r *reader) end(err error) {
	if r.err == nil {
		r.err = err
		rouse(r.wake)
	}
}

// take gives the next frame, events before audio. done means that there is nothing more to come.
func (r *reader) take() (frame []byte, binary, done bool, err error) {
	o := r.outbox
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case r.err != nil:
		return nil, false, true, r.err
	case r.greeting != nil:
		frame, r.greeting = r.greeting, nil
	case r.next <= o.last:
		frame = o.log[len(o.log)-int(o.last-r.next)-1]
		r.next++
	case len(o.pcm) > 0 && o.reader == r:
		frame, o.pcm, binary = o.pcm[0], o.pcm[1:], true
	default:
		done = o.closed
	}
	return frame, binary, done, nil
}
