package main

import (
	"fmt"
	"testing"
	"time"
)

func TestSEC6_CommandsASecondAreLimited(t *testing.T) {
	b := newTestBridge(t, testConfig(t, func(c *Config) { c.MaxCommands = 5 }))
	c, other := connect(t, b), connect(t, b)
	for i := range 30 {
		c.send(map[string]any{"action": "ping", "requestId": fmt.Sprint("p", i)})
	}
	if e := c.expect("error", "p29"); e.Error != "rate_limited" {
		t.Errorf("%+v", e.Event)
	}
	if n := len(c.all("pong", "")); n < 10 || n > 15 {
		t.Errorf("%d of 30 at once were carried out", n)
	}
	other.flush()
	await(t, "the next one's turn", func() bool {
		c.send(map[string]any{"action": "ping", "requestId": "again"})
		time.Sleep(100 * time.Millisecond)
		return len(c.all("pong", "again")) > 0
	})
}

func TestSEC6_SoundsOfASessionAreLimited(t *testing.T) {
	s := newStage(t, func(c *Config) { c.SessionStreams = 2 })
	for _, id := range []string{"r1", "r2", "r3"} {
		s.play(id, s.tone(3000), nil)
	}
	if e := s.expect("play_complete", "r3"); e.Error != "at_capacity" || e.Reason != "session_full" {
		t.Errorf("%+v", e.Event)
	}
	s.play("r4", s.tone(100), map[string]any{"stopOther": true})
	if e := s.expect("play_complete", "r4"); !*e.Success {
		t.Errorf("%+v", e.Event)
	}
	if n := s.bridge.activeStreams(); n != 0 {
		t.Errorf("%d places are taken", n)
	}
}

func TestSEC6_SessionsAreLimited(t *testing.T) {
	b := newTestBridge(t, testConfig(t, func(c *Config) { c.MaxSessions = 1 }))
	c := connect(t, b)
	if status, _ := get(t, b.url+"/ws"); status != 503 {
		t.Errorf("%d", status)
	}
	c.conn.CloseNow()
	c.awaitEnd()
	resume(t, b, c.greeting().SessionID, 0)
}
