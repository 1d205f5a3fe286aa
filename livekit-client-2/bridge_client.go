package main

import (
	"log/slog"
	"sync"
	"time"

	"server-playback/livekit-client-2/internal/fault"
)

// BridgeClient is one controller's session: its room, what plays there, and the events that wait for
// it. It knows no socket: a socket feeds it commands and samples, and carries its outbox away; another
// one may take over from it.
type BridgeClient struct {
	bridge  *Bridge
	id      string // the key to take the session up by; never logged
	log     *slog.Logger
	out     *outbox
	speaker *Speaker

	mu        sync.Mutex
	room      *Room           // joining or joined; nil without one
	left      <-chan struct{} // closed once the room before has been left
	target    *string         // whose audio to forward; nil for nobody's
	complains bool            // whether samples without a room were complained about
	closed    bool
	rooms     sync.WaitGroup

	// The bridge's lock guards these.
	grace       *time.Timer // runs while no connection has the session
	vacantSince time.Time
}

func newBridgeClient(b *Bridge, id string) *BridgeClient {
	left := make(chan struct{})
	close(left)
	c := &BridgeClient{bridge: b, id: id, log: b.log, left: left}
	c.out = newOutbox(b.metrics.droppedPCM.Inc)
	c.speaker = newSpeaker(c)
	return c
}

// sendEvent queues an event for the controller. It never waits.
func (c *BridgeClient) sendEvent(e Event) { c.out.sendEvent(e) }

// handleText carries out one text frame, if it is allowed now; what is wrong with it is answered, and
// ends nothing.
func (c *BridgeClient) handleText(text []byte, allowed bool) {
	cmd, err := parseCommand(text)
	if !allowed {
		err = fault.New(fault.RateLimited, "more than %d commands a second", c.bridge.config.MaxCommands)
	}
	if err == nil {
		c.bridge.metrics.commands.WithLabelValues(cmd.Action).Inc()
		err = c.handleCommand(cmd)
	}
	if err != nil {
		c.refuse(cmd.RequestID, err)
	}
}

// refuse answers a message that is not carried out.
func (c *BridgeClient) refuse(requestID string, err error) {
	c.bridge.metrics.badMessages.WithLabelValues(string(fault.CodeOf(err))).Inc()
	c.log.Debug("message refused", "requestId", requestID, "error", messageOf(err))
	c.sendEvent(errorEvent(requestID, err))
}

// handleBinary takes one frame of s16le samples: for the play that start_pcm has announced, else as
// 16 kHz mono. It may wait, see Publisher.HandleIncomingPCM.
func (c *BridgeClient) handleBinary(data []byte) {
	if len(data) == 0 {
		return
	}
	room := c.currentRoom()
	if room == nil {
		c.complain(fault.New(fault.InvalidCommand, "samples came before a room was joined; they are ignored"))
		return
	}
	if room.publisher.HandleIncomingPCM(data) {
		return
	}
	if err := c.speaker.startBareIngest(room); err != nil {
		c.complain(err)
		return
	}
	room.publisher.HandleIncomingPCM(data)
}

// complain answers samples that cannot be played, once for each room: many of them may come.
func (c *BridgeClient) complain(err error) {
	c.mu.Lock()
	first := !c.complains
	c.complains = true
	c.mu.Unlock()
	if first {
		c.refuse("", err)
	}
}

// endPCM carries out end_pcm. Samples that come later are not that play's.
func (c *BridgeClient) endPCM(requestID string) error {
	if room := c.currentRoom(); room != nil && room.publisher.endIntake(requestID) {
		return nil
	}
	return invalidField("requestId", "no start_pcm of this requestId is open")
}

func (c *BridgeClient) currentRoom() *Room {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.room
}

// join carries out join_room. Its outcome is room_joined, or an error of this requestId.
func (c *BridgeClient) join(cmd Command) error {
	room, err := c.enter(cmd, cmd.Url)
	if err != nil {
		return err
	}
	away, err := room.offer(grant{cmd.Token, cmd.Url})
	if away || err != nil {
		return err // the room tells once it is back
	}
	if room.isJoined() {
		c.sendEvent(room.event("room_joined", ""))
		return nil
	}
	c.rooms.Go(func() { room.reportFailure(cmd.RequestID) })
	return nil
}

// enter gives the room that a command is for: the one that was joined, or else one joined by token.
func (c *BridgeClient) enter(cmd Command, serverURL string) (*Room, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, fault.New(fault.Cancelled, "the connection is closed")
	}
	if c.room != nil {
		return c.room, c.room.mustBe(cmd.RoomName)
	}
	if cmd.Token == "" {
		return nil, fault.New(fault.JoinFailed, "no room was joined, and the command brings no token")
	}
	if serverURL == "" {
		serverURL = c.bridge.config.LiveKitURL
	}
	if serverURL == "" {
		return nil, fault.New(fault.JoinFailed, "the command names no LiveKit server, and LIVEKIT_URL is not set")
	}
	room, err := newRoom(c, cmd, serverURL, c.left)
	if err != nil {
		return nil, err
	}
	c.room, c.left, c.complains = room, room.gone, false
	c.rooms.Go(room.run)
	return room, nil
}

// forget makes the session roomless, if it is still in this room.
func (c *BridgeClient) forget(room *Room) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.room == room {
		c.room = nil
	}
}

// leave takes the session out of its room: what plays there ends with reason.
func (c *BridgeClient) leave(reason string) {
	if room := c.currentRoom(); room != nil {
		c.forget(room)
		room.leave(reason)
	}
}

// close ends what plays for a reason, leaves the room and waits for that. Only the first reason
// counts.
func (c *BridgeClient) close(reason string) {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.leave(reason)
	c.speaker.close(reason)
	c.rooms.Wait()
	c.out.close()
}
