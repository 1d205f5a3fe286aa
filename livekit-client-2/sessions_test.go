package main

import (
	"context"
	"testing"
	"time"

	"github.com/coder/websocket"
)

func TestREC1_ASessionIsTakenUpByAnotherConnection(t *testing.T) {
	s := newStage(t, nil)
	s.play("r1", s.tone(2000), nil)
	s.expect("play_started", "r1")
	after := s.lastSeq()
	s.conn.CloseNow()
	s.awaitEnd()
	again := resume(t, s.bridge, s.greeting().SessionID, after)
	if e := again.greeting(); !*e.Resumed || e.SessionID != s.greeting().SessionID || e.Seq != 0 {
		t.Errorf("%+v", e)
	}
	complete := again.expect("play_complete", "r1")
	if !*complete.Success || *complete.DurationMs != 2000 {
		t.Errorf("%+v", complete.Event)
	}
	packets := s.listener.settle(t)
	if n := len(packets); n < 100 || n > 101 {
		t.Errorf("%d packets", n)
	}
	again.mu.Lock()
	defer again.mu.Unlock()
	for i, e := range again.events[1:] {
		if e.Seq != after+1+int64(i) {
			t.Fatalf("event %d has number %d, after %d", i, e.Seq, after)
		}
	}
}

func TestREC1_WhatHappenedMeanwhileIsToldOnce(t *testing.T) {
	s := newStage(t, nil)
	s.play("r1", s.tone(300), nil)
	s.expect("play_started", "r1")
	after := s.lastSeq()
	s.conn.CloseNow()
	await(t, "the sound's end", func() bool { return s.bridge.activeStreams() == 0 })
	s.listener.settle(t)
	again := resume(t, s.bridge, s.greeting().SessionID, after)
	if e := again.expect("play_complete", "r1"); !*e.Success {
		t.Errorf("%+v", e.Event)
	}
	again.flush()
	if n := len(again.all("play_complete", "r1")); n != 1 {
		t.Errorf("%d play_complete", n)
	}
}

func TestREC2_AnOlderConnectionIsClosed(t *testing.T) {
	b := newTestBridge(t, testConfig(t, nil))
	old := connect(t, b)
	again := resume(t, b, old.greeting().SessionID, 0)
	if status := old.awaitEnd(); status != statusTakenOver {
		t.Errorf("closed with %d", status)
	}
	again.flush()
}

func TestREC3_AnUnknownSessionIsANewOne(t *testing.T) {
	b := newTestBridge(t, testConfig(t, nil))
	first := connect(t, b)
	first.flush()
	for _, test := range []struct {
		id    string
		after int64
	}{{"unknown", 3}, {"", 0}, {first.greeting().SessionID, 99}} {
		e := resume(t, b, test.id, test.after).greeting()
		if *e.Resumed || e.SessionID == test.id || len(e.SessionID) < 20 {
			t.Errorf("%+v", e)
		}
	}
	first.awaitEnd() // what it had is nobody's any more
}

func TestREC4_ASessionThatNobodyTakesUpEnds(t *testing.T) {
	s := newStage(t, func(c *Config) { c.SessionGrace = 200 * time.Millisecond })
	s.play("r1", s.tone(10000), nil)
	s.expect("play_started", "r1")
	s.conn.CloseNow()
	await(t, "the participant's end", func() bool { return len(s.listener.room.GetRemoteParticipants()) == 0 })
	await(t, "the stream's end", func() bool { return s.bridge.activeStreams() == 0 })
	if e := resume(t, s.bridge, s.greeting().SessionID, 0).greeting(); *e.Resumed {
		t.Error("it was taken up after its end")
	}
}

func TestREC5_AGoodbyeEndsTheSessionAtOnce(t *testing.T) {
	b := newTestBridge(t, testConfig(t, nil))
	c := connect(t, b)
	c.conn.Close(websocket.StatusNormalClosure, "")
	await(t, "the session's end", func() bool { return b.sessionCount() == 0 })
}

func TestREC6_ABridgeThatDrainsLetsSoundsFinish(t *testing.T) {
	s := newStage(t, nil)
	s.play("r1", s.tone(1000), nil)
	s.expect("play_started", "r1")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.bridge.drain(ctx)
		s.bridge.Close(ctx)
	}()
	s.expect("draining", "")
	if status, _ := get(t, s.bridge.url+"/readyz"); status != 503 {
		t.Errorf("ready while draining: %d", status)
	}
	if status, _ := get(t, s.bridge.url+"/ws"); status != 503 {
		t.Errorf("a new connection is welcome while draining: %d", status)
	}
	s.play("r2", s.tone(100), nil)
	if e := s.expect("play_complete", "r2"); e.Error != "at_capacity" || e.Reason != "draining" {
		t.Errorf("%+v", e.Event)
	}
	if e := s.expect("play_complete", "r1"); !*e.Success || *e.DurationMs != 1000 {
		t.Errorf("%+v", e.Event)
	}
	<-done
	if ctx.Err() != nil {
		t.Error("it did not end")
	}
}

func (b *testBridge) sessionCount() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.sessions)
}
