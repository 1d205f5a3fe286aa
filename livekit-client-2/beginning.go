package main

import "time"

// beginning is what the time up to a play's first packet went into. Joining the room runs beside
// fetching and decoding; wait is what was left after both: for a listener, and for the packet's moment.
type beginning struct{ join, fetch, decode, wait time.Duration }

func (j *job) beginning(latency time.Duration) beginning {
	b := beginning{join: j.joinTook}
	if s, ok := j.sound.(fetched); ok {
		b.fetch, b.decode = s.Took(j.arrived)
	}
	b.wait = max(0, latency-max(b.join, b.fetch+b.decode))
	return b
}

// count takes it into the metrics; a queued play waits for the one before it, which says nothing.
func (b beginning) count(m *Metrics, latency time.Duration) {
	m.firstFrame.Observe(latency.Seconds())
	for step, took := range map[string]time.Duration{"join": b.join, "fetch": b.fetch, "decode": b.decode, "wait": b.wait} {
		m.firstFrameStep.WithLabelValues(step).Observe(took.Seconds())
	}
}

// trace adds a span for each step.
func (b beginning) trace(span playSpan, arrived time.Time) {
	span.step("join", arrived, b.join)
	span.step("fetch", arrived, b.fetch)
	span.step("decode", arrived.Add(b.fetch), b.decode)
	span.event("first packet")
}
