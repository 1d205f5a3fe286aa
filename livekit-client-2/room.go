package main

import (
	"context"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/livekit/protocol/logger"
	lksdk "github.com/livekit/server-sdk-go/v2"

	"server-playback/livekit-client-2/internal/fault"
)

const (
	joinTimeout = 10 * time.Second
	// farewell bounds how long leaving a room waits for the fades of what played there.
	farewell = time.Second
)

// Room is the LiveKit room that a session is in: from the join, which runs in the background, until
// it is left or lost. One goroutine, run, owns it.
type Room struct {
	client    *BridgeClient
	wanted    string // the name that the command or the token gave; may be empty
	token     string
	serverURL string
	after     <-chan struct{} // closed once the session's last room has been left
	publisher *Publisher
	track     *lksdk.LocalTrack
	forwarder *forwarder

	joined  chan struct{} // closed once the join has succeeded or failed
	gone    chan struct{} // closed once nothing is left of the room
	lost    chan string   // why the server ended the connection
	back    chan struct{} // the SDK has made the connection anew
	leaving chan struct{}
	once    sync.Once // closes leaving
	reason  string    // set before leaving is closed

	// Set before joined is closed.
	room     *lksdk.Room
	err      error
	name     string
	identity string
}

// newRoom prepares a join. The caller lets run run.
func newRoom(c *BridgeClient, name, token, serverURL string, after <-chan struct{}) (*Room, error) {
	claims := readClaims(token)
	if granted := claims.Video.Room; name != "" && granted != "" && name != granted {
		return nil, fault.New(fault.JoinFailed, "the token is for another room")
	}
	if !claims.mayPublish() {
		return nil, fault.New(fault.PublishFailed, "the token does not allow to publish")
	}
	if name == "" {
		name = claims.Video.Room
	}
	track, err := newTrack()
	if err != nil {
		return nil, fault.Wrap(fault.PublishFailed, err, "the track could not be made")
	}
	publisher, err := newPublisher(c.bridge.config, track, newWallClock(), c.bridge.metrics)
	if err != nil {
		return nil, err
	}
	r := &Room{
		client: c, wanted: name, token: token, serverURL: serverURL, after: after,
		publisher: publisher, track: track,
		joined:  make(chan struct{}),
		gone:    make(chan struct{}),
		lost:    make(chan string, 1),
		back:    make(chan struct{}, 1),
		leaving: make(chan struct{}),
	}
	r.forwarder = newForwarder(c.out.sendPCM)
	return r, nil
}

// mustBe refuses a command that names another room than the one joined.
func (r *Room) mustBe(name string) error {
	known := r.wanted
	if r.isJoined() {
		known = r.name
	}
	if name != "" && known != "" && name != known {
		return invalidField("roomName", "the session is in another room; leave_room first")
	}
	return nil
}

func (r *Room) isJoined() bool {
	select {
	case <-r.joined:
		return r.err == nil
	default:
		return false
	}
}

// reportFailure tells the command that asked for a join if that fails; run tells of a success.
func (r *Room) reportFailure(requestID string) {
	<-r.joined
	if r.err != nil {
		r.client.sendEvent(errorEvent(requestID, r.err))
	}
}

func (r *Room) event(kind, reason string) Event {
	return Event{Type: kind, RoomName: r.name, Identity: r.identity, Reason: reason}
}

// leave ends the room, or its join. It does not wait for that.
func (r *Room) leave(reason string) {
	r.once.Do(func() {
		r.reason = reason
		close(r.leaving)
	})
}

// run joins, stays until the room is left or lost, and leaves nothing behind.
func (r *Room) run() {
	defer close(r.gone)
	if r.err = r.connect(); r.err != nil {
		r.fail()
		return
	}
	close(r.joined)
	r.client.bridge.metrics.rooms.Inc()
	defer r.client.bridge.metrics.rooms.Dec()
	r.client.sendEvent(r.event("room_joined", ""))
	r.publisher.prime()
	if err := r.client.retarget(); err != nil {
		r.client.sendEvent(errorEvent("", err))
	}
	r.part(r.stay())
}

// stay waits for the room's end, and gives what that means for its plays and why it came.
func (r *Room) stay() ending {
	for {
		select {
		case <-r.leaving:
			return ending{code: fault.Cancelled, reason: r.reason}
		case reason := <-r.lost:
			return ending{code: fault.RoomLost, reason: reason}
		case <-r.back:
			if err := r.ensurePublishTrack(); err != nil {
				r.logger().Warn("publishing again failed", "error", redact(err.Error(), r.token))
				return ending{code: fault.PublishFailed, reason: "publish_failed"}
			}
			r.client.sendEvent(r.event("room_joined", "reconnected"))
		}
	}
}

