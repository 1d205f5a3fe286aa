package main

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

func TestBR1_TheFirstFrameSaysWhoIsThere(t *testing.T) {
	b := newTestBridge(t, testConfig(t, func(c *Config) { c.MaxStreams = 7 }))
	c := connect(t, b)
	e := c.events[0]
	if e.Type != "connected" || e.Version != version || e.InstanceID != b.instance || *e.Capacity != 7 || *e.ActiveStreams != 0 {
		t.Errorf("%+v", e.Event)
	}
}

func TestBR61_SEC5_TheSecretIsAskedFor(t *testing.T) {
	origin := func(name string) http.Header { return http.Header{"Origin": {name}} }
	bearer := func(secret string) http.Header { return http.Header{"Authorization": {"Bearer " + secret}} }
	both := bearer("open sesame")
	both.Set("Origin", "https://page.example")
	foreign := bearer("open sesame")
	foreign.Set("Origin", "https://evil.example")
	open := newTestBridge(t, testConfig(t, nil))
	closed := newTestBridge(t, testConfig(t, func(c *Config) { c.SharedSecret = "open sesame" }))
	rotating := newTestBridge(t, testConfig(t, func(c *Config) {
		c.SharedSecret, c.LastSecret, c.Origins = "open sesame", "old sesame", []string{"https://page.example"}
	}))
	for _, test := range []struct {
		b      *testBridge
		header http.Header
		want   int
	}{
		{open, nil, 101},
		{open, origin("http://evil.example"), 403},
		{open, origin("null"), 403},
		{closed, nil, 401},
		{closed, bearer("open"), 401},
		{closed, bearer(""), 401},
		{closed, http.Header{"Authorization": {"open sesame"}}, 401},
		{closed, bearer("open sesame"), 101},
		{closed, bearer("old sesame"), 401},
		{closed, both, 403},
		{rotating, bearer("open sesame"), 101},
		{rotating, bearer("old sesame"), 101},
		{rotating, bearer(""), 401},
		{rotating, both, 101},
		{rotating, foreign, 403},
	} {
		conn, answer, err := websocket.Dial(t.Context(), test.b.url+"/ws", &websocket.DialOptions{HTTPHeader: test.header})
		if answer == nil || answer.StatusCode != test.want {
			t.Errorf("%v: %v, %v, want %d", test.header, answer, err, test.want)
		}
		if conn != nil {
			conn.CloseNow()
		}
	}
	if strings.Contains(closed.log.String()+rotating.log.String(), "sesame") {
		t.Error("the secret is in the log")
	}
}

func TestBR60_HealthReadinessAndMetrics(t *testing.T) {
	s := newStage(t, func(c *Config) { c.MaxStreams = 1 })
	if status, body := get(t, s.bridge.url+"/healthz"); status != 200 || body != "ok" {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := get(t, s.bridge.url+"/readyz"); status != 200 {
		t.Errorf("not ready: %d", status)
	}
	s.play("r1", s.tone(5000), nil)
	s.expect("play_started", "r1")
	if status, _ := get(t, s.bridge.url+"/readyz"); status != 503 {
		t.Errorf("ready while full: %d", status)
	}
	s.play("r2", s.tone(100), nil)
	if e := s.expect("play_complete", "r2"); e.Error != "at_capacity" {
		t.Errorf("%+v", e.Event)
	}
	s.play("r3", s.tone(100), map[string]any{"stopOther": true})
	if e := s.expect("play_complete", "r3"); !*e.Success {
		t.Errorf("a replacement needs no place of its own: %+v", e.Event)
	}
	s.expect("play_complete", "r1")
	s.play("r2", s.tone(100), nil)
	if e := s.expectNth(2, "play_complete", "r2"); !*e.Success {
		t.Errorf("a refused play may be tried again: %+v", e.Event)
	}
	_, text := get(t, s.bridge.url+"/metrics")
	for _, line := range []string{
		"bridge_plays_started_total 3", `bridge_plays_ended_total{result="completed"} 2`,
		`bridge_plays_ended_total{result="cancelled"} 1`, "bridge_connections 1", "bridge_rooms 1",
		"bridge_active_streams 0", "bridge_packets_total", "bridge_late_packets_total",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("%q is not in /metrics", line)
		}
	}
	if strings.Contains(text, s.room) || strings.Contains(text, "r1") {
		t.Error("a room or a request is named in /metrics")
	}
}

func TestBAD1_ABadMessageIsAnsweredAndTheConnectionGoesOn(t *testing.T) {
	b := newTestBridge(t, testConfig(t, nil))
	c := connect(t, b)
	for _, f := range readFixtures(t, "bridge-commands.json").Invalid {
		before := len(c.all("error", ""))
		c.sendText(string(f.text()))
		e := c.expectNth(before+1, "error", "")
		if e.Error != "invalid_command" || e.Field != f.Field {
			t.Errorf("%s: %+v", f.Name, e.Event)
		}
	}
	before := len(c.all("error", ""))
	c.sendText(`{"action":"ping","requestId":"` + strings.Repeat("x", maxTextBytes) + `"}`)
	if e := c.expectNth(before+1, "error", ""); e.Error != "too_large" {
		t.Errorf("%+v", e.Event)
	}
	c.sendPCM(make([]byte, maxBinaryBytes+1))
	if e := c.expectNth(before+2, "error", ""); e.Error != "too_large" {
		t.Errorf("%+v", e.Event)
	}
	c.flush()
	if _, text := get(t, b.url+"/metrics"); !strings.Contains(text, `bridge_bad_messages_total{error="too_large"} 2`) {
		t.Error("they are not counted")
	}
}

func TestASlowReaderIsCutOff(t *testing.T) {
	b := newTestBridge(t, testConfig(t, nil))
	conn, _, err := websocket.Dial(t.Context(), b.url+"/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ping := []byte(`{"action":"ping","requestId":"` + strings.Repeat("x", 128) + `"}`)
	for err == nil {
		err = conn.Write(ctx, websocket.MessageText, ping)
	}
	if ctx.Err() != nil {
		t.Error("it was not cut off")
	}
	await(t, "the session's end", func() bool {
		_, text := get(t, b.url+"/metrics")
		return strings.Contains(text, "bridge_slow_readers_total 1") && strings.Contains(text, "bridge_connections 0")
	})
}

func TestBR63_ClosingEndsEverySessionInOrder(t *testing.T) {
	s := newStage(t, nil)
	s.play("r1", s.tone(5000), nil)
	s.expect("play_started", "r1")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s.bridge.Close(ctx)
	if ctx.Err() != nil {
		t.Error("it did not end")
	}
	s.expect("draining", "")
	if e := s.expect("play_complete", "r1"); e.Error != "cancelled" || e.Reason != "disposed" {
		t.Errorf("%+v", e.Event)
	}
	s.expect("room_left", "")
	if status, _ := get(t, s.bridge.url+"/readyz"); status != 503 {
		t.Errorf("ready while closing: %d", status)
	}
	await(t, "the participant's end", func() bool { return len(s.listener.room.GetRemoteParticipants()) == 0 })
	await(t, "the socket's end", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.ended
	})
}

func TestREPO2_APortInUseIsNamed(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)
	var out bytes.Buffer
	code := run(nil, environment(map[string]string{"BRIDGE_PORT": port}), &out, &out)
	if code != 1 || !strings.Contains(out.String(), port) || !strings.Contains(out.String(), "BRIDGE_PORT") {
		t.Errorf("%d, %s", code, out.String())
	}
}
