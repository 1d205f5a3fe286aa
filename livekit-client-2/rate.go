package main

import "time"

// rate allows so many events a second on average, and twice as many at once. It is for one goroutine.
type rate struct {
	perSecond float64
	left      float64
	at        time.Time
}

func newRate(perSecond int, now time.Time) *rate {
	return &rate{perSecond: float64(perSecond), left: 2 * float64(perSecond), at: now}
}

// allows tells whether one more may happen now.
func (r *rate) allows(now time.Time) bool {
	r.left = min(2*r.perSecond, r.left+now.Sub(r.at).Seconds()*r.perSecond)
	r.at = now
	if r.left < 1 {
		return false
	}
	r.left--
	return true
}
