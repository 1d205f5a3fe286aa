package main

import (
	"testing"
	"time"
)

// fakeClock moves only when it is waited on or told to.
type fakeClock struct{ now time.Time }

func (c *fakeClock) Now() time.Time { return c.now }

func (c *fakeClock) WaitUntil(t time.Time, done <-chan struct{}) bool {
	select {
	case <-done:
		return false
	default:
	}
	if t.After(c.now) {
		c.now = t
	}
	return true
}

func newFakePacer() (*pacer, *fakeClock) {
	clock := &fakeClock{now: time.Unix(1000, 0)}
	return newPacer(clock, 20*time.Millisecond), clock
}

func mustNext(t *testing.T, p *pacer) (due time.Time, behind time.Duration) {
	t.Helper()
	due, behind, ok := p.next(nil)
	if !ok {
		t.Fatal("the pacer stopped")
	}
	return due, behind
}

func TestPacerKeepsToTheWallClock(t *testing.T) {
	p, clock := newFakePacer()
	begin := clock.now
	p.start()
	for i := range 180_000 { // an hour
		clock.now = clock.now.Add(time.Duration(i%7) * time.Millisecond) // work takes time
		if due, behind := mustNext(t, p); due.Sub(begin) != time.Duration(i)*20*time.Millisecond || behind > 6*time.Millisecond {
			t.Fatalf("packet %d is due at %v, %v behind", i, due.Sub(begin), behind)
		}
	}
}

func TestPacerCatchesUpWithoutABurst(t *testing.T) {
	p, clock := newFakePacer()
	p.start()
	first, _ := mustNext(t, p)
	clock.now = clock.now.Add(100 * time.Millisecond)
	last := clock.now.Add(-20 * time.Millisecond)
	for i := 1; ; i++ {
		due, behind := mustNext(t, p)
		if due != first.Add(time.Duration(i)*20*time.Millisecond) {
			t.Fatalf("packet %d is due at %v", i, due.Sub(first))
		}
		if gap := clock.now.Sub(last); gap < 10*time.Millisecond {
			t.Fatalf("packet %d came %v after the last", i, gap)
		}
		last = clock.now
		if behind == 0 {
			if i > 10 {
				t.Errorf("it took %d packets to catch up", i)
			}
			return
		}
	}
}

func TestPacerLeavesOutWhatIsTooLate(t *testing.T) {
	p, clock := newFakePacer()
	p.start()
	mustNext(t, p)
	clock.now = clock.now.Add(time.Second)
	due, behind := mustNext(t, p)
	if due != clock.now || behind != 980*time.Millisecond {
		t.Errorf("due %v ago, %v behind", clock.now.Sub(due), behind)
	}
	if next, behind := mustNext(t, p); next != due.Add(20*time.Millisecond) || behind != 0 {
		t.Errorf("the next is due %v later, %v behind", next.Sub(due), behind)
	}
}

func TestPacerRunsDoNotOverlap(t *testing.T) {
	p, clock := newFakePacer()
	p.start()
	first, _ := mustNext(t, p)
	mustNext(t, p) // finds nothing to send
	p.giveBack()
	p.start()
	if due, _ := mustNext(t, p); due != first.Add(20*time.Millisecond) {
		t.Errorf("due %v after the last packet", due.Sub(first))
	}
	p.giveBack()
	clock.now = clock.now.Add(time.Hour)
	p.start()
	if due, behind := mustNext(t, p); due != clock.now || behind != 0 {
		t.Errorf("after a pause, %v behind", behind)
	}
}

func TestPacerStops(t *testing.T) {
	p := newPacer(newWallClock(time.Now()), time.Hour)
	p.start()
	done := make(chan struct{})
	mustNext(t, p)
	close(done)
	if _, _, ok := p.next(done); ok {
		t.Error("it went on")
	}
}

func TestMomentsOfManyRoomsFallTogether(t *testing.T) {
	now := time.Now()
	clock := newWallClock(now)
	for i := range 100 {
		wanted := now.Add(time.Hour + time.Duration(i)*777*time.Microsecond)
		got := clock.gridAfter(wanted)
		if late := got.Sub(wanted); late < 0 || late >= wakeGrid || got.Sub(clock.grid)%wakeGrid != 0 {
			t.Fatalf("%v late, at %v", late, got)
		}
	}
	if past := now.Add(-time.Millisecond); clock.gridAfter(past) != past {
		t.Error("a moment that is over is put off")
	}
}
