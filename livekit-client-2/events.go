package main

import (
	"encoding/json"
	"errors"
	"math"
	"sync"
	"time"

	"server-playback/livekit-client-2/internal/fault"
)

// Event is what the bridge tells its controller, as one JSON text frame. Which fields a type has is
// written down in packages/protocol/src/bridge-events.ts. Pointers are fields whose zero says something.
type Event struct {
	Type string `json:"type"`

	Version       string `json:"version,omitempty"`
	InstanceID    string `json:"instanceId,omitempty"`
	Capacity      *int   `json:"capacity,omitempty"`
	ActiveStreams *int   `json:"activeStreams,omitempty"`
	LatePackets   *int64 `json:"latePackets,omitempty"`
	Packets       *int64 `json:"packets,omitempty"`

	RoomName string `json:"roomName,omitempty"`
	Identity string `json:"identity,omitempty"`

	RequestID           string   `json:"requestId,omitempty"`
	FirstFrameLatencyMs *float64 `json:"firstFrameLatencyMs,omitempty"`
	JoinMs              *float64 `json:"joinMs,omitempty"`
	Codec               string   `json:"codec,omitempty"`
	SampleRate          int      `json:"sampleRate,omitempty"`
	Channels            int      `json:"channels,omitempty"`
	ExpectedDurationMs  *float64 `json:"expectedDurationMs,omitempty"`
	PositionMs          *float64 `json:"positionMs,omitempty"`
	BufferedMs          *float64 `json:"bufferedMs,omitempty"`

	Success    *bool      `json:"success,omitempty"`
	DurationMs *float64   `json:"durationMs,omitempty"`
	Error      fault.Code `json:"error,omitempty"`
	Reason     string     `json:"reason,omitempty"`
	Message    string     `json:"message,omitempty"`
	Field      string     `json:"field,omitempty"`
}

// ms gives a duration as events carry it: in ms, to a hundredth.
func ms(d time.Duration) *float64 {
	return new(math.Round(float64(d)/float64(time.Millisecond)*100) / 100)
}

// errorEvent answers a command that was not carried out.
func errorEvent(requestID string, err error) Event {
	event := Event{Type: "error", RequestID: requestID, Error: fault.CodeOf(err), Message: messageOf(err)}
	if at, ok := errors.AsType[*fieldError](err); ok {
		event.Field = at.field
	}
	return event
}

// messageOf gives the part of an error that may leave the process: a fault's message. The text of
// any other error may hold a token or a URL's query.
func messageOf(err error) string {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.Message
	}
	return ""
}

const (
	// maxQueuedEvents is how many events may wait for a reader; one that is further behind is cut off.
	maxQueuedEvents = 256
	// maxQueuedPCM is how many frames of forwarded audio may wait; beyond that the oldest is dropped.
	maxQueuedPCM = 25
)

// errSlowReader ends a connection whose other side does not read its events.
var errSlowReader = errors.New("the reader is too far behind")

// outbox holds what waits to be written to the controller. It is bounded: events are never dropped,
// so too many of them end the connection; forwarded audio is, oldest first.
type outbox struct {
	onDrop func() // told of each dropped frame of audio

	mu     sync.Mutex
	events [][]byte
	pcm    [][]byte
	over   bool
	closed bool
	wake   chan struct{}
}

func newOutbox(onDrop func()) *outbox {
	return &outbox{onDrop: onDrop, wake: make(chan struct{}, 1)}
}

// sendEvent queues an event. It never waits; after close it does nothing.
func (o *outbox) sendEvent(e Event) {
	text, err := json.Marshal(e)
	if err != nil {
		return // an Event has no value that JSON cannot hold, but for a NaN that ms cannot yield
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || o.over {
		return
	}
	o.over = len(o.events) == maxQueuedEvents
	o.events = append(o.events, text)
	rouse(o.wake)
}

// sendPCM queues a frame of forwarded audio. It never waits.
func (o *outbox) sendPCM(frame []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	if len(o.pcm) == maxQueuedPCM {
		o.pcm = o.pcm[1:]
		o.onDrop()
	}
	o.pcm = append(o.pcm, frame)
	rouse(o.wake)
}

// close lets what is queued be taken, and nothing be added.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	rouse(o.wake)
}

// take gives the next frame, events before audio. done means that there is nothing more to come.
func (o *outbox) take() (frame []byte, binary, done bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.over:
		return nil, false, true, errSlowReader
	case len(o.events) > 0:
		frame, o.events = o.events[0], o.events[1:]
	case len(o.pcm) > 0:
		frame, o.pcm, binary = o.pcm[0], o.pcm[1:], true
	default:
		done = o.closed
	}
	return frame, binary, done, nil
}
