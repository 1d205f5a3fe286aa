package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"server-playback/livekit-client-2/internal/fault"
	"server-playback/livekit-client-2/internal/mix"
	"server-playback/livekit-client-2/internal/source"
)

// progressInterval is how often play_progress comes.
const progressInterval = time.Second

// ending says why a job is ended from outside.
type ending struct {
	code   fault.Code
	reason string
}

func (e ending) Error() string { return string(e.code) + ": " + e.reason }

// Unwrap gives the ending's code to fault.CodeOf.
func (e ending) Unwrap() error { return fault.New(e.code, "ended: %s", e.reason) }

// job is a play request being carried out. Its goroutine, run, goes from pending (until the first
// packet was sent) over streaming to one play_complete; the methods control it from outside.
type job struct {
	speaker *Speaker
	room    *Room
	id      string
	layer   int
	gain    float64 // without the volume
	arrived time.Time
	log     *slog.Logger
	life    context.Context // ended by end, with the ending as its cause
	cancel  context.CancelCauseFunc
	done    chan struct{}
	release sync.Once // of its place among the bridge's streams

	joinTook time.Duration // used by run alone

	mu      sync.Mutex
	voice   *mix.Voice // nil while pending
	volume  float64
	paused  bool   // as was asked for
	started *Event // once it has been sent
}

func newJob(s *Speaker, cmd Command, room *Room) *job {
	life, cancel := context.WithCancelCause(context.Background())
	j := &job{
		speaker: s, room: room, id: cmd.RequestID, life: life, cancel: cancel,
		arrived: time.Now(),
		done:    make(chan struct{}),
		volume:  orOne(cmd.Volume),
		gain:    orOne(cmd.Gain) * s.client.bridge.config.PublishGain,
		log:     room.logger().With("requestId", cmd.RequestID),
	}
	if cmd.TrackID != nil {
		j.layer = *cmd.TrackID
	}
	return j
}

func orOne(x *float64) float64 {
	if x == nil {
		return 1
	}
	return *x
}

// openPCM makes the sound of the samples that are pushed in from now on; idle ends it, if not 0.
func (j *job) openPCM(options source.PCMOptions, idle time.Duration) (sound, error) {
	pcm, err := source.NewPCM(options)
	if err != nil {
		return nil, err
	}
	intake := newPCMIntake(j.id, idle)
	j.room.publisher.setIntake(intake)
	return newPCMSound(pcm, options, intake), nil
}

// end stops the job for a reason; only the first one counts. It does not wait.
func (j *job) end(why ending) {
	j.cancel(why)
	j.free()
}

// free gives the job's place to another: a job that is being stopped does not hold up its successor.
func (j *job) free() { j.release.Do(j.speaker.client.bridge.releaseStream) }

// setPaused holds the sound or lets it go on.
func (j *job) setPaused(paused bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.paused = paused
	switch {
	case j.voice == nil:
	case paused:
		j.voice.Pause()
	default:
		j.voice.Resume()
	}
}

// setVolume moves the volume within ramp.
func (j *job) setVolume(volume float64, ramp time.Duration) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.volume = volume
	if j.voice != nil {
		j.voice.SetGain(volume*j.gain, ramp)
	}
}

// report says again how the job stands.
func (j *job) report() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.started != nil {
		j.speaker.client.sendEvent(*j.started)
	}
}

// tellRecovered says where the sound goes on, if it was heard before.
func (j *job) tellRecovered(silent time.Duration) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.started == nil {
		return
	}
	if status := j.voice.Status(); !status.Done {
		j.speaker.client.sendEvent(Event{
			Type: "play_recovered", RequestID: j.id, PositionMs: ms(status.Played), SilentMs: ms(silent),
		})
	}
}

// run carries the job out, closes its sound, and says how it ended.
func (j *job) run(sound sound) {
	defer close(j.done)
	err := j.prepare(sound)
	var status mix.Status
	if err == nil {
		status, err = j.follow(sound, j.begin(sound))
	}
	sound.Close()
	j.cancel(nil)
	j.finish(status, err)
}

// prepare waits until the room is joined and the sound ready, both at the same time, and then, for
// a bounded time, until somebody will hear it.
func (j *job) prepare(sound sound) error {
	wasJoined := j.room.isJoined()
	joined, ready := j.room.joined, sound.Ready()
	for joined != nil || ready != nil {
		select {
		case <-joined:
			joined = nil
			if err := j.afterJoin(wasJoined); err != nil {
				return err
			}
		case <-ready:
			ready = nil
			if err := sound.Err(); err != nil && sound.Buffered() == 0 {
				return j.orEnding(err)
			}
		case <-j.life.Done():
			return context.Cause(j.life)
		}
	}
	heard := j.room.publisher.awaitSubscriber(j.life.Done(), j.speaker.client.bridge.config.SubscriberWait)
	if !heard && j.life.Err() == nil {
		j.speaker.client.bridge.metrics.unheard.Inc()
		j.log.Info("nobody receives the track yet")
	}
	return context.Cause(j.life)
}

