//go:build !race

package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
)

func TestREC10_TheServerDiesAndComesBack(t *testing.T) {
	for name, away := range map[string]time.Duration{"1 s": time.Second, "5 s": 5 * time.Second, "12 s": 12 * time.Second} {
		t.Run(name, func(t *testing.T) {
			s := newOutageStage(t, nil)
			s.playTone("r1", 3*time.Second)
			s.server.kill()
			timer := time.NewTimer(away)
			s.expect("room_reconnecting", "")
			<-timer.C
			s.server.start(t)
			s.expectRecovered("r1")
			s.expectWhole("r1", 3*time.Second, 500*time.Millisecond, away+5*time.Second)
		})
	}
}

func TestREC11_ARemovedParticipantComesBack(t *testing.T) {
	s := newOutageStage(t, nil)
	s.playTone("r1", 2*time.Second)
	removeParticipant(t, s.server.url(), s.room, "bridge")
	s.expectRecovered("r1")
	s.expectWhole("r1", 2*time.Second, 500*time.Millisecond, 3*time.Second)
}

func TestREC11_ADeletedRoomIsMadeAgain(t *testing.T) {
	s := newOutageStage(t, nil)
	s.playTone("r1", 2*time.Second)
	if _, err := s.service().DeleteRoom(t.Context(), &livekit.DeleteRoomRequest{Room: s.room}); err != nil {
		t.Fatal(err)
	}
	s.expectRecovered("r1")
	s.expectWhole("r1", 2*time.Second, 500*time.Millisecond, 3*time.Second)
}

func TestREC12_ACutSignallingSocketIsNotHeard(t *testing.T) {
	s := newOutageStage(t, nil)
	s.playTone("r1", 2*time.Second)
	s.proxy.cut()
	s.expect("room_reconnecting", "")
	s.expectNth(2, "room_joined", "")
	s.expectWhole("r1", 2*time.Second, 100*time.Millisecond, time.Second)
	if n := len(s.all("play_recovered", "")); n != 0 {
		t.Errorf("%d plays were held", n)
	}
}

func TestREC13_SignallingThatIsRefusedForAWhile(t *testing.T) {
	s := newOutageStage(t, nil)
	s.playTone("r1", 2*time.Second)
	s.proxy.refuse()
	s.proxy.cut()
	timer := time.NewTimer(2 * time.Second)
	s.expect("room_reconnecting", "")
	<-timer.C
	s.proxy.accept(t)
	s.expectRecovered("r1")
	s.expectWhole("r1", 2*time.Second, 500*time.Millisecond, 7*time.Second)
}

func TestREC12_SignallingThatIsSwallowedIsNotHeard(t *testing.T) {
	s := newOutageStage(t, nil)
	s.proxy.swallow()
	s.playTone("r1", 3*time.Second)
	s.expectWhole("r1", 3*time.Second, 100*time.Millisecond, time.Second)
}

// The bridge is not told of its removal, and all looks well but for the sound.
func TestREC14_ARoomWithoutMediaIsNoticedAndMended(t *testing.T) {
	s := newOutageStage(t, nil)
	s.playTone("r1", 6*time.Second)
	s.proxy.swallow()
	removeParticipant(t, s.server.url(), s.room, "bridge")
	removed := time.Now()
	e := s.expect("room_reconnecting", "")
	if took := e.at.Sub(removed); e.Reason != reasonNoMedia || took > 5*time.Second {
		t.Errorf("%+v, after %v", e.Event, took)
	}
	s.proxy.passAll()
	s.expectRecovered("r1")
	s.expectWhole("r1", 6*time.Second, 500*time.Millisecond, 8*time.Second)
}

func TestREC14_AServerThatIsHeldUp(t *testing.T) {
	s := newOutageStage(t, nil)
	s.playTone("r1", 8*time.Second)
	s.server.process.Process.Signal(syscall.SIGSTOP)
	timer, stopped := time.NewTimer(5*time.Second), time.Now()
	e := s.expect("room_reconnecting", "")
	if took := e.at.Sub(stopped); e.Reason != reasonNoMedia || took > 5*time.Second {
		t.Errorf("%+v, after %v", e.Event, took)
	}
	<-timer.C
	s.server.process.Process.Signal(syscall.SIGCONT)
	s.expectWhole("r1", 8*time.Second, 5*time.Second, 12*time.Second)
}

func TestREC15_AnIdentityIsNotFoughtOver(t *testing.T) {
	s := newOutageStage(t, nil)
	s.playTone("r1", 2*time.Second)
	hearAs(t, s.server.url(), s.room, "bridge")
	if e := s.expect("token_needed", ""); e.Reason != reasonDuplicate || e.Identity != "bridge" {
		t.Errorf("%+v", e.Event)
	}
	s.join(token(t, s.room, "bridge", true))
	if e := s.expect("error", ""); e.Error != "join_failed" {
		t.Errorf("%+v", e.Event)
	}
	s.join(token(t, s.room, "bridge-2", true))
	s.expectRecovered("r1")
	if got := s.participants(); !slices.Equal(got, []string{"bridge", "bridge-2", "ears"}) {
		t.Error(got)
	}
	s.expectWhole("r1", 2*time.Second, 500*time.Millisecond, 3*time.Second)
	if n := len(s.all("token_needed", "")); n != 1 {
		t.Errorf("%d token_needed", n)
	}
}

