package main

import (
	"log/slog"
	"time"
)

// damage is what of a sound could not be decoded, and was left out or is silent.
type damage struct {
	skipped time.Duration // as far as it is known
	bytes   int64         // that belonged to nothing that could be decoded
}

// damageOf gives a closed sound's damage; only that of a URL can have any.
func damageOf(s sound) (d damage) {
	if played, ok := s.(urlSound); ok {
		d.skipped, d.bytes = played.Damage()
	}
	return d
}

// tell puts the damage into a play's last word, and into the log, if there was any.
func (d damage) tell(last *Event, log *slog.Logger) {
	if d == (damage{}) {
		return
	}
	last.SkippedMs, last.SkippedBytes = ms(d.skipped), d.bytes
	log.Warn("the sound was damaged", "skippedMs", *last.SkippedMs, "skippedBytes", d.bytes)
}
