package main

import (
	"testing"
	"time"
)

func TestSEC7_LatenessRisesFallsAndDoesNotFlap(t *testing.T) {
	now := time.Now()
	l := &lateness{since: now}
	// second lets a second pass in which this part of 500 packets was late, and gives whether that is high.
	second := func(late int) bool {
		high := false
		for range 2 {
			for i := range 250 {
				behind := time.Millisecond
				if i < late/2 {
					behind = 2 * warnAfter
				}
				l.note(behind)
			}
			now = now.Add(lateWindow)
			high = l.isHigh(now, 0.1, fewStreams)
		}
		return high
	}
	for i, step := range []struct {
		late int
		high bool
	}{{0, false}, {40, false}, {0, false}, {300, true}, {40, true}, {40, true}, {0, true}, {0, false}, {40, false}} {
		if got := second(step.late); got != step.high {
			t.Errorf("second %d: %v, share %v", i, got, l.share)
		}
	}
	second(500)
	if l.isHigh(now, 0.1, fewStreams-1) {
		t.Error("a bridge with nearly nothing to do refused work")
	}
	if now = now.Add(time.Minute); l.isHigh(now, 0.1, fewStreams) {
		t.Error("it is held against a bridge that has rested")
	}
}

func TestSEC7_ALateBridgeTakesNoMoreSounds(t *testing.T) {
	b := newTestBridge(t, testConfig(t, nil))
	for range fewStreams {
		if err := b.acquireStream(); err != nil {
			t.Fatal(err)
		}
	}
	defer func() {
		for range fewStreams {
			b.releaseStream()
		}
	}()
	l := &b.metrics.lateness
	l.mu.Lock()
	l.since = time.Now().Add(-time.Minute)
	l.mu.Unlock()
	for range 100 {
		l.note(time.Second)
	}
	if err, isEnding := b.acquireStream().(ending); !isEnding || err.reason != "late" || err.code != "at_capacity" {
		t.Errorf("%v", err)
	}
	if status, body := get(t, b.url+"/readyz"); status != 503 || body != "late" {
		t.Errorf("%d %s", status, body)
	}
}

func TestRateAllowsABurstAndThenTheAverage(t *testing.T) {
	now := time.Now()
	r := newRate(10, now)
	allowed := func(n int) (yes int) {
		for range n {
			if r.allows(now) {
				yes++
			}
		}
		return yes
	}
	if n := allowed(100); n != 20 {
		t.Errorf("%d at once", n)
	}
	now = now.Add(500 * time.Millisecond)
	if n := allowed(100); n != 5 {
		t.Errorf("%d after half a second", n)
	}
}
