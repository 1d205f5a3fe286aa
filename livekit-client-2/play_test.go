package main

import (
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// stage is a bridge, a controller that has joined a room, and somebody who listens there.
type stage struct {
	*controller
	bridge   *testBridge
	listener *listener
	room     string
}

func newStage(t *testing.T, change func(*Config)) *stage {
	t.Helper()
	server := liveKitURL(t)
	bridge := newTestBridge(t, testConfig(t, func(c *Config) {
		c.LiveKitURL = server
		if change != nil {
			change(c)
		}
	}))
	s := &stage{bridge: bridge, room: t.Name()}
	s.listener = hear(t, server, s.room)
	s.controller = connect(t, bridge)
	s.send(map[string]any{"action": "join_room", "roomName": s.room, "token": token(t, s.room, "bridge", true)})
	s.expect("room_joined", "")
	select {
	case <-s.listener.subscribed:
	case <-time.After(patience):
		t.Fatal("the listener did not get the track")
	}
	s.listener.settle(t)
	return s
}

func (s *stage) play(id, url string, more map[string]any) {
	s.t.Helper()
	message := map[string]any{"action": "play_url", "requestId": id, "url": url}
	for k, v := range more {
		message[k] = v
	}
	s.send(message)
}

func TestBR10_AWAVIsHeardAsItIs(t *testing.T) {
	s := newStage(t, nil)
	url := serveBytes(t, wav(44100, 2, sine(440, 44100, 2, 44100*3/2)))
	sent := time.Now()
	s.play("r1", url, nil)
	started := s.expect("play_started", "r1")
	complete := s.expect("play_complete", "r1")
	packets := s.listener.settle(t)

	if !*complete.Success || *complete.DurationMs != 1500 {
		t.Errorf("complete: %+v", complete.Event)
	}
	if started.Codec != "pcm_s16le" || started.SampleRate != 44100 || started.Channels != 2 || *started.ExpectedDurationMs != 1500 || *started.JoinMs != 0 {
		t.Errorf("started: %+v", started.Event)
	}
	assertContinuous(t, packets)
	if n := len(packets); n < 75 || n > 76 {
		t.Errorf("%d packets", n)
	}
	pcm := decodeAll(t, packets)
	first, last := sounding(pcm)
	if length := float64(last-first) / 48; math.Abs(length-1500) > 20 {
		t.Errorf("%v ms were heard", length)
	}
	if level := rms(pcm[first+4800 : last-4800]); math.Abs(20*math.Log10(level/(0.5/math.Sqrt2))) > 0.3 {
		t.Errorf("level %v", level)
	}
	if early := packets[0].at.Add(1500 * time.Millisecond).Sub(complete.at); early > 15*time.Millisecond { // the packet's own way here included
		t.Errorf("complete came %v before the last sample's time", early)
	}
	if n := len(s.all("play_complete", "")); n != 1 {
		t.Errorf("%d play_complete", n)
	}
	if n := len(s.all("play_progress", "r1")); n != 1 {
		t.Errorf("%d play_progress", n)
	}
	t.Logf("first packet heard after %v, sent after %v ms", packets[0].at.Sub(sent), *started.FirstFrameLatencyMs)
}

// tone serves ms of a 440 Hz tone as a WAV.
func (s *stage) tone(ms int) string {
	return serveBytes(s.t, wav(48000, 1, sine(440, 48000, 1, 48*ms)))
}

// heardLevel waits for the play's end and gives the level of what was heard, relative to full scale.
func (s *stage) heardLevel(id string) float64 {
	s.t.Helper()
	s.expect("play_complete", id)
	pcm := decodeAll(s.t, s.listener.settle(s.t))
	if len(pcm) < 9600 {
		s.t.Fatalf("only %d samples were heard", len(pcm))
	}
	return rms(pcm[len(pcm)/4 : len(pcm)*3/4])
}

func assertDB(t *testing.T, what string, got, want float64) {
	t.Helper()
	if off := 20 * math.Log10(got/want); !(math.Abs(off) < 0.5) {
		t.Errorf("%s: level %v is %.1f dB off", what, got, off)
	}
}

func TestBR2_BR5_ARoomIsJoinedAndPublishedOnce(t *testing.T) {
	s := newStage(t, nil)
	s.send(map[string]any{"action": "join_room", "roomName": s.room, "token": "not even a token"})
	s.expectNth(2, "room_joined", "")
	for _, id := range []string{"r1", "r2"} {
		s.play(id, s.tone(200), map[string]any{"roomName": s.room})
		if e := s.expect("play_complete", id); !*e.Success {
			t.Errorf("%+v", e.Event)
		}
	}
	packets := s.listener.settle(t)
	if s.listener.tracks != 1 {
		t.Errorf("%d tracks were published", s.listener.tracks)
	}
	for _, p := range packets {
		if p.SSRC != packets[0].SSRC {
			t.Fatal("the track changed")
		}
	}
	s.play("r3", s.tone(200), map[string]any{"roomName": "another"})
	if e := s.expect("error", "r3"); e.Error != "invalid_command" || e.Field != "roomName" {
		t.Errorf("%+v", e.Event)
	}
}

func TestBR3_BR20_APlayJoinsByItselfAndItsBeginningIsHeard(t *testing.T) {
	server := liveKitURL(t)
	bridge := newTestBridge(t, testConfig(t, func(c *Config) { c.LiveKitURL = server }))
	l := hear(t, server, t.Name())
	c := connect(t, bridge)
	url := serveBytes(t, wav(48000, 1, sine(440, 48000, 1, 48*500)))
	sent := time.Now()
	c.send(map[string]any{"action": "play_url", "requestId": "r1", "url": url, "roomName": t.Name(), "token": token(t, t.Name(), "bridge", true)})
	started := c.expect("play_started", "r1")
	c.expect("play_complete", "r1")
	packets := l.settle(t)
	first, last := sounding(decodeAll(t, packets))
	if length := float64(last-first) / 48; math.Abs(length-500) > 20 {
		t.Errorf("%v ms were heard", length)
	}
	if *started.JoinMs <= 0 || *started.JoinMs > *started.FirstFrameLatencyMs {
		t.Errorf("join %v ms of %v ms", *started.JoinMs, *started.FirstFrameLatencyMs)
	}
	at := packets[first/960].at
	t.Logf("not joined: first sound heard after %v, join %v ms", at.Sub(sent), *started.JoinMs)
}

func TestBR4_LeavingEndsThePlaysAndTheParticipant(t *testing.T) {
	s := newStage(t, nil)
	s.play("r1", s.tone(5000), nil)
	s.expect("play_started", "r1")
	s.send(map[string]any{"action": "leave_room"})
	complete, left := s.expect("play_complete", "r1"), s.expect("room_left", "")
	if complete.Error != "cancelled" || complete.Reason != "left" || left.Reason != "left" || left.at.Before(complete.at) {
		t.Errorf("%+v, %+v", complete.Event, left.Event)
	}
	await(t, "the participant's end", func() bool { return len(s.listener.room.GetRemoteParticipants()) == 0 })
	s.play("r2", s.tone(100), nil)
	if e := s.expect("play_complete", "r2"); e.Error != "join_failed" {
		t.Errorf("%+v", e.Event)
	}
	s.send(map[string]any{"action": "leave_room"})
	s.send(map[string]any{"action": "join_room", "token": token(t, s.room, "bridge", true)})
	s.expectNth(2, "room_joined", "")
}

func TestBR4_TheEndOfTheConnectionLeaves(t *testing.T) {
	s := newStage(t, nil)
	s.play("r1", s.tone(5000), nil)
	s.expect("play_started", "r1")
	s.conn.Close(websocket.StatusNormalClosure, "")
	await(t, "the participant's end", func() bool { return len(s.listener.room.GetRemoteParticipants()) == 0 })
	await(t, "the stream's end", func() bool { return s.bridge.activeStreams() == 0 })
}

func TestBR6_BAD5_AJoinThatFailsKeepsTheToken(t *testing.T) {
	server := liveKitURL(t)
	bridge := newTestBridge(t, testConfig(t, func(c *Config) { c.LiveKitURL = server }))
	c := connect(t, bridge)
	good := token(t, t.Name(), "bridge", true)
	bad := good[:len(good)-4] + "AAAA"
	c.send(map[string]any{"action": "join_room", "requestId": "j1", "token": bad})
	refused := c.expect("error", "j1")
	c.send(map[string]any{"action": "play_url", "requestId": "r1", "url": "http://127.0.0.1:1/?x=" + secretQuery, "token": bad})
	failed := c.expect("play_complete", "r1")
	c.send(map[string]any{"action": "join_room", "requestId": "j2", "token": good, "url": "ws://127.0.0.1:1"})
	away := c.expect("error", "j2")
	c.send(map[string]any{"action": "join_room", "requestId": "j3", "token": good, "roomName": "another"})
	other := c.expect("error", "j3")
	for _, e := range []received{refused, away, other} {
		if e.Error != "join_failed" {
			t.Errorf("%+v", e.Event)
		}
	}
	if failed.Error != "join_failed" && failed.Error != "fetch_failed" {
		t.Errorf("%+v", failed.Event)
	}
	log := bridge.log.String()
	for _, e := range append(c.all("error", ""), c.all("play_complete", "")...) {
		log += e.Message
	}
	for _, secret := range []string{bad[:40], good[:40], secretQuery, good[len(good)-43:]} {
		if strings.Contains(log, secret) {
			t.Errorf("a secret got out: %s", log)
		}
	}
	c.send(map[string]any{"action": "join_room", "token": good})
	c.expect("room_joined", "")
}

func TestBR12_ASoundPlaysWhileItDownloads(t *testing.T) {
	s := newStage(t, nil)
	file := wav(48000, 1, sine(440, 48000, 1, 48000))
	started := make(chan struct{})
	url := serveHandler(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Write(file[:44+48000])
		w.(http.Flusher).Flush()
		<-started
		w.Write(file[44+48000:])
	})
	s.play("r1", url, nil)
	s.expect("play_started", "r1")
	close(started)
	if e := s.expect("play_complete", "r1"); !*e.Success || *e.DurationMs != 1000 {
		t.Errorf("%+v", e.Event)
	}
	assertContinuous(t, s.listener.settle(t))
}