func TestREC15_NobodyAnswersForAToken(t *testing.T) {
	s := newOutageStage(t, func(c *Config) { c.RoomRecovery = time.Second })
	s.playTone("r1", 3*time.Second)
	hearAs(t, s.server.url(), s.room, "bridge")
	complete, left := s.expect("play_complete", "r1"), s.expect("room_left", "")
	if complete.Error != "room_lost" || complete.Reason != reasonNoToken || left.Reason != reasonNoToken {
		t.Errorf("%+v, %+v", complete.Event, left.Event)
	}
	s.playAgain("r2", "bridge-2")
}

func TestREC16_AnExpiredTokenIsAskedForAnew(t *testing.T) {
	t.Parallel()
	s := newOutageStageBy(t, nil, func(room string) string { return expiring(room, "bridge", 5*time.Second) })
	expired := time.NewTimer(6 * time.Second)
	s.playTone("r1", 9*time.Second)
	<-expired.C
	removeParticipant(t, s.server.url(), s.room, "bridge")
	if e := s.expect("token_needed", ""); e.Reason != reasonTokenRefused {
		t.Errorf("%+v", e.Event)
	}
	s.join(token(t, s.room, "bridge", true))
	s.expectRecovered("r1")
	s.expectWhole("r1", 9*time.Second, 500*time.Millisecond, 3*time.Second)
}

func TestREC17_ARoomThatDoesNotComeBackIsLost(t *testing.T) {
	s := newOutageStage(t, func(c *Config) { c.RoomRecovery = 3 * time.Second })
	s.playTone("r1", 2*time.Second)
	s.server.kill()
	killed := time.Now()
	complete := s.expect("play_complete", "r1")
	if complete.Error != "room_lost" || *complete.DurationMs > 1000 {
		t.Errorf("%+v", complete.Event)
	}
	if took := complete.at.Sub(killed); took > 6*time.Second {
		t.Errorf("said after %v", took)
	}
	s.expect("room_left", "")
	s.server.start(t)
	s.playAgain("r2", "bridge")
}

func TestREC18_WhoIsRemovedAgainAtOnceStaysAway(t *testing.T) {
	s := newOutageStage(t, nil)
	s.playTone("r1", 3*time.Second)
	removeParticipant(t, s.server.url(), s.room, "bridge")
	s.expectRecovered("r1")
	removeParticipant(t, s.server.url(), s.room, "bridge")
	if e := s.expect("play_complete", "r1"); e.Error != "room_lost" || e.Reason != reasonRemoved {
		t.Errorf("%+v", e.Event)
	}
}

func TestREC19_CommandsWhileTheRoomIsAway(t *testing.T) {
	s := newOutageStage(t, nil)
	s.playTone("r1", 3*time.Second)
	s.send(map[string]any{"action": "play_url", "requestId": "r2", "url": serveBytes(t, wav(48000, 1, sine(440, 48000, 1, 48000)))})
	s.expect("play_started", "r2")
	s.server.kill()
	s.expect("room_reconnecting", "")
	await(t, "the hold", func() bool { return s.currentRoom().isAway() })
	s.send(map[string]any{"action": "stop_playback", "requestId": "r1", "reason": "user"})
	if e := s.expect("play_complete", "r1"); e.Error != "cancelled" || e.Reason != "user" {
		t.Errorf("%+v", e.Event)
	}
	s.send(map[string]any{"action": "play_url", "requestId": "r3", "url": serveBytes(t, wav(48000, 1, sine(440, 48000, 1, 48000)))})
	s.server.start(t)
	for _, id := range []string{"r2", "r3"} {
		if e := s.expect("play_complete", id); !*e.Success || *e.DurationMs != 1000 {
			t.Errorf("%+v", e.Event)
		}
	}
}

// playAgain plays in a room that was lost, by a token of its own.
func (s *outageStage) playAgain(id, identity string) {
	s.t.Helper()
	s.join(token(s.t, s.room, identity, true))
	s.playTone(id, time.Second)
	if e := s.expect("play_complete", id); !*e.Success {
		s.t.Errorf("%+v", e.Event)
	}
}

func (s *outageStage) currentRoom() *Room {
	s.bridge.mu.Lock()
	defer s.bridge.mu.Unlock()
	return s.bridge.sessions[s.greeting().SessionID].currentRoom()
}

func (r *Room) isAway() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.away
}

// expiring is a token that the server takes for so much longer: it allows a minute of leeway, and the
// token has expired nearly that long ago.
func expiring(room, identity string, left time.Duration) string {
	const leeway = time.Minute
	now := time.Now()
	encode := base64.RawURLEncoding.EncodeToString
	body := encode([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + encode(fmt.Appendf(nil,
		`{"iss":%q,"sub":%q,"nbf":%d,"exp":%d,"video":{"roomJoin":true,"room":%q,"canPublish":true}}`,
		apiKey, identity, now.Add(-time.Hour).Unix(), now.Add(left-leeway).Unix(), room))
	mac := hmac.New(sha256.New, []byte(apiSecret))
	mac.Write([]byte(body))
	return body + "." + encode(mac.Sum(nil))
}
