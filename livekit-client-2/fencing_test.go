package main

import (
	"strconv"
	"testing"

	"github.com/livekit/protocol/auth"
)

// ownerToken lets an owner's bridge into a room, as the cloud does.
func ownerToken(t *testing.T, room, identity string, fence int64) string {
	t.Helper()
	grant := &auth.VideoGrant{RoomJoin: true, Room: room}
	access := auth.NewAccessToken(apiKey, apiSecret).SetVideoGrant(grant).SetIdentity(identity)
	return signed(t, access.SetAttributes(map[string]string{fenceAttribute: strconv.FormatInt(fence, 10)}))
}

// owner is a controller that plays into a room under a fencing token.
func owner(t *testing.T, b *testBridge, identity string, fence int64) *controller {
	t.Helper()
	c := connect(t, b)
	c.send(map[string]any{
		"action": "play_url", "requestId": identity, "fence": fence,
		"url":      serveBytes(t, wav(48000, 1, sine(440, 48000, 1, 48*8000))),
		"roomName": t.Name(), "token": ownerToken(t, t.Name(), identity, fence),
	})
	return c
}

// expectLetGo checks that an owner's play and room ended without an error.
func expectLetGo(t *testing.T, c *controller, requestID string) {
	t.Helper()
	complete, left := c.expect("play_complete", requestID), c.expect("room_left", "")
	if complete.Error != "cancelled" || complete.Reason != "fenced" || left.Reason != "fenced" {
		t.Errorf("%+v, %+v", complete.Event, left.Event)
	}
	if errors := c.all("error", ""); len(errors) > 0 {
		t.Errorf("%+v", errors)
	}
}

func fencingBridge(t *testing.T) *testBridge {
	server := liveKitURL(t)
	return newTestBridge(t, testConfig(t, func(c *Config) { c.LiveKitURL = server }))
}

func TestFENCE1_ACommandOfAnOlderOwnerIsRefused(t *testing.T) {
	bridge := fencingBridge(t)
	newer := owner(t, bridge, "newer", 8)
	newer.expect("play_started", "newer")
	older := owner(t, bridge, "older", 7)
	if e := older.expect("play_complete", "older"); e.Error != "fenced" {
		t.Errorf("%+v", e.Event)
	}
	newer.send(map[string]any{"action": "stop_playback", "requestId": "newer", "fence": 7})
	if e := newer.expect("error", ""); e.Error != "fenced" {
		t.Errorf("%+v", e.Event)
	}
	if len(newer.all("play_complete", "")) > 0 {
		t.Error("an older owner has stopped the play")
	}
}

func TestFENCE2_OnOneBridgeTheOlderOwnerLetsGo(t *testing.T) {
	bridge := fencingBridge(t)
	older := owner(t, bridge, "older", 7)
	older.expect("play_started", "older")
	newer := owner(t, bridge, "newer", 8)
	newer.expect("play_started", "newer")
	expectLetGo(t, older, "older")
}

func TestFENCE5_OnTwoBridgesTheOlderOwnerLetsGo(t *testing.T) {
	older := owner(t, fencingBridge(t), "older", 7)
	older.expect("play_started", "older")
	newer := owner(t, fencingBridge(t), "newer", 8)
	newer.expect("play_started", "newer")
	expectLetGo(t, older, "older")
}

func TestFENCE5_AnOlderOwnerWhoComesLaterDoesNotStay(t *testing.T) {
	newer := owner(t, fencingBridge(t), "newer", 8)
	newer.expect("play_started", "newer")
	older := owner(t, fencingBridge(t), "older", 7)
	if e := older.expect("play_complete", "older"); e.Reason != "fenced" {
		t.Errorf("%+v", e.Event)
	}
	if len(newer.all("play_complete", "")) > 0 || len(older.all("play_started", "")) > 0 {
		t.Error("the older owner was heard")
	}
}
