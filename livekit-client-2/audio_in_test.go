package main

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/logger"
	lksdk "github.com/livekit/server-sdk-go/v2"

	"server-playback/livekit-client-2/internal/fault"
	"server-playback/livekit-client-2/internal/mix"
	"server-playback/livekit-client-2/internal/source"
)

func TestBR50_AnnouncedPCMIsPlayedInItsForm(t *testing.T) {
	s := newStage(t, nil)
	data := sine(440, 24000, 2, 24000/2)
	s.send(map[string]any{"action": "start_pcm", "requestId": "s1", "sampleRate": 24000, "channels": 2})
	for rest := data; len(rest) > 0; {
		n := min(4801, len(rest)) // cut anywhere
		s.sendPCM(rest[:n])
		rest = rest[n:]
	}
	s.send(map[string]any{"action": "end_pcm", "requestId": "s1"})
	started := s.expect("play_started", "s1")
	if started.Codec != "pcm_s16le" || started.SampleRate != 24000 || started.Channels != 2 || started.ExpectedDurationMs != nil {
		t.Errorf("%+v", started.Event)
	}
	assertDB(t, "pcm", s.heardLevel("s1"), 0.5/math.Sqrt2)
	if e := s.expect("play_complete", "s1"); !*e.Success || *e.DurationMs != 500 {
		t.Errorf("%+v", e.Event)
	}
	s.send(map[string]any{"action": "end_pcm", "requestId": "s1"})
	if e := s.expect("error", "s1"); e.Error != "invalid_command" || e.Field != "requestId" {
		t.Errorf("%+v", e.Event)
	}
}

func TestBR50_UnannouncedPCMIs16kHzMono(t *testing.T) {
	s := newStage(t, nil)
	for range 2 {
		s.sendPCM(sine(440, 16000, 1, 16000/4))
	}
	started := s.expect("play_started", "")
	if started.SampleRate != 16000 || started.Channels != 1 {
		t.Errorf("%+v", started.Event)
	}
	if e := s.expect("play_complete", started.RequestID); !*e.Success || *e.DurationMs != 500 {
		t.Errorf("%+v", e.Event)
	}
}

func TestBR30_PCMUnderWayToAStoppedPlayIsNotHeard(t *testing.T) {
	s := newStage(t, nil)
	s.send(map[string]any{"action": "start_pcm", "requestId": "s1", "sampleRate": 48000})
	s.sendPCM(sine(440, 48000, 1, 24000))
	s.expect("play_started", "s1")
	s.send(map[string]any{"action": "stop_playback", "requestId": "s1"})
	s.expect("play_complete", "s1")
	s.listener.settle(t)
	s.sendPCM(sine(440, 48000, 1, 24000))
	s.flush()
	if n := len(s.listener.settle(t)); n > 0 {
		t.Errorf("%d packets were heard after the stop", n)
	}
	s.send(map[string]any{"action": "end_pcm", "requestId": "s1"})
	s.flush()
	if n := len(s.all("error", "")); n != 0 {
		t.Errorf("%d errors", n)
	}
}

func TestPCMWithoutARoomIsAnsweredOnce(t *testing.T) {
	c := connect(t, newTestBridge(t, testConfig(t, nil)))
	for range 3 {
		c.sendPCM(make([]byte, 320))
	}
	c.flush()
	if n := len(c.all("error", "")); n != 1 {
		t.Errorf("%d errors", n)
	}
}

func TestTooMuchWaitingPCMFailsThePlayAndNotTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := newPCMIntake("s1", 0)
		for range 4 {
			if !in.push(make([]byte, maxPCMBytes/4)) {
				t.Fatal("refused while there is room")
			}
		}
		began := time.Now()
		in.push(make([]byte, 1000))
		if took := time.Since(began); took != pcmPatience {
			t.Errorf("it waited %v", took)
		}
		if code := fault.CodeOf(in.failure()); code != fault.TooLarge {
			t.Errorf("code %q", code)
		}
		if !in.push(make([]byte, 1000)) || in.waiting() != maxPCMBytes {
			t.Error("what comes later is not dropped")
		}
	})
}

func TestAnIntakeIsFedAtTheSoundsPace(t *testing.T) {
	options := source.PCMOptions{SampleRate: 48000, Channels: 1, Published: 1, Ahead: 100 * time.Millisecond}
	pcm, err := source.NewPCM(options)
	if err != nil {
		t.Fatal(err)
	}
	in := newPCMIntake("s1", 0)
	sound := newPCMSound(pcm, options, in)
	for range 10 {
		in.push(sine(440, 48000, 1, 4800))
	}
	in.end()
	if got := sound.Buffered(); got > time.Second {
		t.Errorf("%v are buffered", got)
	}
	samples, block := 0, make([]float32, 960)
	await(t, "the end", func() bool {
		n, ended := sound.Read(block)
		samples += n
		return ended
	})
	if samples != 48000 || sound.Err() != nil {
		t.Errorf("%d samples, %v", samples, sound.Err())
	}
	sound.Close()
	sound.Close()
}

