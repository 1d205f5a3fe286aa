package main

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/livekit/protocol/logger"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

const (
	joinTimeout   = 10 * time.Second
	rejoinTimeout = 5 * time.Second
	// unconfirmedLimit is how much sound may be sent without the server's confirmation that any of it
	// came. The server reports once a second (RFC 3550, section 6.4.2).
	unconfirmedLimit = 3 * time.Second
)

// grant is what lets the bridge into a room.
type grant struct{ token, serverURL string }

// identity is whom the token makes of the bridge; empty if that cannot be read.
func (g grant) identity() string { return readClaims(g.token).Subject }

// errTokenRefused is a join for which the server does not take the token.
var errTokenRefused = errors.New("the LiveKit server refused the token")

// link is one connection to a LiveKit room, with the track that is published by it. The SDK mends it
// as far as it can; what becomes of it is told by channels.
type link struct {
	room  *lksdk.Room
	track atomic.Pointer[lksdk.LocalTrack]
	stop  context.CancelFunc // ends the SDK's mending too

	mending chan struct{} // the SDK has lost the connection, and tries to mend it
	mended  chan struct{}
	cut     chan struct{} // the media connection is gone: what is sent goes nowhere
	mute    chan struct{} // the server has not confirmed for too long that sound comes
	lost    chan string   // why the connection has ended for good

	heard       atomic.Bool // somebody receives the track
	limit       int64       // packets, of unconfirmedLimit
	unconfirmed atomic.Int64
	newest      atomic.Uint32 // sequence number that was confirmed last
	confirmed   atomic.Bool   // whether the server has confirmed anything
}

func (r *Room) newLink() (*link, error) {
	l := &link{
		mending: make(chan struct{}, 1),
		mended:  make(chan struct{}, 1),
		cut:     make(chan struct{}, 1),
		mute:    make(chan struct{}, 1),
		lost:    make(chan string, 1),
		limit:   int64(unconfirmedLimit / r.publisher.frame),
	}
	l.room = lksdk.NewRoom(r.callbacks(l))
	return l, l.newTrack()
}

// newTrack gives the link a track that is bound to nothing yet.
func (l *link) newTrack() error {
	track, err := newTrack(lksdk.WithRTCPHandler(l.readReport))
	if err != nil {
		return err
	}
	track.OnUnbind(func() { rouse(l.cut) })
	l.track.Store(track)
	return nil
}

// readReport notes what the server confirms in its receiver reports (RFC 3550, section 6.4.2): that
// the highest sequence number it has got is another one than before.
func (l *link) readReport(packet rtcp.Packet) {
	report, ok := packet.(*rtcp.ReceiverReport)
	if !ok {
		return
	}
	for _, r := range report.Reports {
		if l.newest.Swap(r.LastSequenceNumber) != r.LastSequenceNumber {
			l.unconfirmed.Store(0)
			l.confirmed.Store(true)
		}
	}
}

// WriteRTP sends a packet, and notices when the server has confirmed none for too long.
func (l *link) WriteRTP(packet *rtp.Packet, options *lksdk.SampleWriteOptions) error {
	if l.unconfirmed.Add(1) == l.limit {
		rouse(l.mute)
	}
	return l.track.Load().WriteRTP(packet, options)
}

// isPublished tells whether the track is among what the room has of this participant.
func (l *link) isPublished() bool {
	for _, publication := range l.room.LocalParticipant.TrackPublications() {
		if publication.Track() == l.track.Load() {
			return true
		}
	}
	return false
}

// close ends the connection, and the SDK's attempts to mend it.
func (l *link) close() {
	l.stop()
	l.room.Disconnect()
}

// dial makes a link, in turn with other joins, and then within bound. Its errors hold no token.
func (r *Room) dial(ctx context.Context, g grant, bound time.Duration) (*link, error) {
	select {
	case r.client.bridge.joining <- struct{}{}:
		defer func() { <-r.client.bridge.joining }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	l, err := r.newLink()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	if err := l.join(ctx, g, r.options(l)); err != nil {
		return nil, r.reduce(err, g)
	}
	return l, nil
}

// join connects, and returns once ctx is over: the SDK may take longer than that to give up.
func (l *link) join(ctx context.Context, g grant, options []lksdk.ConnectOption) error {
	// The SDK keeps the context that it joins with, and mends the connection under it.
	life, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	joined := make(chan error, 1)
	go func() { joined <- l.room.JoinWithContextAndToken(life, g.serverURL, g.token, options...) }()
	select {
	case err := <-joined:
		if err != nil {
			l.close()
		}
		return err
	case <-ctx.Done():
		stop()
		go func() {
			<-joined
			l.close()
		}()
		return ctx.Err()
	}
}

func (r *Room) options(l *link) []lksdk.ConnectOption {
	return []lksdk.ConnectOption{
		lksdk.WithAutoSubscribe(false),
		lksdk.WithDisableRegionDiscovery(),
		lksdk.WithSinglePeerConnection(),
		lksdk.WithTrack(l.track.Load(), publication(r.client.bridge.config)),
		lksdk.WithLogger(logger.GetDiscardLogger()),
	}
}

// reduce logs a join's error and makes it fit to be shown: the SDK's hold the token.
func (r *Room) reduce(err error, g grant) error {
	text := redact(err.Error(), g.token)
	r.client.bridge.metrics.joins.WithLabelValues("failed").Inc()
	r.logger().Warn("join failed", "error", text)
	if strings.Contains(text, "401") || strings.Contains(strings.ToLower(text), "unauthorized") {
		return errTokenRefused
	}
	return errors.New("the LiveKit server could not be reached, or did not let the bridge in")
}

// callbacks are called by the SDK, which waits for them.
func (r *Room) callbacks(l *link) *lksdk.RoomCallback {
	return &lksdk.RoomCallback{
		OnDisconnected: func() {
			select {
			case l.lost <- reasonName(l.room.DisconnectReason()):
			default:
			}
		},
		OnReconnecting: func() { rouse(l.mending) },
		OnReconnected:  func() { rouse(l.mended) },
		OnLocalTrackSubscribed: func(*lksdk.LocalTrackPublication, *lksdk.LocalParticipant) {
			l.heard.Store(true)
			if r.currentLink() == l {
				r.publisher.markSubscribed()
			}
		},
		OnParticipantConnected: func(other *lksdk.RemoteParticipant) {
			r.publisher.expectSubscriber()
			r.yieldTo(other)
		},
		ParticipantCallback: r.forwarder.callbacks(),
	}
}

// Why the server ended a connection, where that makes a difference.
var (
	reasonDuplicate = reasonName(livekit.DisconnectReason_DUPLICATE_IDENTITY)
	reasonRemoved   = reasonName(livekit.DisconnectReason_PARTICIPANT_REMOVED)
)

func reasonName(reason livekit.DisconnectReason) string { return strings.ToLower(reason.String()) }
