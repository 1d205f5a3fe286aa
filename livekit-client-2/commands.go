package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf16"

	"server-playback/livekit-client-2/internal/fault"
)

// Command is what a controller asks for, as one JSON text frame: the union of all actions' fields.
// Pointers are fields of which 0 or false says something that absence does not.
// The wire's contract is packages/protocol/src/bridge-commands.ts.
type Command struct {
	Action     string   `json:"action"`
	RoomName   string   `json:"roomName,omitempty"`
	Token      string   `json:"token,omitempty"`
	Url        string   `json:"url,omitempty"`
	RequestID  string   `json:"requestId,omitempty"`
	Volume     *float64 `json:"volume,omitempty"`
	Gain       *float64 `json:"gain,omitempty"`
	StopOther  bool     `json:"stopOther,omitempty"`
	SampleRate int      `json:"sampleRate,omitempty"`

	Channels       *int     `json:"channels,omitempty"`
	TrackID        *int     `json:"trackId,omitempty"`
	StartMs        float64  `json:"startMs,omitempty"`
	Loop           bool     `json:"loop,omitempty"`
	Queue          bool     `json:"queue,omitempty"`
	Reason         string   `json:"reason,omitempty"`
	RampMs         *float64 `json:"rampMs,omitempty"`
	PositionMs     *float64 `json:"positionMs,omitempty"`
	DurationMs     *float64 `json:"durationMs,omitempty"`
	TargetIdentity string   `json:"targetIdentity,omitempty"`
	Traceparent    string   `json:"traceparent,omitempty"`
	User           string   `json:"user,omitempty"`
	Fence          int64    `json:"fence,omitempty"`
}

// The actions.
const (
	actionJoinRoom         = "join_room"
	actionLeaveRoom        = "leave_room"
	actionPlayURL          = "play_url"
	actionStopPlayback     = "stop_playback"
	actionPausePlayback    = "pause_playback"
	actionResumePlayback   = "resume_playback"
	actionSetVolume        = "set_volume"
	actionSeekPlayback     = "seek_playback"
	actionStartPCM         = "start_pcm"
	actionEndPCM           = "end_pcm"
	actionPublishTone      = "publish_tone"
	actionSubscribeEnable  = "subscribe_enable"
	actionSubscribeDisable = "subscribe_disable"
	actionPing             = "ping"
)

// actionFields lists the fields that an action reads, a required one with a "!". Others are ignored,
// so that a newer side can add some.
var actionFields = map[string][]string{
	actionJoinRoom:         {"requestId", "roomName", "token!", "url"},
	actionLeaveRoom:        {"requestId"},
	actionPlayURL:          {"requestId!", "url!", "roomName", "token", "volume", "gain", "stopOther", "trackId", "sampleRate", "startMs", "loop", "queue", "traceparent", "user"},
	actionStopPlayback:     {"requestId", "trackId", "reason"},
	actionPausePlayback:    {"requestId!"},
	actionResumePlayback:   {"requestId!"},
	actionSetVolume:        {"requestId!", "volume!", "rampMs"},
	actionSeekPlayback:     {"requestId!", "positionMs!"},
	actionStartPCM:         {"requestId!", "sampleRate!", "channels", "roomName", "token", "volume", "gain", "stopOther", "trackId", "queue", "traceparent", "user"},
	actionEndPCM:           {"requestId!"},
	actionPublishTone:      {"requestId", "durationMs"},
	actionSubscribeEnable:  {"requestId", "targetIdentity"},
	actionSubscribeDisable: {"requestId"},
	actionPing:             {"requestId"},
}

const (
	dayMs          = 24 * 3600 * 1000
	maxSafeInteger = 1<<53 - 1 // of the numbers that JSON carries unharmed (RFC 8259, section 6)
)

// fieldError is a *fault.Error InvalidCommand that names the field at fault.
type fieldError struct {
	field string
	err   *fault.Error
}

func invalidField(field, format string, args ...any) error {
	return &fieldError{field: field, err: fault.New(fault.InvalidCommand, field+": "+format, args...)}
}

func (e *fieldError) Error() string { return e.err.Error() }
func (e *fieldError) Unwrap() error { return e.err }

// parseCommand reads one text frame. Its errors are InvalidCommand. The command's requestId is given
// even then, if it could be read.
func parseCommand(text []byte) (Command, error) {
	var c Command
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil || raw == nil {
		return c, fault.New(fault.InvalidCommand, "the message is not a JSON object")
	}
	if c.read(raw, "requestId") != nil {
		c.RequestID = ""
	}
	if err := c.read(raw, "action"); err != nil {
		return c, err
	}
	fields, known := actionFields[c.Action]
	if !known {
		return c, invalidField("action", "%.64q is not known", c.Action)
	}
	if err := c.read(raw, "fence"); err != nil { // of every action
		return c, err
	}
	for _, field := range fields {
		if err := c.readListed(raw, field); err != nil {
			return c, err
		}
	}
	return c, nil
}

// readListed reads a field as actionFields lists it.
func (c *Command) readListed(raw map[string]json.RawMessage, field string) error {
	name, required := strings.CutSuffix(field, "!")
	if _, present := raw[name]; required && !present {
		return invalidField(name, "it is required")
	}
	return c.read(raw, name)
}

