package main

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/livekit/protocol/logger"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"
)

const (
	// joinTimeout bounds a join.
	joinTimeout = 10 * time.Second
	// maxPacket is the largest UDP payload that is read, in bytes.
	maxPacket = 1500
)

// listener is one participant that subscribes to every audio track of its room and tells what comes.
// It ends when leave is called or when the server ends it; leave may be called twice.
type listener struct {
	id     string
	out    *output
	cancel context.CancelFunc
	// done is closed when the room is left and every track's reader has ended.
	done   chan struct{}
	tracks sync.WaitGroup
}

func startListener(ctx context.Context, c command, out *output) *listener {
	ctx, cancel := context.WithCancel(ctx)
	l := &listener{id: c.Listen, out: out, cancel: cancel, done: make(chan struct{})}
	go l.run(ctx, c.URL, c.Token)
	return l
}

// leave ends the listener and waits until nothing of it is left.
func (l *listener) leave() {
	l.cancel()
	<-l.done
}

func (l *listener) run(ctx context.Context, url, token string) {
	defer close(l.done)
	defer l.cancel()
	disconnected := make(chan struct{})
	var once sync.Once
	callback := lksdk.NewRoomCallback()
	callback.OnDisconnected = func() { once.Do(func() { close(disconnected) }) }
	callback.OnTrackSubscribed = l.subscribed
	callback.OnTrackUnsubscribed = l.unsubscribed

	room := lksdk.NewRoom(callback)
	err := room.JoinWithContextAndToken(ctx, url, token,
		lksdk.WithConnectTimeout(joinTimeout),
		lksdk.WithDisableRegionDiscovery(),
		lksdk.WithLogger(logger.GetDiscardLogger()))
	if err != nil {
		// The SDK's join errors quote the URL with the token in it.
		l.out.event(record{Type: "join_failed", ID: l.id, Reason: strings.ReplaceAll(err.Error(), token, "[token]")})
		return
	}
	l.out.event(record{Type: "joined", ID: l.id, Room: room.Name(), Identity: room.LocalParticipant.Identity()})

	select {
	case <-ctx.Done():
		room.Disconnect()
	case <-disconnected:
	}
	l.tracks.Wait()
	l.out.event(record{Type: "left", ID: l.id, Reason: leftReason(ctx, room)})
}

func leftReason(ctx context.Context, room *lksdk.Room) string {
	if ctx.Err() != nil {
		return "leave"
	}
	return strings.ToLower(livekit.DisconnectReason_name[int32(room.DisconnectReason())])
}

func (l *listener) subscribed(track *webrtc.TrackRemote, pub *lksdk.RemoteTrackPublication, rp *lksdk.RemoteParticipant) {
	if track.Kind() != webrtc.RTPCodecTypeAudio {
		return
	}
	l.out.event(record{Type: "subscribed", ID: l.id, Track: pub.SID(), Name: pub.Name(), Publisher: rp.Identity()})
	l.tracks.Go(func() { l.read(track, pub.SID()) })
}

func (l *listener) unsubscribed(_ *webrtc.TrackRemote, pub *lksdk.RemoteTrackPublication, rp *lksdk.RemoteParticipant) {
	l.out.event(record{Type: "unsubscribed", ID: l.id, Track: pub.SID(), Publisher: rp.Identity()})
}

// read tells every packet of a track until the track ends.
func (l *listener) read(track *webrtc.TrackRemote, sid string) {
	head := packetHead(l.id, sid)
	buf := make([]byte, maxPacket)
	var p rtp.Packet
	for {
		n, _, err := track.Read(buf)
		at := time.Now()
		if err != nil {
			return
		}
		if p.Unmarshal(buf[:n]) == nil {
			l.out.packet(head, at, &p)
		}
	}
}
