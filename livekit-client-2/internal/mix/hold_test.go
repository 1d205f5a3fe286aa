package mix

import (
	"testing"
	"time"
)

// skip lets a packet's time pass as a sender does that holds.
func skip(m *Mixer) {
	m.Settle()
	m.Skip()
}

func TestREC10_WhatIsHeldKeepsItsPositionAndFadesIn(t *testing.T) {
	m := newMixer()
	v := add(m, &fakeSource{level: 0.5, have: 10 * frames}, 1, false)
	turn(m)
	turn(m)
	for range 5 {
		skip(m)
	}
	if s := v.Status(); s.Played != 2*lengthOf(frames) || s.Done {
		t.Errorf("%+v", s)
	}
	packet := turn(m)
	if packet[0] > 0.01 || packet[len(packet)-1] < 0.49 {
		t.Errorf("it goes on from %v to %v", packet[0], packet[len(packet)-1])
	}
}

func TestREC19_PausesSeeksAndStopsTakeEffectWhileHeld(t *testing.T) {
	m := newMixer()
	sound := func() *Voice { return add(m, &fakeSource{level: 0.5, have: 10 * frames}, 1, false) }
	paused, stopped, sought := sound(), sound(), sound()
	turn(m)
	skip(m)
	paused.Pause()
	stopped.Stop()
	sought.Expect(true)
	sought.Seek(&fakeSource{level: 0.5, have: 10 * frames}, time.Minute)
	skip(m)
	skip(m)
	if s := paused.Status(); !s.Paused || s.Played != lengthOf(frames) {
		t.Errorf("paused: %+v", s)
	}
	if s := stopped.Status(); !s.Done || !s.Stopped || s.Played != lengthOf(frames) {
		t.Errorf("stopped: %+v", s)
	}
	if s := sought.Status(); s.Position != time.Minute || s.Done {
		t.Errorf("sought: %+v", s)
	}
	paused.Resume()
	turn(m)
	m.Settle()
	if s := paused.Status(); s.Paused || s.Played != 2*lengthOf(frames) {
		t.Errorf("resumed: %+v", s)
	}
}
