package main

import (
	"bytes"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/livekit/protocol/logger"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"server-playback/livekit-client-2/internal/opus"
)

// heard is a packet as it came to a listener.
type heard struct {
	at time.Time
	rtp.Packet
}

// listener is somebody in a room who receives whatever is published there.
type listener struct {
	room       *lksdk.Room
	subscribed chan struct{}
	once       sync.Once
	readers    sync.WaitGroup

	mu      sync.Mutex
	packets []heard
	tracks  int
}

func hear(t *testing.T, serverURL, room string) *listener {
	t.Helper()
	return hearAs(t, serverURL, room, "listener")
}

func hearAs(t *testing.T, serverURL, room, identity string) *listener {
	t.Helper()
	l := &listener{subscribed: make(chan struct{})}
	l.room = lksdk.NewRoom(&lksdk.RoomCallback{ParticipantCallback: lksdk.ParticipantCallback{
		OnTrackSubscribed: func(track *webrtc.TrackRemote, _ *lksdk.RemoteTrackPublication, _ *lksdk.RemoteParticipant) {
			l.mu.Lock()
			l.tracks++
			l.mu.Unlock()
			l.readers.Go(func() { l.read(track) })
			l.once.Do(func() { close(l.subscribed) })
		},
	}})
	err := l.room.JoinWithContextAndToken(t.Context(), serverURL, token(t, room, identity, false),
		lksdk.WithDisableRegionDiscovery(), lksdk.WithLogger(logger.GetDiscardLogger()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		l.room.Disconnect()
		l.readers.Wait()
	})
	return l
}

// serverSilence is what the server sends by itself to who subscribes to a track that is idle: an empty
// Opus frame and zeros, 80 bytes in all.
var serverSilence = append([]byte{0xf8, 0xff, 0xfe}, make([]byte, 77)...)

func (l *listener) read(track *webrtc.TrackRemote) {
	for {
		packet, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		if bytes.Equal(packet.Payload, serverSilence) {
			continue
		}
		l.mu.Lock()
		l.packets = append(l.packets, heard{time.Now(), *packet.Clone()})
		l.mu.Unlock()
	}
}

// take gives the packets that came so far, and forgets them.
func (l *listener) take() []heard {
	l.mu.Lock()
	defer l.mu.Unlock()
	packets := l.packets
	l.packets = nil
	return packets
}

func (l *listener) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.packets)
}

// settle waits until no packet has come for 100 ms, and gives all.
func (l *listener) settle(t *testing.T) []heard {
	t.Helper()
	last, since := l.count(), time.Now()
	await(t, "silence", func() bool {
		if n := l.count(); n != last {
			last, since = n, time.Now()
		}
		return time.Since(since) > 100*time.Millisecond
	})
	return l.take()
}

// settleFor lets d pass, in which packets may come.
func (l *listener) settleFor(t *testing.T, d time.Duration) {
	t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-t.Context().Done():
	}
}

// decodeAll gives the sound of packets, mono.
func decodeAll(t *testing.T, packets []heard) []float32 {
	t.Helper()
	decoder, err := opus.NewDecoder(1)
	if err != nil {
		t.Fatal(err)
	}
	var all []float32
	pcm := make([]float32, opus.MaxFrames)
	for _, p := range packets {
		n, err := decoder.Decode(pcm, p.Payload)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, pcm[:n]...)
	}
	return all
}

// sounding gives the first and the last sample above -50 dB.
func sounding(pcm []float32) (first, last int) {
	first, last = -1, -1
	for i, x := range pcm {
		if math.Abs(float64(x)) > 0.003 {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	return first, last
}

func rms(pcm []float32) float64 {
	sum := 0.0
	for _, x := range pcm {
		sum += float64(x) * float64(x)
	}
	return math.Sqrt(sum / float64(max(1, len(pcm))))
}

// assertContinuous fails if a packet is missing, or RTP time does not go on by 20 ms a packet.
func assertContinuous(t *testing.T, packets []heard) {
	t.Helper()
	for i := 1; i < len(packets); i++ {
		a, b := packets[i-1], packets[i]
		if b.SequenceNumber != a.SequenceNumber+1 || b.Timestamp != a.Timestamp+960 {
			t.Errorf("packet %d: sequence +%d, time +%d", i, b.SequenceNumber-a.SequenceNumber, b.Timestamp-a.Timestamp)
		}
	}
}
