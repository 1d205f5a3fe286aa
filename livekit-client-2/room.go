package main

import (
	"context"
	"errors"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"time"

	"server-playback/livekit-client-2/internal/fault"
	"server-playback/livekit-client-2/internal/fence"
)

// farewell bounds how long leaving a room waits for the fades of what played there.
const farewell = time.Second

// Room is the LiveKit room that a session is in: from the join, which runs in the background, until
// it is left or lost. One goroutine, run, owns it.
type Room struct {
	client    *BridgeClient
	wanted    string // the name that the command or the token gave; may be empty
	serverURL string
	after     <-chan struct{} // closed once the session's last room has been left
	publisher *Publisher
	forwarder *forwarder
	ticket    *fence.Ticket

	joined chan struct{}   // closed once the join has succeeded or failed
	gone   chan struct{}   // closed once nothing is left of the room
	fresh  chan grant      // the newest token that came while the room was away
	life   context.Context // ended by leave, with the ending as its cause
	end    context.CancelCauseFunc
	err    error // set before joined is closed

	// Used by run alone.
	grant     grant
	outage    *outage     // nil while all is well
	timer     *time.Timer // of the outage
	recovered time.Time   // from the last one
	announced bool        // that the room is away
	mutes     int         // links in a row on which no sound has ever come to the server

	mu       sync.Mutex
	link     *link // nil before joined is closed
	name     string
	identity string
	away     bool
	banned   string // an identity that somebody else has taken
}

// newRoom prepares a join. The caller lets run run.
func newRoom(c *BridgeClient, cmd Command, serverURL string, after <-chan struct{}) (*Room, error) {
	name, g := cmd.RoomName, grant{cmd.Token, serverURL}
	if err := checkClaims(g.token, name); err != nil {
		return nil, err
	}
	if name == "" {
		name = readClaims(g.token).Video.Room
	}
	publisher, err := newPublisher(c.bridge.config, nil, newWallClock(c.bridge.began), c.bridge.metrics)
	if err != nil {
		return nil, err
	}
	r := &Room{
		client: c, wanted: name, grant: g, serverURL: g.serverURL, after: after,
		publisher: publisher,
		forwarder: newForwarder(c.out.sendPCM),
		joined:    make(chan struct{}),
		gone:      make(chan struct{}),
		fresh:     make(chan grant, 1),
		timer:     time.NewTimer(time.Hour),
	}
	r.timer.Stop()
	r.life, r.end = context.WithCancelCause(context.Background())
	if err := r.claim(cmd.Fence); err != nil {
		r.end(nil)
		publisher.Close()
		r.forwarder.close()
		return nil, err
	}
	return r, nil
}

// checkClaims refuses a token that could not work, by what it says of itself.
func checkClaims(token, room string) error {
	claims := readClaims(token)
	if granted := claims.Video.Room; room != "" && granted != "" && room != granted {
		return fault.New(fault.JoinFailed, "the token is for another room")
	}
	if !claims.mayPublish() {
		return fault.New(fault.PublishFailed, "the token does not allow to publish")
	}
	return nil
}

// mustBe refuses a command that names another room than the one joined.
func (r *Room) mustBe(name string) error {
	r.mu.Lock()
	known := r.name
	r.mu.Unlock()
	if known == "" {
		known = r.wanted
	}
	if name != "" && known != "" && name != known {
		return invalidField("roomName", "the session is in another room; leave_room first")
	}
	return nil
}

// isJoined tells whether the room was joined; it may be away since.
func (r *Room) isJoined() bool {
	select {
	case <-r.joined:
		return r.err == nil
	default:
		return false
	}
}

func (r *Room) currentLink() *link {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.link
}

func (r *Room) setAway(away bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.away = away
}

// ban keeps tokens of an identity from being used again.
func (r *Room) ban(identity string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.banned = identity
}

// reportFailure tells the command that asked for a join if that fails; run tells of a success.
func (r *Room) reportFailure(requestID string) {
	<-r.joined
	if r.err != nil {
		r.client.sendEvent(errorEvent(requestID, r.err))
	}
}

