package main

import (
	"errors"
	"strconv"
	"testing"
	"time"
)

func TestOutboxKeepsEventsInOrderAndBeforeAudio(t *testing.T) {
	o := newOutbox(func() {})
	o.sendPCM([]byte("pcm"))
	o.sendEvent(Event{Type: "pong", RequestID: "1"})
	o.sendEvent(Event{Type: "pong", RequestID: "2"})
	o.close()
	o.sendEvent(Event{Type: "pong", RequestID: "3"})
	for _, want := range []string{`{"type":"pong","requestId":"1"}`, `{"type":"pong","requestId":"2"}`, "pcm"} {
		frame, binary, done, err := o.take()
		if string(frame) != want || binary != (want == "pcm") || done || err != nil {
			t.Errorf("%s, %v, %v, %v, want %s", frame, binary, done, err, want)
		}
	}
	if _, _, done, err := o.take(); !done || err != nil {
		t.Errorf("done %v, %v", done, err)
	}
}

func TestOutboxCutsASlowReaderOff(t *testing.T) {
	o := newOutbox(func() {})
	for i := range maxQueuedEvents + 1000 {
		o.sendEvent(Event{Type: "pong", RequestID: strconv.Itoa(i)})
	}
	if len(o.events) > maxQueuedEvents+1 {
		t.Errorf("%d events are held", len(o.events))
	}
	if _, _, _, err := o.take(); !errors.Is(err, errSlowReader) {
		t.Error(err)
	}
}

func TestBR52_OutboxDropsTheOldestAudio(t *testing.T) {
	dropped := 0
	o := newOutbox(func() { dropped++ })
	for i := range maxQueuedPCM + 10 {
		o.sendPCM([]byte{byte(i)})
	}
	frame, _, _, _ := o.take()
	if dropped != 10 || frame[0] != 10 {
		t.Errorf("%d were dropped, the first left is %d", dropped, frame[0])
	}
}

func TestMillisecondsAreRoundedToAHundredth(t *testing.T) {
	for d, want := range map[time.Duration]float64{0: 0, 1234567 * time.Nanosecond: 1.23, 1500 * time.Millisecond: 1500} {
		if got := *ms(d); got != want {
			t.Errorf("%v is %v", d, got)
		}
	}
}
