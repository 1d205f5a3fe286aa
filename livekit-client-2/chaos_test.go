//go:build !race

package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
)

// chaosSeconds is how long TestREC39 plays with faults, unless CHAOS_SECONDS says otherwise. The same
// CHAOS_SEED makes the same choices.
const chaosSeconds = 10

// chaos plays sounds and breaks things at random, as a seed says.
type chaos struct {
	*outageStage
	random *rand.Rand
	sound  string
	plays  []string
	seen   map[string]int // play_complete by play
	last   int64          // number of the newest event
}

func TestREC39_WhateverBreaksEveryPlayEndsOnce(t *testing.T) {
	seconds, err := strconv.Atoi(os.Getenv("CHAOS_SECONDS"))
	if err != nil {
		seconds = chaosSeconds
	}
	seed, err := strconv.ParseUint(os.Getenv("CHAOS_SEED"), 10, 64)
	if err != nil {
		seed = rand.Uint64()
	}
	t.Logf("CHAOS_SEED=%d CHAOS_SECONDS=%d", seed, seconds)
	c := &chaos{
		outageStage: newOutageStage(t, nil),
		random:      rand.New(rand.NewPCG(seed, 0)),
		sound:       serveBytes(t, wav(48000, 1, sine(440, 48000, 1, 36000))),
		seen:        make(map[string]int),
	}
	before := runtime.NumGoroutine()
	for end := time.Now().Add(time.Duration(seconds) * time.Second); time.Now().Before(end); {
		c.act()
		time.Sleep(time.Duration(c.random.IntN(150)) * time.Millisecond)
	}
	c.settle()
	await(t, "the goroutines' end", func() bool { return runtime.NumGoroutine() <= before+20 })
}

// act does one thing, or breaks one.
func (c *chaos) act() {
	switch c.random.IntN(16) {
	default:
		c.playOne()
	case 0, 1:
		c.command("stop_playback")
	case 2:
		c.command("pause_playback")
	case 3, 4:
		c.command("resume_playback")
	case 5:
		c.proxy.cut()
	case 6:
		c.takeUp()
	case 7:
		c.send(map[string]any{"action": "leave_room"})
	case 8:
		c.service().RemoveParticipant(c.t.Context(), &livekit.RoomParticipantIdentity{Room: c.room, Identity: "bridge"})
	}
}

func (c *chaos) playOne() {
	id := fmt.Sprint("r", len(c.plays))
	c.plays = append(c.plays, id)
	c.send(map[string]any{
		"action": "play_url", "requestId": id, "url": c.sound, "stopOther": c.random.IntN(2) == 0,
		"roomName": c.room, "token": token(c.t, c.room, "bridge", true),
	})
}

func (c *chaos) command(action string) {
	if len(c.plays) > 0 {
		c.send(map[string]any{"action": action, "requestId": c.plays[c.random.IntN(len(c.plays))]})
	}
}

// takeUp cuts the control connection, and takes the session up by another one.
func (c *chaos) takeUp() {
	session := c.greeting().SessionID
	c.flush()
	c.conn.CloseNow()
	c.awaitEnd()
	c.count()
	c.controller = resume(c.t, c.bridge, session, c.last)
	if !*c.greeting().Resumed {
		c.t.Error("the session was not taken up")
	}
}

// count takes in what this connection was told: every event once, in order.
func (c *chaos) count() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.events {
		if e.Seq == 0 {
			continue
		}
		if e.Seq != c.last+1 {
			c.t.Errorf("event %d came after %d", e.Seq, c.last)
		}
		c.last = e.Seq
		if e.Type == "play_complete" {
			c.seen[e.RequestID]++
		}
	}
}

// settle lets everything come to its end, and holds every play to one.
func (c *chaos) settle() {
	for _, id := range c.plays {
		c.send(map[string]any{"action": "resume_playback", "requestId": id})
	}
	await(c.t, "the plays' ends", func() bool {
		for _, id := range c.plays {
			if c.seen[id] == 0 && len(c.all("play_complete", id)) == 0 {
				return false
			}
		}
		return true
	})
	if n := c.bridge.activeStreams(); n != 0 {
		c.t.Errorf("%d places are still taken", n)
	}
	c.send(map[string]any{"action": "leave_room"})
	c.flush()
	c.conn.CloseNow()
	c.awaitEnd()
	c.count()
	for _, id := range c.plays {
		if c.seen[id] != 1 {
			c.t.Errorf("%s ended %d times", id, c.seen[id])
		}
	}
	c.t.Logf("%d plays", len(c.plays))
}
