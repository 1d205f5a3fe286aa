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
	span    playSpan
	life    context.Context // ended by end, with the ending as its cause
	cancel  context.CancelCauseFunc
	begun   chan struct{} // closed once there is a voice
	done    chan struct{}
	release sync.Once // of its place among the bridge's streams

	after    *job          // whose sound this one's follows; nil for none
	queued   bool          // whether there was such a one
	joinTook time.Duration // used by run alone
	damage   damage        // likewise

	// reopen opens the sound from a position on, for at most so long; nil where it cannot be.
	reopen func(start, played time.Duration) sound
	seek   seek

	mu      sync.Mutex
	sound   sound         // run's; others read it
	start   time.Duration // where in the sound to begin
	voice   *mix.Voice    // nil while pending
	volume  float64
	paused  bool   // as was asked for
	started *Event // once it has been sent
}

func newJob(s *Speaker, cmd Command, room *Room) *job {
	life, cancel := context.WithCancelCause(context.Background())
	j := &job{
		speaker: s, room: room, id: cmd.RequestID, life: life, cancel: cancel,
		arrived: time.Now(),
		begun:   make(chan struct{}),
		done:    make(chan struct{}),
		seek:    seek{asked: make(chan struct{}, 1)},
		start:   milliseconds(cmd.StartMs),
		volume:  orOne(cmd.Volume),
		gain:    orOne(cmd.Gain) * s.client.bridge.config.PublishGain,
		log:     playLog(room.logger(), cmd),
	}
	j.layer = layerOf(cmd)
	j.span = startSpan(s.client.bridge.tracer, cmd, j.arrived)
	return j
}

func layerOf(cmd Command) int {
	if cmd.TrackID == nil {
		return 0
	}
	return *cmd.TrackID
}

// playLog makes every line tell whose play it is of, if the controller has said so.
func playLog(log *slog.Logger, cmd Command) *slog.Logger {
	log = log.With("requestId", cmd.RequestID)
	if cmd.User == "" {
		return log
	}
	return log.With("user", cmd.User)
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
	case j.voice != nil && paused:
		j.voice.Pause()
	case j.voice != nil:
		j.voice.Resume()
	case paused:
		j.acknowledge("play_paused", j.start, 0)
	default:
		j.acknowledge("play_resumed", j.start, 0)
	}
}

// setVolume moves the volume within ramp.
func (j *job) setVolume(volume float64, ramp time.Duration) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.volume = volume
	from := j.start
	if j.voice != nil {
		from = j.voice.SetGain(volume*j.gain, ramp)
	}
	j.speaker.client.sendEvent(Event{
		Type: "play_volume", RequestID: j.id, PositionMs: ms(j.sound.Place(from)), Volume: &volume,
	})
}

// acknowledge tells that a command was carried out, and where in the sound.
func (j *job) acknowledge(kind string, position, played time.Duration) {
	j.speaker.client.sendEvent(Event{
		Type: kind, RequestID: j.id, PositionMs: ms(j.sound.Place(position)), PlayedMs: ms(played),
	})
}

// waits tells whether the job was queued, and has not been heard yet.
func (j *job) waits() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.queued && j.started == nil
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
			Type: "play_recovered", RequestID: j.id, SilentMs: ms(silent),
			PositionMs: ms(j.sound.Place(status.Position)), PlayedMs: ms(status.Played),
		})
	}
}

// run carries the job out, closes its sound, and says how it ended.
func (j *job) run() {
	defer close(j.done)
	status, err := j.play()
	j.sound.Close()
	j.damage = damageOf(j.sound)
	j.dropSeek()
	j.cancel(nil)
	j.finish(status, err)
}

// play goes through the job's stages.
func (j *job) play() (status mix.Status, err error) {
	if err := j.prepare(); err != nil {
		return status, err
	}
	if err := j.awaitTurn(); err != nil {
		return status, err
	}
	return j.follow(j.begin())
}