func TestBR16_GainsMultiply(t *testing.T) {
	s := newStage(t, func(c *Config) { c.PublishGain = 0.5 })
	half := 0.5 / math.Sqrt2 * 0.5 // the tone's level, at this gain
	s.play("absent", s.tone(500), nil)
	assertDB(t, "absent", s.heardLevel("absent"), half)
	s.play("product", s.tone(500), map[string]any{"volume": 0.5, "gain": 2})
	assertDB(t, "product", s.heardLevel("product"), half)
	s.play("zero", s.tone(500), map[string]any{"volume": 0})
	if level := s.heardLevel("zero"); level > 1e-4 {
		t.Errorf("volume 0 is heard at %v", level)
	}
	s.play("much", s.tone(500), map[string]any{"gain": 16})
	assertDB(t, "clamped", s.heardLevel("much"), 1/math.Sqrt2)
}

func TestBR17_ARepeatedRequestIsTheSamePlay(t *testing.T) {
	s := newStage(t, nil)
	url := s.tone(400)
	s.play("r1", url, nil)
	s.expect("play_started", "r1")
	s.play("r1", url, map[string]any{"stopOther": true})
	s.expectNth(2, "play_started", "r1")
	s.expect("play_complete", "r1")
	packets := s.listener.settle(t)
	if n := len(packets); n > 21 {
		t.Errorf("%d packets were heard", n)
	}
	s.play("r1", url, nil)
	if e := s.expectNth(2, "play_complete", "r1"); !*e.Success || *e.DurationMs != 400 {
		t.Errorf("%+v", e.Event)
	}
	if again := s.listener.settle(t); len(again) > 0 {
		t.Error("it was heard again")
	}
}

