package mix

import (
	"math"
	"testing"
	"time"
)

const frames = 960

// fakeSource yields a constant, as far as it was given, and at its end a tail that is not buffered.
type fakeSource struct {
	tail  int
	level float32
	have  int // values
	ended bool
}

func (s *fakeSource) Read(dst []float32) (int, bool) {
	n := min(len(dst), s.have)
	for i := range n {
		dst[i] = s.level
	}
	s.have -= n
	if s.ended && s.have == 0 && s.tail > 0 {
		last := min(s.tail, len(dst)-n)
		s.tail -= last
		return n + last, s.tail == 0
	}
	return n, s.ended && s.have == 0
}

func (s *fakeSource) Buffered() time.Duration {
	return time.Duration(s.have) * time.Second / SampleRate
}

// turn is one round of a sender's loop; it returns the packet, or nil for none.
func turn(m *Mixer) []float32 {
	m.Settle()
	packet := make([]float32, frames)
	if !m.Mix(packet) {
		return nil
	}
	m.Sent(time.Unix(1, 0))
	return packet
}

func newMixer() *Mixer { return newMixerOf(1, 1) }

// newMixerOf makes a mixer that ducks to a gain within 100 ms and comes back within 200 ms.
func newMixerOf(channels int, duck float64) *Mixer {
	return New(Config{
		Channels: channels, Frames: frames, Duck: duck,
		Attack: 100 * time.Millisecond, Release: 200 * time.Millisecond,
		OnActive: func() {},
	})
}

// add plays a source in layer 0.
func add(m *Mixer, source Source, gain float64, paused bool) *Voice {
	return m.Add(source, Cue{Gain: gain, Paused: paused})
}

func TestASoundIsPlayedOutToItsLastSample(t *testing.T) {
	m := newMixer()
	v := add(m, &fakeSource{level: 0.5, have: 2*frames + 100, ended: true}, 1, false)
	for range 3 {
		if turn(m) == nil {
			t.Fatal("no packet")
		}
		if v.Status().Done {
			t.Fatal("done before its last sample's time")
		}
	}
	if !m.Active() {
		t.Error("not active while the last packet is on its way")
	}
	if turn(m) != nil || m.Active() {
		t.Error("more was mixed")
	}
	status := v.Status()
	if !status.Done || !status.Began || status.Stopped || status.Played != time.Duration(2*frames+100)*time.Second/SampleRate {
		t.Errorf("%+v", status)
	}
}

func TestVoicesAreSummedAndLimited(t *testing.T) {
	m := newMixer()
	add(m, &fakeSource{level: 0.3, have: 10 * frames}, 1, false)
	v := add(m, &fakeSource{level: 0.4, have: 10 * frames}, 0.5, false)
	if packet := turn(m); math.Abs(float64(packet[500]-0.5)) > 1e-6 {
		t.Errorf("0.3 + 0.4 x 0.5 is %v", packet[500])
	}
	v.SetGain(16, 0)
	for _, x := range turn(m) {
		if x > 1 {
			t.Fatalf("%v is above full scale", x)
		}
	}
}

func TestAStopFadesWithin20ms(t *testing.T) {
	m := newMixer()
	v := add(m, &fakeSource{level: 0.5, have: 10 * frames}, 1, false)
	turn(m)
	v.Stop()
	v.Stop()
	last := turn(m)
	for i := 1; i < len(last); i++ {
		if last[i] > last[i-1] || last[i-1]-last[i] > 0.01 {
			t.Fatalf("a step at %d: %v, %v", i, last[i-1], last[i])
		}
	}
	if last[0] < 0.45 || last[len(last)-1] != 0 {
		t.Errorf("from %v to %v", last[0], last[len(last)-1])
	}
	if turn(m) != nil {
		t.Error("more was mixed after the fade")
	}
	if s := v.Status(); !s.Done || !s.Stopped || s.Played != 30*time.Millisecond {
		t.Errorf("%+v", s)
	}
}

func TestAStopBeforeTheFirstPacketMakesNoSound(t *testing.T) {
	for _, paused := range []bool{false, true} {
		m := newMixer()
		v := add(m, &fakeSource{level: 0.5, have: 10 * frames}, 1, paused)
		v.Stop()
		if turn(m) != nil {
			t.Error("it was mixed")
		}
		turn(m)
		if s := v.Status(); !s.Done || s.Began || s.Played != 0 {
			t.Errorf("%+v", s)
		}
	}
}

func TestAPauseHoldsThePosition(t *testing.T) {
	m := newMixer()
	v := add(m, &fakeSource{level: 0.5, have: 10 * frames}, 1, false)
	turn(m)
	v.Pause()
	if turn(m) == nil {
		t.Fatal("no fade")
	}
	if v.Status().Paused {
		t.Error("paused while the fade is on its way")
	}
	if turn(m) != nil || m.Active() {
		t.Error("a paused voice is mixed")
	}
	if s := v.Status(); !s.Paused || s.Played != 30*time.Millisecond {
		t.Errorf("%+v", s)
	}
	v.Resume()
	packet := turn(m)
	if packet[0] > 0.01 || packet[frames-1] != 0.5 || v.Status().Paused {
		t.Errorf("resumed from %v to %v", packet[0], packet[frames-1])
	}
}

func TestAPausedVoiceCanBeStopped(t *testing.T) {
	m := newMixer()
	v := add(m, &fakeSource{level: 0.5, have: 10 * frames}, 1, false)
	turn(m)
	v.Pause()
	turn(m)
	turn(m)
	v.Stop()
	if !m.Active() {
		t.Error("nothing would settle it")
	}
	turn(m)
	if s := v.Status(); !s.Done || !s.Stopped {
		t.Errorf("%+v", s)
	}
}

func TestASoundThatRunsDryRefillsFirst(t *testing.T) {
	m := newMixer()
	source := &fakeSource{level: 0.5, have: frames + 100}
	v := add(m, source, 1, false)
	turn(m)
	turn(m)
	if s := v.Status(); !s.Dry || s.Underruns != 1 {
		t.Fatalf("%+v", s)
	}
	source.have = frames
	if turn(m) != nil {
		t.Error("went on with less than it wants")
	}
	source.have = 6 * frames
	if turn(m) == nil || v.Status().Dry {
		t.Error("did not go on")
	}
}

func TestADrySoundsLastSamplesArePlayed(t *testing.T) {
	m := newMixer()
	source := &fakeSource{level: 0.5, have: frames + 100}
	v := add(m, source, 1, false)
	turn(m)
	turn(m)
	source.have, source.tail, source.ended = 10, 5, true
	for range 12 {
		turn(m)
	}
	if s := v.Status(); !s.Done || s.Played != time.Duration(frames+115)*time.Second/SampleRate {
		t.Errorf("%+v", s)
	}
}

func TestADrySoundMayEndWithNothingMore(t *testing.T) {
	m := newMixer()
	source := &fakeSource{level: 0.5, have: frames}
	v := add(m, source, 1, false)
	turn(m)
	turn(m)
	source.ended, source.tail = true, 5
	turn(m)
	turn(m)
	if s := v.Status(); !s.Done || s.Played != time.Duration(frames+5)*time.Second/SampleRate {
		t.Error("it goes on")
	}
}

func TestMixingDoesNotAllocate(t *testing.T) {
	m := newMixer()
	for range 3 {
		add(m, &fakeSource{level: 0.5, have: 1 << 30}, 0.9, false)
	}
	packet := make([]float32, frames)
	if n := testing.AllocsPerRun(100, func() {
		m.Settle()
		m.Mix(packet)
		m.Sent(time.Time{})
	}); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}
