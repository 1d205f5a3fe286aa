package main

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/rtp"

	"server-playback/livekit-client-2/internal/mix"
)

// fakeTrack notes the packets that are sent.
type fakeTrack struct {
	silent  bool // notes nothing
	mu      sync.Mutex
	packets []heard
}

func (f *fakeTrack) WriteRTP(p *rtp.Packet, _ *lksdk.SampleWriteOptions) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.silent {
		f.packets = append(f.packets, heard{time.Now(), *p.Clone()})
	}
	return nil
}

func (f *fakeTrack) take() []heard {
	f.mu.Lock()
	defer f.mu.Unlock()
	packets := f.packets
	f.packets = nil
	return packets
}

func newTestPublisher(t *testing.T, track packetWriter) *Publisher {
	t.Helper()
	p, err := newPublisher(testConfig(t, nil), track, newWallClock(time.Now()), newMetrics())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestBR42_RTPTimeGoesOnWhileNothingIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		track := &fakeTrack{}
		p := newTestPublisher(t, track)
		defer p.Close()
		p.mixer.Add(newToneSound(1, 90*time.Millisecond), mix.Cue{Gain: 1})
		time.Sleep(time.Second)
		first := track.take()
		p.mixer.Add(newToneSound(1, 20*time.Millisecond), mix.Cue{Gain: 1})
		time.Sleep(time.Second)
		second := track.take()

		if len(first) != 5 || len(second) != 2 { // the second ends with its packet: one more flushes the encoder
			t.Fatalf("%d and %d packets", len(first), len(second))
		}
		assertContinuous(t, first)
		assertContinuous(t, second)
		if !first[0].Marker || first[1].Marker || !second[0].Marker {
			t.Error("the marker is not on the first packets alone")
		}
		a, b := first[4], second[0]
		if b.SequenceNumber != a.SequenceNumber+1 {
			t.Errorf("the sequence went on by %d", b.SequenceNumber-a.SequenceNumber)
		}
		if got := b.Timestamp - first[0].Timestamp; got != 48000 {
			t.Errorf("RTP time went on by %d in a second", got)
		}
	})
}

func TestBR40_NothingIsSentWhileNothingPlays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		track := &fakeTrack{}
		p := newTestPublisher(t, track)
		p.prime()
		time.Sleep(time.Second)
		if n := len(track.take()); n != primePackets {
			t.Errorf("%d packets of silence", n)
		}
		time.Sleep(time.Hour)
		if n := len(track.take()); n != 0 {
			t.Errorf("%d packets while idle", n)
		}
		p.mu.Lock()
		if p.runs {
			t.Error("the loop runs")
		}
		p.mu.Unlock()
		p.Close()
		p.Close()
		p.mixer.Add(newToneSound(1, time.Second), mix.Cue{Gain: 1})
		time.Sleep(time.Second)
		if n := len(track.take()); n != 0 {
			t.Errorf("%d packets after the close", n)
		}
	})
}

func TestBR20_TheWaitForASubscriberIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newTestPublisher(t, &fakeTrack{})
		defer p.Close()
		wait := func() (heard bool, took time.Duration) {
			began := time.Now()
			heard = p.awaitSubscriber(t.Context().Done(), time.Second)
			return heard, time.Since(began)
		}
		if heard, took := wait(); heard || took != time.Second {
			t.Errorf("%v after %v", heard, took)
		}
		if heard, took := wait(); heard || took != 0 {
			t.Errorf("waited again for nobody: %v after %v", heard, took)
		}
		p.expectSubscriber()
		time.AfterFunc(300*time.Millisecond, p.markSubscribed)
		if heard, took := wait(); !heard || took != 300*time.Millisecond {
			t.Errorf("%v after %v", heard, took)
		}
		if heard, took := wait(); !heard || took != 0 {
			t.Errorf("%v after %v", heard, took)
		}
	})
}

type discard struct{}

func (discard) WriteRTP(*rtp.Packet, *lksdk.SampleWriteOptions) error { return nil }

func TestAPacketDoesNotAllocate(t *testing.T) {
	p := newTestPublisher(t, discard{})
	defer p.Close()
	for range 2 {
		// Without wake: the test is the loop.
		p.runs = true
		p.mixer.Add(newToneSound(1, time.Hour), mix.Cue{Gain: 0.5})
	}
	due := time.Now()
	if n := testing.AllocsPerRun(200, func() {
		p.mixer.Settle()
		p.step(due, 0)
		due = due.Add(p.frame)
	}); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}
