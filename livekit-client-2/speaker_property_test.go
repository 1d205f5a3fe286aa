package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"server-playback/livekit-client-2/internal/fault"
	"server-playback/livekit-client-2/internal/opus"
)

// scriptedSound is a sound that becomes ready, has gaps, and ends or fails as a test's dice say.
type scriptedSound struct {
	live
	ready   chan struct{}
	mu      sync.Mutex
	frames  int // that are left
	gapAt   int // frames left when it runs dry
	gapEnd  time.Time
	failure error
	closed  bool
}

func newScriptedSound(dice *rand.Rand) *scriptedSound {
	s := &scriptedSound{ready: make(chan struct{}), frames: dice.IntN(2 * opus.SampleRate), gapAt: -1}
	if dice.IntN(3) == 0 {
		s.gapAt = dice.IntN(s.frames + 1)
	}
	if dice.IntN(4) == 0 {
		s.failure = fault.New(fault.DecodeFailed, "as the dice fell")
	}
	time.AfterFunc(time.Duration(dice.IntN(300))*time.Millisecond, func() { close(s.ready) })
	return s
}

func (s *scriptedSound) Read(dst []float32) (n int, ended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n = min(len(dst), s.available())
	s.frames -= n
	return n, s.frames == 0
}

func (s *scriptedSound) available() int {
	if s.frames > s.gapAt || s.gapAt < 0 {
		return s.frames - max(0, s.gapAt)
	}
	if s.gapEnd.IsZero() {
		s.gapEnd = time.Now().Add(700 * time.Millisecond)
	}
	if time.Now().Before(s.gapEnd) {
		return 0
	}
	s.gapAt = -1
	return s.frames
}

func (s *scriptedSound) Buffered() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Duration(s.available()) * time.Second / opus.SampleRate
}

func (s *scriptedSound) Ready() <-chan struct{} { return s.ready }

func (s *scriptedSound) Err() error { return s.failure }

func (s *scriptedSound) Close() { s.closed = true }

func (s *scriptedSound) Endless() bool { return false }

func (s *scriptedSound) format() format { return format{codec: "dice", sampleRate: 48000, channels: 1} }

// troupe is a session in a room that is there without a server, and every sound that it opened.
type troupe struct {
	client *BridgeClient
	room   *Room
	reader *reader
	dice   *rand.Rand
	plays  int
	events []Event

	mu     sync.Mutex
	sounds []*scriptedSound
}

func newTroupe(t *testing.T, dice *rand.Rand) *troupe {
	t.Helper()
	bridge := newBridge(testConfig(t, func(c *Config) { c.MaxStreams = 20 }), slog.New(slog.DiscardHandler))
	client := newBridgeClient(bridge, "troupe")
	publisher, err := newPublisher(bridge.config, discard{}, newWallClock(time.Now()), bridge.metrics)
	if err != nil {
		t.Fatal(err)
	}
	publisher.markSubscribed()
	room := &Room{client: client, publisher: publisher, joined: make(chan struct{})}
	close(room.joined)
	client.room = room
	return &troupe{client: client, room: room, reader: client.out.attach(Event{Type: "connected"}, 0), dice: dice}
}

func (s *troupe) open(dice *rand.Rand) *scriptedSound {
	sound := newScriptedSound(dice)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sounds = append(s.sounds, sound)
	return sound
}

func (s *troupe) play() {
	s.plays++
	cmd := Command{
		RequestID: fmt.Sprint("p", s.plays), TrackID: new(s.dice.IntN(layers)),
		Queue: s.dice.IntN(3) == 0, StopOther: s.dice.IntN(6) == 0,
	}
	err := s.client.speaker.play(cmd, func(j *job) (sound, error) {
		if s.dice.IntN(8) == 0 {
			return nil, fault.New(fault.InvalidCommand, "as the dice fell")
		}
		dice := rand.New(rand.NewPCG(s.dice.Uint64(), 0)) // a seek is opened by the job's goroutine
		j.reopen = func(time.Duration, time.Duration) sound { return s.open(dice) }
		return s.open(s.dice), nil
	})
	if err != nil {
		s.client.refuse(cmd.RequestID, err)
	}
}

// act gives a command to a play that is there, has been, or never was.
func (s *troupe) act() {
	id := fmt.Sprint("p", s.dice.IntN(s.plays+2))
	cmd := Command{RequestID: id, Volume: new(s.dice.Float64()), PositionMs: new(s.dice.Float64() * 3000)}
	var err error
	switch s.dice.IntN(9) {
	case 0, 1, 2:
		s.play()
	case 3:
		cmd.Volume = nil
		s.client.speaker.stop(cmd)
	case 4:
		s.client.speaker.stop(Command{TrackID: new(s.dice.IntN(layers))})
	case 5:
		err = s.client.speaker.setPaused(id, true)
	case 6:
		err = s.client.speaker.setPaused(id, false)
	case 7:
		err = s.client.speaker.seek(cmd)
	case 8:
		err = s.client.speaker.setVolume(cmd)
	}
	if err != nil {
		s.client.refuse(id, err)
	}
	s.collect()
}

func (s *troupe) collect() {
	for {
		frame, binary, done, err := s.reader.take()
		if frame == nil || binary || done || err != nil {
			return
		}
		var e Event
		if json.Unmarshal(frame, &e) == nil {
			s.events = append(s.events, e)
		}
	}
}

// verdict says what is wrong with the events of all plays.
func (s *troupe) verdict() error {
	var wrong []error
	complain := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	ends, starts := map[string]int{}, map[string]int{}
	for _, e := range s.events {
		if e.RequestID == "" || e.Type == "error" {
			continue
		}
		if ends[e.RequestID] > 0 {
			complain("%s: %s after the end", e.RequestID, e.Type)
		}
		switch e.Type {
		case "play_complete":
			ends[e.RequestID]++
			if *e.Success != (e.Error == "") || *e.DurationMs < 0 {
				complain("%+v", e)
			}
		case "play_started":
			starts[e.RequestID]++
		}
	}
	for i := range s.plays {
		id := fmt.Sprint("p", i+1)
		if ends[id] != 1 || starts[id] > 1 {
			complain("%s: %d ends, %d starts", id, ends[id], starts[id])
		}
	}
	for i, sound := range s.sounds {
		if !sound.closed {
			complain("sound %d was not closed", i)
		}
	}
	if n := s.client.bridge.activeStreams(); n != 0 {
		complain("%d streams are taken", n)
	}
	return errors.Join(wrong...)
}

// TestBR15_AnyOrderOfCommandsGivesEachPlayOneEnd prints the seed of what fails.
func TestBR15_AnyOrderOfCommandsGivesEachPlayOneEnd(t *testing.T) {
	for seed := range uint64(150) {
		synctest.Test(t, func(t *testing.T) {
			s := newTroupe(t, rand.New(rand.NewPCG(seed, 1)))
			for range 60 {
				s.act()
				if s.dice.IntN(3) > 0 {
					time.Sleep(time.Duration(s.dice.IntN(150)) * time.Millisecond)
				}
			}
			for range s.dice.IntN(60) {
				time.Sleep(time.Second)
				s.collect()
			}
			s.client.speaker.close("disposed")
			s.room.publisher.Close()
			s.collect()
			if err := s.verdict(); err != nil {
				t.Fatalf("seed %d:\n%v", seed, err)
			}
		})
	}
}
