package main

import (
	"strconv"

	lksdk "github.com/livekit/server-sdk-go/v2"

	"server-playback/livekit-client-2/internal/fault"
)

// fenceAttribute is the participant attribute that carries the fencing token of a bridge's owner; the
// cloud's tokens set it, and nobody in the room can change it.
const fenceAttribute = "server-playback.fence"

var errFenced = fault.New(fault.Fenced, "a newer owner drives this room")

// claim enters the room under its owner's fencing token. On this bridge an older owner is told at
// once; on another one, it sees this participant come, see yieldTo.
func (r *Room) claim(token int64) error {
	ticket, err := r.client.bridge.fences.Enter(r.wanted, token, func() { r.leave("fenced") })
	if err != nil {
		return errFenced
	}
	r.ticket = ticket
	return nil
}

// yieldToNewer leaves a room in which a newer owner's bridge is already.
func (r *Room) yieldToNewer(l *link) {
	for _, other := range l.room.GetRemoteParticipants() {
		r.yieldTo(other)
	}
}

// yieldTo leaves the room if this participant is a newer owner's bridge. The room itself is what two
// bridges have in common: so no two owners are heard in it for longer than this takes.
func (r *Room) yieldTo(other *lksdk.RemoteParticipant) {
	token, err := strconv.ParseInt(other.Attributes()[fenceAttribute], 10, 64)
	if own := r.ticket.Token(); err == nil && own != 0 && token > own {
		r.leave("fenced")
	}
}
