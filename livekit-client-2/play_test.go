package main

import (
	"math"
	"testing"
	"time"
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
	if early := packets[0].at.Add(1500 * time.Millisecond).Sub(complete.at); early > 5*time.Millisecond {
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
