package main

import (
	"errors"
	"math"
	"time"

	"server-playback/livekit-client-2/internal/fault"
)

// Event is what the bridge tells its controller, as one JSON text frame. Which fields a type has is
// written down in packages/protocol/src/bridge-events.ts. Pointers are fields whose zero says something.
type Event struct {
	Type string `json:"type"`
	// Seq numbers the events of a session, from 1 on; a greeting has none.
	Seq int64 `json:"seq,omitempty"`

	SessionID     string `json:"sessionId,omitempty"`
	Resumed       *bool  `json:"resumed,omitempty"`
	Version       string `json:"version,omitempty"`
	InstanceID    string `json:"instanceId,omitempty"`
	Capacity      *int   `json:"capacity,omitempty"`
	ActiveStreams *int   `json:"activeStreams,omitempty"`
	LatePackets   *int64 `json:"latePackets,omitempty"`
	Packets       *int64 `json:"packets,omitempty"`

	RoomName string `json:"roomName,omitempty"`
	Identity string `json:"identity,omitempty"`
	// Transport is by which protocol media travels, once that is settled.
	Transport string `json:"transport,omitempty"`

	RequestID           string   `json:"requestId,omitempty"`
	FirstFrameLatencyMs *float64 `json:"firstFrameLatencyMs,omitempty"`
	JoinMs              *float64 `json:"joinMs,omitempty"`
	FetchMs             *float64 `json:"fetchMs,omitempty"`
	DecodeMs            *float64 `json:"decodeMs,omitempty"`
	Codec               string   `json:"codec,omitempty"`
	SampleRate          int      `json:"sampleRate,omitempty"`
	Channels            int      `json:"channels,omitempty"`
	ExpectedDurationMs  *float64 `json:"expectedDurationMs,omitempty"`
	PositionMs          *float64 `json:"positionMs,omitempty"`
	PlayedMs            *float64 `json:"playedMs,omitempty"`
	BufferedMs          *float64 `json:"bufferedMs,omitempty"`
	SilentMs            *float64 `json:"silentMs,omitempty"`
	Volume              *float64 `json:"volume,omitempty"`

	Success    *bool      `json:"success,omitempty"`
	DurationMs *float64   `json:"durationMs,omitempty"`
	Error      fault.Code `json:"error,omitempty"`
	Reason     string     `json:"reason,omitempty"`
	Message    string     `json:"message,omitempty"`
	Field      string     `json:"field,omitempty"`

	SkippedMs    *float64 `json:"skippedMs,omitempty"`
	SkippedBytes int64    `json:"skippedBytes,omitempty"`
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