func TestBR18_StopOtherReplacesAndElseIsMixed(t *testing.T) {
	s := newStage(t, nil)
	s.play("r1", s.tone(5000), nil)
	s.expect("play_started", "r1")
	s.play("r2", s.tone(5000), map[string]any{"volume": 0.5})
	s.expect("play_started", "r2")
	s.play("r3", s.tone(300), map[string]any{"stopOther": true})
	for _, id := range []string{"r1", "r2"} {
		if e := s.expect("play_complete", id); *e.Success || e.Error != "cancelled" || e.Reason != "replaced" || *e.DurationMs <= 0 {
			t.Errorf("%+v", e.Event)
		}
	}
	if e := s.expect("play_complete", "r3"); !*e.Success {
		t.Errorf("%+v", e.Event)
	}
	assertContinuous(t, s.listener.settle(t))
}

func TestBR19_ALongSoundIsEnded(t *testing.T) {
	s := newStage(t, func(c *Config) { c.MaxDuration = 300 * time.Millisecond })
	s.play("r1", s.tone(5000), nil)
	if e := s.expect("play_complete", "r1"); *e.Success || e.Error != "max_duration" || *e.DurationMs != 300 {
		t.Errorf("%+v", e.Event)
	}
}

func TestBR21_TheSampleRateLimitsTheBandwidth(t *testing.T) {
	s := newStage(t, nil)
	url := serveBytes(t, wav(48000, 1, sine(6000, 48000, 1, 24000)))
	s.play("r1", url, map[string]any{"sampleRate": 8000})
	if level := s.heardLevel("r1"); level > 0.01 {
		t.Errorf("6 kHz came through a bandwidth of 4 kHz: %v", level)
	}
	s.play("r2", url, map[string]any{"sampleRate": 16000})
	if level := s.heardLevel("r2"); level < 0.3 {
		t.Errorf("6 kHz did not come through a bandwidth of 8 kHz: %v", level)
	}
}

