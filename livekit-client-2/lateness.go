package main

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// warnAfter is how late a packet is that warns of overload: a listener's jitter buffer hides a
	// multiple of that.
	warnAfter = 10 * time.Millisecond
	// lateWindow is how often the share of such packets is taken, and half how fast it is forgotten.
	lateWindow = 500 * time.Millisecond
	// fewStreams are so little work that lateness does not come from them.
	fewStreams = 4
)

// lateness is the bridge's own measure of its load: the share of packets that left late, smoothed.
// Above a limit it is high, until it has fallen below half of that. The zero lateness is ready.
type lateness struct {
	sent, late atomic.Int64

	mu    sync.Mutex
	since time.Time // the window's beginning
	share float64
	high  bool
}

// note counts a packet that was so late.
func (l *lateness) note(behind time.Duration) {
	l.sent.Add(1)
	if behind > warnAfter {
		l.late.Add(1)
	}
}

// isHigh tells whether, for this limit, more streams than these would be too much.
func (l *lateness) isHigh(now time.Time, limit float64, streams int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if elapsed := now.Sub(l.since); elapsed >= lateWindow {
		l.fold(elapsed, limit)
		l.since = now
	}
	return l.high && streams >= fewStreams
}

// fold takes what was counted since the last time into the share. The caller holds the lock.
func (l *lateness) fold(elapsed time.Duration, limit float64) {
	sent, late := l.sent.Swap(0), l.late.Swap(0)
	share := float64(late) / float64(max(1, sent))
	weight := 1 - math.Pow(0.5, float64(elapsed)/float64(2*lateWindow))
	l.share += weight * (share - l.share)
	switch {
	case limit >= 1:
	case l.share > limit:
		l.high = true
	case l.share < limit/2:
		l.high = false
	}
}