// prepare waits until the room is joined and the sound ready, both at the same time, and then, for
// a bounded time, until somebody will hear it.
func (j *job) prepare() error {
	wasJoined := j.room.isJoined()
	joined, ready := j.room.joined, j.sound.Ready()
	for joined != nil || ready != nil {
		select {
		case <-joined:
			joined = nil
			if err := j.afterJoin(wasJoined); err != nil {
				return err
			}
		case <-ready:
			ready = nil
			if err := j.cannotPlay(j.sound); err != nil {
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

// cannotPlay says why nothing of a sound that is ready can be heard; nil if something can, or if it
// is complete with nothing.
func (*job) cannotPlay(s sound) error {
	if s.Buffered() > 0 {
		return nil
	}
	return s.Err()
}

// awaitTurn waits until the play before has a voice to follow, and has ended else. What is sought
// meanwhile is where the sound begins.
func (j *job) awaitTurn() error {
	var begun, done chan struct{}
	if j.after != nil {
		begun, done = j.after.begun, j.after.done
	}
	for {
		select { // first: the turn may have come too
		case <-j.seek.asked:
			if err := j.beginElsewhere(); err != nil {
				return err
			}
			continue
		default:
		}
		if begun == nil {
			return context.Cause(j.life)
		}
		select {
		case <-j.seek.asked:
			j.seek.ask()
		case <-begun:
			begun = nil
		case <-done:
			begun = nil
		case <-j.life.Done():
			return context.Cause(j.life)
		}
	}
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
func (j *job) begin() *mix.Voice {
	j.mu.Lock()
	defer j.mu.Unlock()
	cue := mix.Cue{Layer: j.layer, Gain: j.volume * j.gain, Paused: j.paused, At: j.sound.Place(j.start)}
	if j.after != nil {
		cue.After = j.after.currentVoice()
		j.after = nil // else a long queue would hold on to all that was played
	}
	j.voice = j.room.publisher.mixer.Add(j.sound, cue)
	close(j.begun)
	return j.voice
}

func (j *job) currentVoice() *mix.Voice {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.voice
}

// follow tells what becomes of the voice until it is done, and stops it when the job is ended.
func (j *job) follow(voice *mix.Voice) (mix.Status, error) {
	ticker := time.NewTicker(progressInterval)
	defer ticker.Stop()
	ended := j.life.Done()
	for {
		select {
		case <-voice.Changed():
			if j.observe(voice) {
				ticker.Reset(progressInterval)
			}
			if status := voice.Status(); status.Done {
				j.observe(voice)
				return status, j.outcome(status)
			}
		case <-j.seek.wanted():
			j.openSeek(voice)
		case <-j.seek.ready():
			j.giveSeek(voice)
		case <-ticker.C:
			j.progress(voice.Status())
		case <-ended:
			ended = nil
			voice.Stop()
		case <-j.room.publisher.closed: // nothing is sent any more, nor settled
			if status := voice.Status(); !status.Done {
				return status, j.orEnding(fault.New(fault.RoomLost, "the room was left"))
			}
			return voice.Status(), j.outcome(voice.Status())
		}
	}
}

// observe tells what has become of the voice, and whether its first packet was sent.
func (j *job) observe(voice *mix.Voice) (began bool) {
	for note, more := voice.Next(); more; note, more = voice.Next() {
		switch note.Kind {
		case mix.Began:
			began = true
			j.announce(note.At)
		case mix.Paused:
			j.acknowledge("play_paused", note.Position, note.Played)
		case mix.Resumed, mix.WentOn:
			j.acknowledge("play_resumed", note.Position, note.Played)
		case mix.RanDry:
			j.speaker.client.bridge.metrics.underruns.Inc()
			j.acknowledge("play_buffering", note.Position, note.Played)
		case mix.Sought:
			j.arrive(note.Position, note.Played)
		}
	}
	return began
}

// announce tells that the first packet was sent.
func (j *job) announce(at time.Time) {
	latency := at.Sub(j.arrived)
	made := j.sound.format()
	event := Event{
		Type: "play_started", RequestID: j.id,
		FirstFrameLatencyMs: ms(latency), JoinMs: ms(j.joinTook),
		Codec: made.codec, SampleRate: made.sampleRate, Channels: made.channels,
	}
	if made.expected != nil {
		event.ExpectedDurationMs = ms(*made.expected)
	}
	took := j.beginning(latency)
	if _, ok := j.sound.(fetched); ok {
		event.FetchMs, event.DecodeMs = ms(took.fetch), ms(took.decode)
	}
	j.mu.Lock()
	j.started = &event
	j.speaker.client.sendEvent(event)
	j.mu.Unlock()
	metrics := j.speaker.client.bridge.metrics
	metrics.started.Inc()
	if !j.queued { // else it is the play before that took the time
		took.count(metrics, latency)
	}
	j.span.note("playback.codec", made.codec)
	took.trace(j.span, j.arrived)
	j.log.Info("play started", "latencyMs", *ms(latency), "joinMs", *ms(j.joinTook), "codec", made.codec)
}

func (j *job) progress(status mix.Status) {
	if status.Began && !status.Paused {
		j.speaker.client.sendEvent(Event{
			Type: "play_progress", RequestID: j.id,
			PositionMs: ms(j.sound.Place(status.Position)), PlayedMs: ms(status.Played),
			BufferedMs: ms(j.sound.Buffered()),
		})
	}
}

// outcome is nil for a sound that was played to its end, or else why it was not.
func (j *job) outcome(status mix.Status) error {
	if status.Stopped {
		return context.Cause(j.life)
	}
	return j.sound.Err()
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
	j.damage.tell(&last, j.log)
	metrics := j.speaker.client.bridge.metrics
	metrics.ended.WithLabelValues(result).Inc()
	metrics.duration.Observe(status.Played.Seconds())
	j.span.end(result, err != nil && last.Error != fault.Cancelled, status.Played)
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
