package main

import (
	"math"
	"sync"
	"testing"
	"time"

	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/rtp"

	"server-playback/livekit-client-2/internal/mix"
	"server-playback/livekit-client-2/internal/oggtest"
)

// heldUpClock is a clock that is late at some of its waits, as a machine is that was held up.
type heldUpClock struct {
	fakeClock
	mu    sync.Mutex
	waits int
	holds map[int]time.Duration // by wait
}

func (c *heldUpClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *heldUpClock) WaitUntil(t time.Time, done <-chan struct{}) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.fakeClock.WaitUntil(t, done) {
		return false
	}
	c.now = c.now.Add(c.holds[c.waits])
	c.waits++
	return true
}

// timedTrack notes when packets are sent, by a clock.
type timedTrack struct {
	fakeTrack
	clock clock
	sent  []time.Time
}

func (f *timedTrack) WriteRTP(p *rtp.Packet, o *lksdk.SampleWriteOptions) error {
	f.sent = append(f.sent, f.clock.Now())
	return f.fakeTrack.WriteRTP(p, o)
}

// performance plays a tone of so many packets to its end, by the clock.
func performance(t *testing.T, clock clock, packets int) (*timedTrack, *Metrics) {
	t.Helper()
	track := &timedTrack{clock: clock}
	metrics := newMetrics()
	p, err := newPublisher(testConfig(t, nil), track, clock, metrics)
	if err != nil {
		t.Fatal(err)
	}
	v := p.mixer.Add(newToneSound(1, time.Duration(packets)*20*time.Millisecond), mix.Cue{Gain: 1})
	await(t, "the end", func() bool { return v.Status().Done })
	p.Close()
	return track, metrics
}

func TestBR43_AHeldUpMachineCatchesUpWithoutABurst(t *testing.T) {
	clock := &heldUpClock{fakeClock: fakeClock{now: time.Unix(1000, 0)}, holds: map[int]time.Duration{20: 90 * time.Millisecond, 60: time.Second}}
	track, metrics := performance(t, clock, 100)
	packets := track.take()
	if len(packets) < 100 || len(packets) > 101 {
		t.Fatalf("%d packets", len(packets))
	}
	start, late := track.sent[0], 0
	for i := 1; i < len(packets); i++ {
		if gap := track.sent[i].Sub(track.sent[i-1]); gap < 10*time.Millisecond {
			t.Errorf("packet %d left %v after the last", i, gap)
		}
		if packets[i].SequenceNumber != packets[i-1].SequenceNumber+1 {
			t.Errorf("packet %d: the sequence is broken", i)
		}
		behind := track.sent[i].Sub(start) - time.Duration(packets[i].Timestamp-packets[0].Timestamp)*time.Second/48000
		if behind > lateAfter {
			late++
		}
		if i > 35 && i < 60 && behind != 0 {
			t.Errorf("packet %d: %v behind", i, behind)
		}
	}
	// Time that is too much to catch up with is left out, as an RTP time that goes on with the clock.
	if jump := packets[60].Timestamp - packets[59].Timestamp; math.Abs(float64(jump)-960-48000) > 1 {
		t.Errorf("RTP time went on by %d", jump)
	}
	if n := counted(t, metrics, "bridge_late_packets_total"); late == 0 || int(n) < late || int(n) > late+1 {
		t.Errorf("%v late packets are counted, %d were sent late", n, late)
	}
}

func TestBR43_RTPTimeAndThePacketsKeepToTheClock(t *testing.T) {
	holds := map[int]time.Duration{}
	for i := range 3000 {
		holds[i] = time.Duration(i%5) * time.Millisecond // no wait ends exactly
	}
	clock := &heldUpClock{fakeClock: fakeClock{now: time.Unix(1000, 0)}, holds: holds}
	track, metrics := performance(t, clock, 3000)
	packets := track.take()
	for i, p := range packets {
		if want := uint32(960 * i); p.Timestamp-packets[0].Timestamp != want {
			t.Fatalf("packet %d has the time %d", i, p.Timestamp-packets[0].Timestamp)
		}
		if off := track.sent[i].Sub(track.sent[0]) - time.Duration(i)*20*time.Millisecond; off < 0 || off > 4*time.Millisecond {
			t.Fatalf("packet %d left %v late", i, off)
		}
	}
	if n := counted(t, metrics, "bridge_late_packets_total"); n != 0 {
		t.Errorf("%v late packets", n)
	}
}

// TestAPacketDoesNotAllocateWhateverPlays goes through passing on, mixing, ducking and back.
func TestAPacketDoesNotAllocateWhateverPlays(t *testing.T) {
	sound := oggtest.Encode(t, celtMono, oggtest.Music(48000, 1))
	long := sound
	for range 12 {
		long.Packets = append(long.Packets, sound.Packets...)
	}
	long.File = oggtest.File(long.Packets, celtMono, sound.PreSkip, packetFrames*len(long.Packets))
	r := rehearse(t, 1)
	r.track.silent = true
	stream, _ := r.opus(long, mix.Cue{Gain: 1})
	speech := r.mixer.Add(newToneSound(1, time.Hour), mix.Cue{Layer: mix.SpeechLayer, Gain: 1})
	speech.Pause()
	beside := r.mixer.Add(newToneSound(1, time.Hour), mix.Cue{Layer: 1, Gain: 0.5})
	beside.Pause()
	r.turns(2, stream)
	turn := 0
	if n := testing.AllocsPerRun(400, func() {
		switch turn++; turn % 80 {
		case 20:
			speech.Resume()
		case 30:
			beside.Resume()
		case 50:
			speech.Pause()
			beside.Pause()
		}
		for stream.Buffered() < 100*time.Millisecond && !stream.Ended() {
			time.Sleep(10 * time.Microsecond)
		}
		r.mixer.Settle()
		r.step(r.due, 0)
		r.due = r.due.Add(r.frame)
	}); n >= 1 {
		t.Errorf("%v allocations a packet", n)
	}
	if n := counted(t, r.metrics, "bridge_passed_packets_total"); n < 50 {
		t.Errorf("%v packets were passed on", n)
	}
}
