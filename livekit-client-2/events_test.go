package main

import (
	"encoding/json"
	"errors"
	"strconv"
	"testing"
	"time"
)

func TestOutboxKeepsEventsInOrderAndBeforeAudio(t *testing.T) {
	o := newOutbox(func() {})
	r := o.attach(Event{Type: "connected"}, 0)
	o.sendPCM([]byte("pcm"))
	o.sendEvent(Event{Type: "pong", RequestID: "1"})
	o.sendEvent(Event{Type: "pong", RequestID: "2"})
	o.close()
	o.sendEvent(Event{Type: "pong", RequestID: "3"})
	for _, want := range []string{`{"type":"connected"}`, `{"type":"pong","seq":1,"requestId":"1"}`, `{"type":"pong","seq":2,"requestId":"2"}`, "pcm"} {
		frame, binary, done, err := r.take()
		if string(frame) != want || binary != (want == "pcm") || done || err != nil {
			t.Errorf("%s, %v, %v, %v, want %s", frame, binary, done, err, want)
		}
	}
	if _, _, done, err := r.take(); !done || err != nil {
		t.Errorf("done %v, %v", done, err)
	}
}

func TestOutboxCutsASlowReaderOff(t *testing.T) {
	o := newOutbox(func() {})
	r := o.attach(Event{Type: "connected"}, 0)
	for i := range maxLogged + 1000 {
		o.sendEvent(Event{Type: "pong", RequestID: strconv.Itoa(i)})
	}
	if len(o.log) > maxLogged {
		t.Errorf("%d events are held", len(o.log))
	}
	if _, _, _, err := r.take(); !errors.Is(err, errSlowReader) {
		t.Error(err)
	}
}

func TestBR52_OutboxDropsTheOldestAudio(t *testing.T) {
	dropped := 0
	o := newOutbox(func() { dropped++ })
	r := o.attach(Event{}, 0)
	r.greeting = nil
	for i := range maxQueuedPCM + 10 {
		o.sendPCM([]byte{byte(i)})
	}
	frame, _, _, _ := r.take()
	if dropped != 10 || frame[0] != 10 {
		t.Errorf("%d were dropped, the first left is %d", dropped, frame[0])
	}
}

func TestREC1_AReaderThatComesBackGetsWhatItHasNotRead(t *testing.T) {
	o := newOutbox(func() {})
	for range maxLogged + 10 {
		o.sendEvent(Event{Type: "pong"})
	}
	for _, test := range []struct {
		after int64
		there bool
	}{{9, false}, {10, true}, {maxLogged + 10, true}, {maxLogged + 11, false}, {-1, false}} {
		r := o.attach(Event{Type: "connected"}, test.after)
		if (r != nil) != test.there {
			t.Errorf("after %d: %v", test.after, r)
		}
		if r == nil {
			continue
		}
		r.take()
		frames := 0
		for frame, _, _, _ := r.take(); frame != nil; frame, _, _, _ = r.take() {
			var e Event
			if frames++; json.Unmarshal(frame, &e) != nil || e.Seq != test.after+int64(frames) {
				t.Fatalf("after %d, frame %d: %s", test.after, frames, frame)
			}
		}
		if want := maxLogged + 10 - int(test.after); frames != want {
			t.Errorf("after %d: %d events, want %d", test.after, frames, want)
		}
	}
}

func TestREC1_AnOldReaderGetsNothingMore(t *testing.T) {
	o := newOutbox(func() {})
	old := o.attach(Event{Type: "connected"}, 0)
	o.attach(Event{Type: "connected"}, 0)
	if _, _, _, err := old.take(); !errors.Is(err, errTakenOver) {
		t.Error(err)
	}
	if o.detach(old) {
		t.Error("the old reader's end made the outbox vacant")
	}
}

func TestMillisecondsAreRoundedToAHundredth(t *testing.T) {
	for d, want := range map[time.Duration]float64{0: 0, 1234567 * time.Nanosecond: 1.23, 1500 * time.Millisecond: 1500} {
		if got := *ms(d); got != want {
			t.Errorf("%v is %v", d, got)
		}
	}
}