// ensurePublishTrack publishes a track anew unless there is one: after a connection was made anew, the
// SDK says that it is back also where publishing again has failed.
func (r *Room) ensurePublishTrack() error {
	for _, publication := range r.room.LocalParticipant.TrackPublications() {
		if publication.Track() == r.track {
			return nil
		}
	}
	track, err := newTrack() // one that was unpublished is not bound again
	if err != nil {
		return err
	}
	r.publisher.replace(track)
	if _, err = r.room.LocalParticipant.PublishTrack(track, publication(r.client.bridge.config)); err != nil {
		return err
	}
	r.track = track
	r.publisher.prime()
	return nil
}

// part ends the plays, and then the connection.
func (r *Room) part(end ending) {
	r.client.forget(r)
	r.client.speaker.endRoom(r, end, farewell)
	r.publisher.Close()
	r.room.Disconnect()
	r.forwarder.close()
	r.logger().Info("room left", "reason", end.reason)
	r.client.sendEvent(r.event("room_left", end.reason))
}

// fail undoes a join that did not succeed.
func (r *Room) fail() {
	r.client.forget(r) // before anybody knows, so that a new attempt finds no dead room
	close(r.joined)
	r.publisher.Close()
	if r.room != nil {
		r.room.Disconnect()
	}
	r.forwarder.close()
}

// connect joins the room and publishes the track. Its error is JoinFailed, without the token that
// the SDK's errors hold, or Cancelled.
func (r *Room) connect() error {
	ctx, cancel := context.WithTimeout(context.Background(), joinTimeout)
	defer cancel()
	go func() { // a leave ends the join
		select {
		case <-r.leaving:
			cancel()
		case <-ctx.Done():
		}
	}()
	if err := r.queue(ctx); err != nil {
		return r.explain(err)
	}
	defer func() { <-r.client.bridge.joining }()
	began := time.Now()
	r.room = lksdk.NewRoom(r.callbacks())
	if err := r.room.JoinWithContextAndToken(ctx, r.serverURL, r.token, r.options()...); err != nil {
		return r.explain(err)
	}
	r.name, r.identity = r.room.Name(), r.room.LocalParticipant.Identity()
	r.client.bridge.metrics.joins.WithLabelValues("joined").Inc()
	r.client.bridge.metrics.joinTime.Observe(time.Since(began).Seconds())
	r.logger().Info("room joined", "identity", r.identity, "tookMs", time.Since(began).Milliseconds())
	return nil
}

// queue waits for the session's last room to be left, so that one identity is in one place, and then
// for a turn to join.
func (r *Room) queue(ctx context.Context) error {
	select {
	case <-r.after:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case r.client.bridge.joining <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *Room) options() []lksdk.ConnectOption {
	return []lksdk.ConnectOption{
		lksdk.WithAutoSubscribe(false),
		lksdk.WithDisableRegionDiscovery(),
		lksdk.WithSinglePeerConnection(),
		lksdk.WithTrack(r.track, publication(r.client.bridge.config)),
		lksdk.WithLogger(logger.GetDiscardLogger()),
	}
}

// explain makes a join's error fit to be shown and logged.
func (r *Room) explain(err error) error {
	select {
	case <-r.leaving:
		return ending{code: fault.Cancelled, reason: r.reason}
	default:
	}
	r.client.bridge.metrics.joins.WithLabelValues("failed").Inc()
	text := redact(err.Error(), r.token)
	r.logger().Warn("join failed", "error", text)
	if strings.Contains(text, "401") || strings.Contains(strings.ToLower(text), "unauthorized") {
		return fault.New(fault.JoinFailed, "the LiveKit server refused the token")
	}
	return fault.New(fault.JoinFailed, "the LiveKit server could not be reached, or did not let the bridge in")
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

// callbacks are called by the SDK, which waits for them.
func (r *Room) callbacks() *lksdk.RoomCallback {
	return &lksdk.RoomCallback{
		OnDisconnected: func() {
			select {
			case r.lost <- strings.ToLower(r.room.DisconnectReason().String()):
			default:
			}
		},
		OnReconnecting: func() { r.client.sendEvent(r.event("room_reconnecting", "")) },
		OnReconnected:  func() { rouse(r.back) },
		OnLocalTrackSubscribed: func(*lksdk.LocalTrackPublication, *lksdk.LocalParticipant) {
			r.publisher.markSubscribed()
		},
		OnParticipantConnected: func(*lksdk.RemoteParticipant) { r.publisher.expectSubscriber() },
		ParticipantCallback:    r.forwarder.callbacks(),
	}
}

func (r *Room) logger() *slog.Logger {
	name := r.name
	if name == "" {
		name = r.wanted
	}
	return r.client.log.With("room", name)
}