func TestClosingASoundEndsItsFeeding(t *testing.T) {
	options := source.PCMOptions{SampleRate: 48000, Channels: 1, Published: 1}
	pcm, err := source.NewPCM(options)
	if err != nil {
		t.Fatal(err)
	}
	in := newPCMIntake("s1", 0)
	sound := newPCMSound(pcm, options, in)
	in.push(make([]byte, 1<<20))
	sound.Close()
}

func TestBR51_TheToneNeedsItsFlag(t *testing.T) {
	s := newStage(t, func(c *Config) { c.DebugTone = true })
	s.send(map[string]any{"action": "publish_tone", "requestId": "t1", "durationMs": 500})
	assertDB(t, "tone", s.heardLevel("t1"), toneLevel/math.Sqrt2)

	c := connect(t, newTestBridge(t, testConfig(t, nil)))
	c.send(map[string]any{"action": "publish_tone", "requestId": "t1"})
	if e := c.expect("error", "t1"); e.Error != "invalid_command" {
		t.Errorf("%+v", e.Event)
	}
}

func TestToneIsEndless(t *testing.T) {
	var _ mix.Source = newToneSound(2, time.Second)
	tone := newToneSound(2, time.Second)
	n, ended := tone.Read(make([]float32, 100_000))
	if n != 96000 || !ended {
		t.Errorf("%d values, ended %v", n, ended)
	}
}

// speak publishes a tone in a room as identity, until the test ends.
func speak(t *testing.T, serverURL, room, identity string) {
	t.Helper()
	track, err := newTrack()
	if err != nil {
		t.Fatal(err)
	}
	participant := lksdk.NewRoom(&lksdk.RoomCallback{})
	if err := participant.JoinWithContextAndToken(t.Context(), serverURL, token(t, room, identity, true),
		lksdk.WithAutoSubscribe(false), lksdk.WithDisableRegionDiscovery(), lksdk.WithLogger(logger.GetDiscardLogger())); err != nil {
		t.Fatal(err)
	}
	if _, err := participant.LocalParticipant.PublishTrack(track, publication(testConfig(t, nil))); err != nil {
		t.Fatal(err)
	}
	p := newTestPublisher(t, track)
	p.mixer.Add(newToneSound(1, time.Hour), mix.Cue{Gain: 1})
	t.Cleanup(func() {
		p.Close()
		participant.Disconnect()
	})
}

func TestBR52_AParticipantIsForwardedWhenAskedFor(t *testing.T) {
	s := newStage(t, nil)
	server := liveKitURL(t)
	s.send(map[string]any{"action": "subscribe_enable", "requestId": "no"})
	if e := s.expect("error", "no"); e.Error != "unauthorized" {
		t.Errorf("%+v", e.Event)
	}
	s.send(map[string]any{"action": "subscribe_disable"})
	s.send(map[string]any{"action": "leave_room"})
	s.send(map[string]any{"action": "join_room", "token": tokenOf(t, "bridge", &auth.VideoGrant{RoomJoin: true, Room: s.room})})
	s.expectNth(2, "room_joined", "")
	speak(t, server, s.room, "speaker")
	if s.listener.settleFor(t, 300*time.Millisecond); len(s.pcm) > 0 {
		t.Error("audio came without being asked for")
	}
	s.send(map[string]any{"action": "subscribe_enable", "targetIdentity": "speaker"})
	var samples []float32
	for len(samples) < forwardRate/2 {
		select {
		case frame := <-s.pcm:
			for ; len(frame) > 1; frame = frame[2:] {
				samples = append(samples, float32(int16(binary.LittleEndian.Uint16(frame)))/32768)
			}
		case <-time.After(patience):
			t.Fatal("no audio came")
		}
	}
	assertDB(t, "forwarded", rms(samples[len(samples)/2:]), toneLevel/math.Sqrt2)
	s.send(map[string]any{"action": "subscribe_disable"})
	await(t, "the audio's end", func() bool {
		for len(s.pcm) > 0 {
			<-s.pcm
		}
		time.Sleep(200 * time.Millisecond)
		return len(s.pcm) == 0
	})
}

func TestEndingsHaveCodes(t *testing.T) {
	var err error = ending{code: fault.RoomLost, reason: "room_deleted"}
	if fault.CodeOf(err) != fault.RoomLost || errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