func (r *Room) event(kind, reason string) Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	event := Event{Type: kind, RoomName: r.name, Identity: r.identity, Reason: reason}
	if kind == "room_joined" && r.link != nil {
		event.Transport = r.link.transport()
	}
	return event
}

// leave ends the room, or its join. It does not wait for that.
func (r *Room) leave(reason string) { r.end(ending{code: fault.Cancelled, reason: reason}) }

// run joins, stays until the room is left or lost, and leaves nothing behind.
func (r *Room) run() {
	defer close(r.gone)
	defer r.end(nil)
	defer r.ticket.Leave()
	if r.err = r.connect(); r.err != nil {
		r.client.forget(r) // before anybody knows, so that a new attempt finds no dead room
		close(r.joined)
		r.publisher.Close()
		r.forwarder.close()
		return
	}
	close(r.joined)
	r.client.bridge.metrics.rooms.Inc()
	defer r.client.bridge.metrics.rooms.Dec()
	r.client.sendEvent(r.event("room_joined", ""))
	r.publisher.prime()
	r.resubscribe()
	r.part(r.stay())
}

// part ends the plays, and then the connection.
func (r *Room) part(end ending) {
	r.client.forget(r)
	r.client.speaker.endRoom(r, end, farewell)
	r.publisher.Close()
	r.currentLink().close()
	r.forwarder.close()
	r.logger().Info("room left", "reason", end.reason)
	r.client.sendEvent(r.event("room_left", end.reason))
}

// connect joins the room and publishes the track. Its error is JoinFailed or Cancelled.
func (r *Room) connect() error {
	began := time.Now()
	err := r.awaitTurn()
	if err == nil {
		var l *link
		if l, err = r.firstLink(); err == nil {
			r.adopt(l)
			r.client.bridge.metrics.joinTime.Observe(time.Since(began).Seconds())
			r.logger().Info("room joined", "identity", r.identity, "tookMs", time.Since(began).Milliseconds())
			return nil
		}
	}
	if cause := context.Cause(r.life); cause != nil {
		return cause
	}
	return fault.Wrap(fault.JoinFailed, err, "%v", err)
}

// firstLink joins. A server that took the token but to which no media connection came about in time
// is tried once more: the SDK gives up after 5 s.
func (r *Room) firstLink() (*link, error) {
	began := time.Now()
	l, err := r.dial(r.life, r.grant, joinTimeout)
	left := joinTimeout - time.Since(began)
	if err == nil || errors.Is(err, errTokenRefused) || r.life.Err() != nil || left < joinTimeout/4 {
		return l, err
	}
	return r.dial(r.life, r.grant, left)
}

// awaitTurn waits until the session's last room has been left, so that one identity is in one place.
func (r *Room) awaitTurn() error {
	timer := time.NewTimer(joinTimeout)
	defer timer.Stop()
	select {
	case <-r.after:
		return nil
	case <-r.life.Done():
	case <-timer.C:
	}
	return errors.New("the room before was not left in time")
}

// adopt makes a link the room's.
func (r *Room) adopt(l *link) {
	r.mu.Lock()
	r.link, r.name, r.identity = l, l.room.Name(), l.room.LocalParticipant.Identity()
	r.mu.Unlock()
	r.publisher.replace(l)
	if l.heard.Load() { // before it was the room's
		r.publisher.markSubscribed()
	}
	r.yieldToNewer(l)
	r.client.bridge.metrics.joins.WithLabelValues("joined").Inc()
}

// resubscribe listens by a new link to whom the session wants to hear.
func (r *Room) resubscribe() {
	if err := r.client.retarget(); err != nil {
		r.client.sendEvent(errorEvent("", err))
	}
}

var (
	jwtPattern   = regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]*`)
	queryPattern = regexp.MustCompile(`\?[^\s"]+`)
)

// redact takes tokens and queries out of a text.
func redact(text, token string) string {
	if token != "" {
		text = strings.ReplaceAll(text, token, "[token]")
	}
	return queryPattern.ReplaceAllString(jwtPattern.ReplaceAllString(text, "[token]"), "?[query]")
}

func (r *Room) logger() *slog.Logger {
	r.mu.Lock()
	name := r.name
	r.mu.Unlock()
	if name == "" {
		name = r.wanted
	}
	return r.client.log.With("room", name)
}