func (j *job) afterJoin(wasJoined bool) error {
	if !wasJoined {
		j.joinTook = time.Since(j.arrived)
	}
	return j.orEnding(j.room.err)
}

// orEnding prefers the reason for which a job was ended to what that made fail.
func (j *job) orEnding(err error) error {
	if cause := context.Cause(j.life); err != nil && cause != nil {
		return cause
	}
	return err
}

// begin hands the sound to the mixer.
func (j *job) begin(sound sound) *mix.Voice {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.voice = j.room.publisher.mixer.Add(sound, j.volume*j.gain, j.paused)
	return j.voice
}

// follow tells what becomes of the voice until it is done, and stops it when the job is ended.
func (j *job) follow(sound sound, voice *mix.Voice) (mix.Status, error) {
	ticker := time.NewTicker(progressInterval)
	defer ticker.Stop()
	ended := j.life.Done()
	var last mix.Status
	for {
		select {
		case <-voice.Changed():
			status := voice.Status()
			if j.observe(sound, last, status); status.Done {
				return status, j.outcome(sound, status)
			}
			if status.Began && !last.Began {
				ticker.Reset(progressInterval)
			}
			last = status
		case <-ticker.C:
			j.progress(sound, voice.Status())
		case <-ended:
			ended = nil
			voice.Stop()
		case <-j.room.publisher.closed: // nothing is sent any more, nor settled
			if status := voice.Status(); !status.Done {
				return status, j.orEnding(fault.New(fault.RoomLost, "the room was left"))
			}
			return voice.Status(), j.outcome(sound, voice.Status())
		}
	}
}

// observe tells what has changed.
func (j *job) observe(sound sound, last, now mix.Status) {
	if now.Began && !last.Began {
		j.start(sound, now)
	}
	if now.Paused != last.Paused && !now.Done {
		kind := "play_resumed"
		if now.Paused {
			kind = "play_paused"
		}
		j.speaker.client.sendEvent(Event{Type: kind, RequestID: j.id, PositionMs: ms(now.Played)})
	}
	if now.Dry && !last.Dry {
		j.speaker.client.bridge.metrics.underruns.Inc()
	}
}

// start tells that the first packet was sent.
func (j *job) start(sound sound, status mix.Status) {
	latency := status.BeganAt.Sub(j.arrived)
	made := sound.format()
	event := Event{
		Type: "play_started", RequestID: j.id,
		FirstFrameLatencyMs: ms(latency), JoinMs: ms(j.joinTook),
		Codec: made.codec, SampleRate: made.sampleRate, Channels: made.channels,
	}
	if made.expected != nil {
		event.ExpectedDurationMs = ms(*made.expected)
	}
	j.mu.Lock()
	j.started = &event
	j.speaker.client.sendEvent(event)
	j.mu.Unlock()
	metrics := j.speaker.client.bridge.metrics
	metrics.started.Inc()
	metrics.firstFrame.Observe(latency.Seconds())
	j.log.Info("play started", "latencyMs", *ms(latency), "joinMs", *ms(j.joinTook), "codec", made.codec)
}

func (j *job) progress(sound sound, status mix.Status) {
	if status.Began && !status.Paused {
		j.speaker.client.sendEvent(Event{
			Type: "play_progress", RequestID: j.id,
			PositionMs: ms(status.Played), BufferedMs: ms(sound.Buffered()),
		})
	}
}

// outcome is nil for a sound that was played to its end, or else why it was not.
func (j *job) outcome(sound sound, status mix.Status) error {
	if status.Stopped {
		return context.Cause(j.life)
	}
	return sound.Err()
}

// finish says the last word.
func (j *job) finish(status mix.Status, err error) {
	j.free()
	last := Event{
		Type: "play_complete", RequestID: j.id, Success: new(err == nil), DurationMs: ms(status.Played),
	}
	result := "completed"
	if err != nil {
		blame(&last, err)
		result = string(last.Error)
	}
	metrics := j.speaker.client.bridge.metrics
	metrics.ended.WithLabelValues(result).Inc()
	metrics.duration.Observe(status.Played.Seconds())
	j.log.Info("play ended", "result", result, "reason", last.Reason, "durationMs", *last.DurationMs,
		"underruns", status.Underruns, "cause", last.Message)
	j.speaker.retire(j, last)
}

// blame puts the failure into the last word.
func blame(last *Event, err error) {
	if why, ok := errors.AsType[ending](err); ok {
		last.Error, last.Reason = why.code, why.reason
		return
	}
	last.Error, last.Message = fault.CodeOf(err), messageOf(err)
}
