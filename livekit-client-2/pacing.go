package main

import "time"

const (
	// lateAfter is how long after its time a packet counts as late.
	lateAfter = 20 * time.Millisecond
	// maxBehind is how far behind the clock a sender may get and still catch up; beyond it, the time
	// that was missed is left out instead.
	maxBehind = 100 * time.Millisecond
)

// clock is the time, and a wait for it: the real one, or a test's.
type clock interface {
	Now() time.Time
	// WaitUntil returns at t, or earlier and false once done is closed.
	WaitUntil(t time.Time, done <-chan struct{}) bool
}

// pacer gives the moments at which packets leave: a fixed distance apart by the wall clock, counted
// from the first one of a run so that no drift adds up. After a delay it catches up at twice the
// pace, which a listener's jitter buffer bears; a burst would overrun it.
type pacer struct {
	clock    clock
	interval time.Duration
	due      time.Time // of the next packet
	last     time.Time // when the last one left
}

func newPacer(c clock, interval time.Duration) *pacer {
	return &pacer{clock: c, interval: interval}
}

// start begins a run: its first packet is due now, but not before the last run's end.
func (p *pacer) start() {
	if now := p.clock.Now(); p.due.Before(now) {
		p.due = now
	}
	p.last = time.Time{}
}

// next waits for the next packet's time, and gives that and how far behind it is. It returns false
// once done is closed.
func (p *pacer) next(done <-chan struct{}) (due time.Time, behind time.Duration, ok bool) {
	at := p.due
	if earliest := p.last.Add(p.interval / 2); at.Before(earliest) {
		at = earliest
	}
	if !p.clock.WaitUntil(at, done) {
		return due, 0, false
	}
	now := p.clock.Now()
	behind = now.Sub(p.due)
	if behind > maxBehind {
		p.due = now
	}
	due, p.last = p.due, now
	p.due = due.Add(p.interval)
	return due, behind, true
}

// giveBack undoes a next whose moment was not used: a run that ends leaves it to the one after.
func (p *pacer) giveBack() { p.due = p.due.Add(-p.interval) }

// wakeGrid is what moments in the future are rounded up to, so that the packets of many rooms leave by
// few wake-ups of the process: they cost more than the mixing does.
const wakeGrid = 5 * time.Millisecond

// wallClock is the machine's monotonic clock. One goroutine waits on it at a time.
type wallClock struct {
	timer *time.Timer
	grid  time.Time // where the grid begins, the same for all
}

func newWallClock(grid time.Time) *wallClock {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	return &wallClock{timer: timer, grid: grid}
}

func (*wallClock) Now() time.Time { return time.Now() }

func (c *wallClock) WaitUntil(t time.Time, done <-chan struct{}) bool {
	c.timer.Reset(time.Until(c.gridAfter(t)))
	select {
	case <-c.timer.C:
		return true
	case <-done:
		c.timer.Stop()
		return false
	}
}

// gridAfter is t, rounded up to the grid; the past stays what it is.
func (c *wallClock) gridAfter(t time.Time) time.Time {
	if past := t.Sub(c.grid) % wakeGrid; past > 0 && time.Until(t) > 0 {
		return t.Add(wakeGrid - past)
	}
	return t
}