// read decodes and checks one field, if it is there.
func (c *Command) read(raw map[string]json.RawMessage, name string) error {
	value, present := raw[name]
	if !present {
		return nil
	}
	switch name {
	case "action":
		return text(name, value, &c.Action, 0, 64)
	case "requestId":
		return text(name, value, &c.RequestID, 1, 128)
	case "roomName":
		return text(name, value, &c.RoomName, 1, 256)
	case "token":
		return text(name, value, &c.Token, 1, 8192)
	case "url":
		return c.readURL(value)
	case "reason":
		return text(name, value, &c.Reason, 1, 64)
	case "targetIdentity":
		return text(name, value, &c.TargetIdentity, 0, 256)
	case "traceparent":
		return text(name, value, &c.Traceparent, 0, 256)
	case "user":
		return text(name, value, &c.User, 1, 256)
	case "stopOther":
		return decode(name, value, &c.StopOther, "true or false")
	case "queue":
		return decode(name, value, &c.Queue, "true or false")
	case "loop":
		return decode(name, value, &c.Loop, "true or false")
	case "volume":
		return number(name, value, &c.Volume, 0, 1)
	case "gain":
		return number(name, value, &c.Gain, 0, 16)
	case "sampleRate":
		return c.readSampleRate(value)
	case "channels":
		return whole(name, value, &c.Channels, 1, 2)
	case "trackId":
		return whole(name, value, &c.TrackID, 0, 2)
	case "fence":
		return c.readFence(value)
	case "startMs":
		return c.readStart(value)
	case "rampMs":
		return number(name, value, &c.RampMs, 0, dayMs)
	case "positionMs":
		return number(name, value, &c.PositionMs, 0, dayMs)
	case "durationMs":
		return number(name, value, &c.DurationMs, 0, dayMs)
	}
	return nil
}

// readURL reads the URL of a sound, or of a LiveKit server, which may be empty.
func (c *Command) readURL(value json.RawMessage) error {
	if c.Action == actionJoinRoom {
		return text("url", value, &c.Url, 0, 2048)
	}
	return text("url", value, &c.Url, 1, 8192)
}

func (c *Command) readSampleRate(value json.RawMessage) error {
	var rate *int
	err := whole("sampleRate", value, &rate, 8000, 192000)
	if err == nil {
		c.SampleRate = *rate
	}
	return err
}

func (c *Command) readFence(value json.RawMessage) error {
	if err := decode("fence", value, &c.Fence, "a whole number"); err != nil {
		return err
	}
	if c.Fence < 1 || c.Fence > maxSafeInteger {
		return invalidField("fence", "it must be a whole number from 1 to 2^53-1")
	}
	return nil
}

func (c *Command) readStart(value json.RawMessage) error {
	var start *float64
	err := number("startMs", value, &start, 0, dayMs)
	if err == nil {
		c.StartMs = *start
	}
	return err
}

// decode reads a value that must not be null.
func decode(name string, value json.RawMessage, to any, want string) error {
	if string(value) == "null" || json.Unmarshal(value, to) != nil {
		return invalidField(name, "it must be %s", want)
	}
	return nil
}

func text(name string, value json.RawMessage, to *string, shortest, longest int) error {
	want := fmt.Sprintf("text of %d to %d characters", shortest, longest)
	if err := decode(name, value, to, want); err != nil {
		return err
	}
	// Counted as JavaScript does, so that both sides draw the same line.
	if n := len(utf16.Encode([]rune(*to))); n < shortest || n > longest {
		return invalidField(name, "it must be %s", want)
	}
	return nil
}

func number(name string, value json.RawMessage, to **float64, low, high float64) error {
	var x float64
	if err := decode(name, value, &x, "a number"); err != nil {
		return err
	}
	if x < low || x > high {
		return invalidField(name, "it must be a number from %v to %v", low, high)
	}
	*to = &x
	return nil
}

func whole(name string, value json.RawMessage, to **int, low, high int) error {
	var n int
	if err := decode(name, value, &n, "a whole number"); err != nil {
		return err
	}
	if n < low || n > high {
		return invalidField(name, "it must be a whole number from %d to %d", low, high)
	}
	*to = &n
	return nil
}

// handleCommand carries out a command, or says by an error why not. It never waits.
func (c *BridgeClient) handleCommand(cmd Command) error {
	if room := c.currentRoom(); room != nil && room.ticket.Renew(cmd.Fence) != nil {
		return errFenced
	}
	switch cmd.Action {
	case actionJoinRoom:
		return c.join(cmd)
	case actionLeaveRoom:
		c.leave("left")
		return nil
	case actionPlayURL:
		return c.speaker.playURL(cmd)
	case actionStartPCM:
		return c.speaker.startPCM(cmd)
	case actionEndPCM:
		return c.endPCM(cmd.RequestID)
	case actionPublishTone:
		return c.speaker.publishTone(cmd)
	case actionStopPlayback:
		c.speaker.stop(cmd)
		return nil
	case actionPausePlayback:
		return c.speaker.setPaused(cmd.RequestID, true)
	case actionResumePlayback:
		return c.speaker.setPaused(cmd.RequestID, false)
	case actionSetVolume:
		return c.speaker.setVolume(cmd)
	case actionSeekPlayback:
		return c.speaker.seek(cmd)
	case actionSubscribeEnable:
		return c.subscribe(cmd.TargetIdentity)
	case actionSubscribeDisable:
		c.unsubscribe()
		return nil
	case actionPing:
		c.sendEvent(Event{Type: "pong", RequestID: cmd.RequestID})
		return nil
	}
	return invalidField("action", "%s is not supported by this bridge yet", cmd.Action)
}
