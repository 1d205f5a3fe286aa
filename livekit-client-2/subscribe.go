package main

import (
	"encoding/binary"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/webrtc/v4"

	"server-playback/livekit-client-2/internal/dsp"
	"server-playback/livekit-client-2/internal/fault"
	"server-playback/livekit-client-2/internal/opus"
)

// forwardRate is the sample rate, in Hz, of the mono s16le PCM that a participant's audio is
// forwarded as: what speech recognition takes.
const forwardRate = 16000

// forwarder sends one participant's audio back to the controller. It is off unless it has a target.
// A room without it subscribes to nothing.
type forwarder struct {
	send func(frame []byte)

	mu      sync.Mutex
	room    *lksdk.Room
	on      bool
	target  string // identity; empty for whoever is first
	current *lksdk.RemoteTrackPublication
	readers sync.WaitGroup
}

func newForwarder(send func(frame []byte)) *forwarder { return &forwarder{send: send} }

// subscribe carries out subscribe_enable, now or once a room is joined.
func (c *BridgeClient) subscribe(identity string) error {
	c.mu.Lock()
	c.target = &identity
	c.mu.Unlock()
	return c.retarget()
}

// unsubscribe carries out subscribe_disable.
func (c *BridgeClient) unsubscribe() {
	c.mu.Lock()
	c.target = nil
	c.mu.Unlock()
	_ = c.retarget() // to stop needs no permission
}

// retarget points the room's forwarder to whose audio is wanted. It is Unauthorized if the token that
// the room was joined by does not let the bridge listen.
func (c *BridgeClient) retarget() error {
	c.mu.Lock()
	room, target := c.room, c.target
	c.mu.Unlock()
	if room == nil || !room.isJoined() {
		return nil
	}
	l := room.currentLink()
	if target != nil && !l.room.LocalParticipant.Permissions().GetCanSubscribe() {
		return fault.New(fault.Unauthorized, "the token does not allow to subscribe")
	}
	room.forwarder.aim(l.room, target)
	return nil
}

// aim makes target's audio the one that is forwarded; nil is nobody's.
func (f *forwarder) aim(room *lksdk.Room, target *string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.room, f.on = room, target != nil
	if target != nil {
		f.target = *target
	}
	f.drop()
	f.choose()
}

// drop ends the present subscription. The caller holds the lock.
func (f *forwarder) drop() {
	if f.current != nil {
		_ = f.current.SetSubscribed(false) // fails only without a connection, and then so it is
		f.current = nil
	}
}

// choose subscribes to the first audio track that fits. The caller holds the lock.
func (f *forwarder) choose() {
	if !f.on || f.current != nil || f.room == nil {
		return
	}
	for _, participant := range f.room.GetRemoteParticipants() {
		for _, publication := range participant.TrackPublications() {
			if f.fits(participant, publication) && f.take(publication.(*lksdk.RemoteTrackPublication)) {
				return
			}
		}
	}
}

func (f *forwarder) fits(participant *lksdk.RemoteParticipant, publication lksdk.TrackPublication) bool {
	return publication.Kind() == lksdk.TrackKindAudio && (f.target == "" || participant.Identity() == f.target)
}

func (f *forwarder) take(publication *lksdk.RemoteTrackPublication) bool {
	if publication.TrackInfo().GetType() != livekit.TrackType_AUDIO || publication.SetSubscribed(true) != nil {
		return false
	}
	f.current = publication
	return true
}

// callbacks follow the room's tracks. The SDK waits for them.
func (f *forwarder) callbacks() lksdk.ParticipantCallback {
	return lksdk.ParticipantCallback{
		OnTrackPublished: func(*lksdk.RemoteTrackPublication, *lksdk.RemoteParticipant) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.choose()
		},
		OnTrackUnpublished: func(publication *lksdk.RemoteTrackPublication, _ *lksdk.RemoteParticipant) {
			f.mu.Lock()
			defer f.mu.Unlock()
			if f.current == publication {
				f.current = nil
				f.choose()
			}
		},
		OnTrackSubscribed: func(track *webrtc.TrackRemote, publication *lksdk.RemoteTrackPublication, _ *lksdk.RemoteParticipant) {
			f.readers.Go(func() { f.read(track, publication) })
		},
	}
}

// wants tells whether the publication's audio is still to be forwarded: some of it arrives after its
// subscription was ended.
func (f *forwarder) wants(publication *lksdk.RemoteTrackPublication) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.current == publication
}

// read forwards a track until it ends, which is when its subscription does.
func (f *forwarder) read(track *webrtc.TrackRemote, publication *lksdk.RemoteTrackPublication) {
	decoder, err := opus.NewDecoder(1)
	if err != nil {
		return
	}
	resampler, err := dsp.NewResampler(dsp.ResamplerConfig{InRate: opus.SampleRate, OutRate: forwardRate, Channels: 1})
	if err != nil {
		return
	}
	pcm := make([]float32, opus.MaxFrames)
	var narrow []float32
	for {
		packet, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		frames, err := decoder.Decode(pcm, packet.Payload)
		if err != nil {
			continue
		}
		narrow = resampler.Process(narrow[:0], pcm[:frames])
		if f.wants(publication) {
			f.send(toS16LE(narrow))
		}
	}
}

func toS16LE(samples []float32) []byte {
	values := make([]int16, len(samples))
	dsp.FloatToInt16(values, samples)
	frame := make([]byte, 0, 2*len(values))
	for _, v := range values {
		frame = binary.LittleEndian.AppendUint16(frame, uint16(v))
	}
	return frame
}

// close waits, for a bounded time, until the tracks of a disconnected room have ended.
func (f *forwarder) close() {
	done := make(chan struct{})
	go func() {
		f.readers.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(farewell):
	}
}