func TestBR30_AStopIsExact(t *testing.T) {
	s := newStage(t, nil)
	s.play("r1", s.tone(5000), nil)
	await(t, "some sound", func() bool { return s.listener.count() > 10 })
	stopped := time.Now()
	s.send(map[string]any{"action": "stop_playback", "requestId": "r1", "reason": "user"})
	complete := s.expect("play_complete", "r1")
	packets := s.listener.settle(t)
	if complete.Error != "cancelled" || complete.Reason != "user" {
		t.Errorf("%+v", complete.Event)
	}
	after := packets[len(packets)-1].at.Sub(stopped)
	t.Logf("the last packet came %v after the stop", after)
	if after > 200*time.Millisecond { // 40 ms where nothing else runs
		t.Errorf("the last packet came %v after the stop", after)
	}
	heardMs, saidMs := float64(len(packets)*20), *complete.DurationMs
	if heardMs-saidMs > 20 || heardMs < saidMs {
		t.Errorf("%v ms were heard, %v reported", heardMs, saidMs)
	}
	pcm := decodeAll(t, packets)
	if tail := pcm[len(pcm)-48:]; rms(tail) > 0.01 {
		t.Errorf("it ends at a level of %v", rms(tail))
	}
}

func TestBR31_AStopBeforeTheFirstPacketMakesNoSound(t *testing.T) {
	s := newStage(t, nil)
	url := serveHandler(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	s.play("r1", url, nil)
	s.flush()
	s.send(map[string]any{"action": "stop_playback"})
	if e := s.expect("play_complete", "r1"); e.Error != "cancelled" || *e.DurationMs != 0 {
		t.Errorf("%+v", e.Event)
	}
	if len(s.all("play_started", "")) > 0 || len(s.listener.settle(t)) > 0 {
		t.Error("there was a sound")
	}
}

func TestBR31_AStopWhileJoining(t *testing.T) {
	server := liveKitURL(t)
	bridge := newTestBridge(t, testConfig(t, func(c *Config) { c.LiveKitURL = server }))
	c := connect(t, bridge)
	url := serveBytes(t, wav(48000, 1, sine(440, 48000, 1, 48000)))
	c.send(map[string]any{"action": "play_url", "requestId": "r1", "url": url, "token": token(t, t.Name(), "bridge", true)})
	c.send(map[string]any{"action": "stop_playback", "requestId": "r1"})
	if e := c.expect("play_complete", "r1"); e.Error != "cancelled" || *e.DurationMs != 0 {
		t.Errorf("%+v", e.Event)
	}
	c.send(map[string]any{"action": "play_url", "requestId": "r2", "url": url})
	c.send(map[string]any{"action": "leave_room"})
	if e := c.expect("play_complete", "r2"); e.Error != "cancelled" || e.Reason != "left" {
		t.Errorf("%+v", e.Event)
	}
}

func TestBR32_BR33_StopsByLayerAndOfNothing(t *testing.T) {
	s := newStage(t, nil)
	s.send(map[string]any{"action": "stop_playback", "requestId": "nobody"})
	for id, layer := range map[string]int{"r0": 0, "r1": 1, "r2": 2} {
		s.play(id, s.tone(5000), map[string]any{"trackId": layer})
		s.expect("play_started", id)
	}
	s.send(map[string]any{"action": "stop_playback", "trackId": 1})
	s.expect("play_complete", "r1")
	s.flush()
	if n := len(s.all("play_complete", "")); n != 1 {
		t.Errorf("%d plays were stopped", n)
	}
	s.send(map[string]any{"action": "stop_playback"})
	s.expect("play_complete", "r0")
	s.expect("play_complete", "r2")
	if n := len(s.all("error", "")); n != 0 {
		t.Errorf("%d errors", n)
	}
}

func TestBR41_AListenerWhoCameWhileIdleHearsTheBeginning(t *testing.T) {
	s := newStage(t, nil)
	late := hearAs(t, liveKitURL(t), s.room, "late")
	select {
	case <-late.subscribed:
	case <-time.After(patience):
		t.Fatal("the late listener did not get the track")
	}
	late.settle(t) // the server sends a packet of its own to a new subscriber
	s.play("r1", s.tone(300), nil)
	s.expect("play_complete", "r1")
	for name, l := range map[string]*listener{"early": s.listener, "late": late} {
		packets := l.settle(t)
		assertContinuous(t, packets)
		first, last := sounding(decodeAll(t, packets))
		if length := float64(last-first) / 48; math.Abs(length-300) > 20 {
			t.Errorf("%s: %v ms were heard", name, length)
		}
	}
}

func TestPauseAndResumeAreAcknowledgedWithThePosition(t *testing.T) {
	s := newStage(t, nil)
	s.play("r1", s.tone(1000), nil)
	await(t, "some sound", func() bool { return s.listener.count() > 10 })
	s.send(map[string]any{"action": "pause_playback", "requestId": "r1"})
	paused := s.expect("play_paused", "r1")
	before := s.listener.settle(t)
	s.send(map[string]any{"action": "resume_playback", "requestId": "r1"})
	resumed := s.expect("play_resumed", "r1")
	complete := s.expect("play_complete", "r1")
	after := s.listener.settle(t)
	if *paused.PositionMs != *resumed.PositionMs || !*complete.Success || *complete.DurationMs != 1000 {
		t.Errorf("%v, %v, %+v", *paused.PositionMs, *resumed.PositionMs, complete.Event)
	}
	if heardMs := float64(20 * len(before)); heardMs-*paused.PositionMs > 20 || heardMs < *paused.PositionMs {
		t.Errorf("paused at %v ms, after %v ms were heard", *paused.PositionMs, heardMs)
	}
	if after[0].SequenceNumber != before[len(before)-1].SequenceNumber+1 {
		t.Error("packets are missing")
	}
	s.send(map[string]any{"action": "pause_playback", "requestId": "nobody"})
	if e := s.expect("error", "nobody"); e.Error != "invalid_command" || e.Field != "requestId" {
		t.Errorf("%+v", e.Event)
	}
}

func TestAVolumeMovesWhilePlaying(t *testing.T) {
	s := newStage(t, nil)
	s.play("r1", s.tone(1000), nil)
	s.expect("play_started", "r1")
	s.send(map[string]any{"action": "set_volume", "requestId": "r1", "volume": 0.1, "rampMs": 100})
	s.expect("play_complete", "r1")
	pcm := decodeAll(t, s.listener.settle(t))
	assertDB(t, "lowered", rms(pcm[30000:45000]), 0.05/math.Sqrt2)
}

func TestBAD3_WhatCannotBePlayedSaysWhy(t *testing.T) {
	s := newStage(t, nil)
	whole := wav(48000, 1, sine(440, 48000, 1, 24000))
	for name, test := range map[string]struct {
		url  string
		want string
	}{
		"404":       {serveHandler(t, http.NotFound), "http_status"},
		"refused":   {"http://127.0.0.1:1/x", "fetch_failed"},
		"html":      {serveBytes(t, []byte("<!doctype html><html><body>hello</body></html>")), "unsupported_format"},
		"truncated": {serveBytes(t, whole[:len(whole)/2]), "decode_failed"},
		"empty":     {serveBytes(t, nil), "unsupported_format"},
		"file":      {"file:///etc/hostname", "blocked_address"},
		"data":      {"data:audio/wav;base64,AAAA", "blocked_address"},
		"ftp":       {"ftp://127.0.0.1/x.wav", "blocked_address"},
	} {
		s.play(name, test.url, nil)
		if e := s.expect("play_complete", name); *e.Success || string(e.Error) != test.want {
			t.Errorf("%s: %+v", name, e.Event)
		}
		if n := len(s.all("play_complete", name)); n != 1 {
			t.Errorf("%s: %d play_complete", name, n)
		}
	}
	if strings.Contains(s.bridge.log.String(), secretQuery) {
		t.Error("a query got into the log")
	}
	s.play("good", s.tone(100), nil)
	if e := s.expect("play_complete", "good"); !*e.Success {
		t.Errorf("%+v", e.Event)
	}
}

func TestBR5_ATrackThatIsGoneIsPublishedAgain(t *testing.T) {
	s := newStage(t, nil)
	s.bridge.mu.Lock()
	var room *Room
	for _, c := range s.bridge.sessions {
		room = c.currentRoom()
	}
	s.bridge.mu.Unlock()
	link := room.currentLink()
	participant := link.room.LocalParticipant
	published := func() string { return participant.TrackPublications()[0].SID() }
	first := published()
	rouse(link.mended)
	s.expectNth(2, "room_joined", "")
	if published() != first {
		t.Error("it was published again for nothing")
	}
	if err := participant.UnpublishTrack(first); err != nil {
		t.Fatal(err)
	}
	rouse(link.mended)
	s.expectNth(3, "room_joined", "")
	if published() == first {
		t.Error("it was not published again")
	}
	s.play("r1", s.tone(300), nil)
	s.expect("play_complete", "r1")
	await(t, "the sound", func() bool { return s.listener.count() >= 15 })
}

func TestATokenThatMayNotPublishIsSaidSo(t *testing.T) {
	server := liveKitURL(t)
	c := connect(t, newTestBridge(t, testConfig(t, func(c *Config) { c.LiveKitURL = server })))
	c.send(map[string]any{"action": "join_room", "requestId": "j1", "token": token(t, t.Name(), "bridge", false)})
	if e := c.expect("error", "j1"); e.Error != "publish_failed" {
		t.Errorf("%+v", e.Event)
	}
}
