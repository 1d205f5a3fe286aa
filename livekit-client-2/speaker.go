package main

import (
	"fmt"
	"sync"
	"time"

	"server-playback/livekit-client-2/internal/fault"
	"server-playback/livekit-client-2/internal/source"
)

const (
	// maxFinished is how many ended plays a session remembers, to answer a repeated request.
	maxFinished = 256
	// layers is how many there are: speaker, app audio, speech.
	layers = 3
	// maxQueued is how many plays may wait for their turn in one layer.
	maxQueued = 8
	// defaultRamp keeps a change of volume from clicking.
	defaultRamp = 20 * time.Millisecond
)

// Speaker carries out the plays of one session.
type Speaker struct {
	client *BridgeClient

	mu       sync.Mutex
	jobs     map[string]*job
	last     [layers]*job // the newest one in each layer
	finished *finishedPlays
	unnamed  int // plays that were given a name here
	closed   bool
	running  sync.WaitGroup
}

func newSpeaker(c *BridgeClient) *Speaker {
	return &Speaker{client: c, jobs: make(map[string]*job), finished: newFinishedPlays(maxFinished)}
}

// playURL carries out play_url: the fetch begins at once, and the join, if one is needed, beside it.
func (s *Speaker) playURL(cmd Command) error {
	return s.play(cmd, func(j *job) (sound, error) {
		options := sourceOptions(s.client.bridge.config, cmd, j.room.publisher.passable)
		open := func() sound { return urlSound{source.Open(j.life, s.client.bridge.fetcher, options)} }
		longest := options.MaxDuration
		j.reopen = func(start, played time.Duration) sound {
			options.Start = start
			if longest > 0 {
				options.MaxDuration = max(longest-played, 1)
			}
			return open()
		}
		return open(), nil
	})
}

// startPCM carries out start_pcm: the binary frames from now on are this play's.
func (s *Speaker) startPCM(cmd Command) error {
	channels := 1
	if cmd.Channels != nil {
		channels = *cmd.Channels
	}
	options := pcmOptions(s.client.bridge.config, cmd.SampleRate, channels)
	return s.play(cmd, func(j *job) (sound, error) { return j.openPCM(options, 0) })
}

// startBareIngest begins a play of binary frames that nothing has announced.
func (s *Speaker) startBareIngest(room *Room) error {
	options := pcmOptions(s.client.bridge.config, bareIngestRate, 1)
	cmd := Command{RequestID: s.newName("pcm")}
	return s.begin(cmd, room, func(j *job) (sound, error) { return j.openPCM(options, bareIngestGap) })
}

// publishTone carries out publish_tone.
func (s *Speaker) publishTone(cmd Command) error {
	config := s.client.bridge.config
	if !config.DebugTone {
		return invalidField("action", "publish_tone is off; DEBUG_TONE=true turns it on")
	}
	if cmd.RequestID == "" {
		cmd.RequestID = s.newName("tone")
	}
	duration := toneDuration
	if cmd.DurationMs != nil {
		duration = milliseconds(*cmd.DurationMs)
	}
	return s.play(cmd, func(*job) (sound, error) { return newToneSound(config.PublishChannels, duration), nil })
}

// newName names a play whose command has not.
func (s *Speaker) newName(kind string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unnamed++
	return fmt.Sprintf("%s-%d", kind, s.unnamed)
}

// play begins a job, unless its requestId is known: that is the same play, and is reported again.
func (s *Speaker) play(cmd Command, open func(*job) (sound, error)) error {
	if s.report(cmd.RequestID) {
		return nil
	}
	room, err := s.client.enter(cmd, "")
	if fault.CodeOf(err) == fault.InvalidCommand {
		return err
	}
	if err != nil {
		s.client.sendEvent(failure(cmd.RequestID, err))
		return nil
	}
	if cmd.StopOther {
		s.endAll(ending{code: fault.Cancelled, reason: "replaced"}, func(j *job) bool {
			return !cmd.Queue || j.layer != layerOf(cmd)
		})
	}
	if err := s.begin(cmd, room, open); err != nil {
		s.client.sendEvent(failure(cmd.RequestID, err))
	}
	return nil
}

// report says again how a known play stands.
func (s *Speaker) report(requestID string) (known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if event, ended := s.finished.get(requestID); ended {
		s.client.sendEvent(event)
		return true
	}
	j, active := s.jobs[requestID]
	if active {
		j.report()
	}
	return active
}

// begin starts a job if there is a place for it; else it is refused, and forgotten.
func (s *Speaker) begin(cmd Command, room *Room, open func(*job) (sound, error)) error {
	if err := s.client.bridge.acquireStream(); err != nil {
		return err
	}
	j := newJob(s, cmd, room)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.admits(); err != nil {
		j.free()
		return err
	}
	if err := s.line(j, cmd.Queue); err != nil {
		j.free()
		return err
	}
	sound, err := open(j)
	if err != nil {
		j.free()
		return err
	}
	j.sound = sound
	s.jobs[j.id], s.last[j.layer] = j, j
	s.running.Go(j.run)
	return nil
}

// line gives a job that is to be queued its place behind the last one of its layer.
func (s *Speaker) line(j *job, queue bool) error {
	before := s.last[j.layer]
	if !queue || before == nil {
		return nil
	}
	waiting := 0
	for _, other := range s.jobs {
		if other.layer == j.layer && other.waits() {
			waiting++
		}
	}
	if waiting >= maxQueued {
		return fault.New(fault.AtCapacity, "%d plays wait for their turn in layer %d already", waiting, j.layer)
	}
	j.after, j.queued = before, true
	return nil
}

// admits tells whether one more job may begin. The caller holds the lock.
func (s *Speaker) admits() error {
	if s.closed {
		return fault.New(fault.Cancelled, "the connection is closed")
	}
	active := 0
	for _, j := range s.jobs {
		if j.life.Err() == nil { // else its place is free already
			active++
		}
	}
	if active >= s.client.bridge.config.SessionStreams {
		return ending{code: fault.AtCapacity, reason: "session_full"}
	}
	return nil
}

// stop carries out stop_playback. A play that is unknown or has ended is no error.
func (s *Speaker) stop(cmd Command) {
	reason := cmd.Reason
	if reason == "" {
		reason = "stopped"
	}
	s.endAll(ending{code: fault.Cancelled, reason: reason}, func(j *job) bool {
		return (cmd.RequestID == "" || j.id == cmd.RequestID) && (cmd.TrackID == nil || j.layer == *cmd.TrackID)
	})
}

// endAll ends the jobs that match, and gives them.
func (s *Speaker) endAll(end ending, match func(*job) bool) []*job {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ended []*job
	for _, j := range s.jobs {
		if match(j) {
			j.end(end)
			ended = append(ended, j)
		}
	}
	return ended
}

// endRoom ends the jobs of a room and waits for their fades, at most for bound.
func (s *Speaker) endRoom(room *Room, end ending, bound time.Duration) {
	timer := time.NewTimer(bound)
	defer timer.Stop()
	for _, j := range s.endAll(end, func(j *job) bool { return j.room == room }) {
		select {
		case <-j.done:
		case <-timer.C:
			return
		}
	}
}

// tellRecovered tells of the plays of a room that it is back, after a time of silence.
func (s *Speaker) tellRecovered(room *Room, silent time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.jobs {
		if j.room == room {
			j.tellRecovered(silent)
		}
	}
}

// find gives the active job of this id.
func (s *Speaker) find(requestID string) (*job, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if j, active := s.jobs[requestID]; active {
		return j, nil
	}
	return nil, invalidField("requestId", "no such play is under way")
}

// setPaused carries out pause_playback and resume_playback.
func (s *Speaker) setPaused(requestID string, paused bool) error {
	j, err := s.find(requestID)
	if err == nil {
		j.setPaused(paused)
	}
	return err
}

// setVolume carries out set_volume.
func (s *Speaker) setVolume(cmd Command) error {
	j, err := s.find(cmd.RequestID)
	if err != nil {
		return err
	}
	ramp := defaultRamp
	if cmd.RampMs != nil {
		ramp = milliseconds(*cmd.RampMs)
	}
	j.setVolume(*cmd.Volume, ramp)
	return nil
}

// seek carries out seek_playback.
func (s *Speaker) seek(cmd Command) error {
	j, err := s.find(cmd.RequestID)
	if err != nil {
		return err
	}
	return j.goTo(milliseconds(*cmd.PositionMs))
}

// retire moves a job that has ended to the memory of those.
func (s *Speaker) retire(j *job, last Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.jobs, j.id)
	if s.last[j.layer] == j {
		s.last[j.layer] = nil
	}
	s.finished.add(j.id, last)
	s.client.sendEvent(last)
}

// close ends every job for a reason and waits for that.
func (s *Speaker) close(reason string) {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.endAll(ending{code: fault.Cancelled, reason: reason}, func(*job) bool { return true })
	s.running.Wait()
}

// failure is the last word on a play that has not come to be a job.
func failure(requestID string, err error) Event {
	last := Event{Type: "play_complete", RequestID: requestID, Success: new(false), DurationMs: ms(0)}
	blame(&last, err)
	return last
}

// finishedPlays remembers the last events of the plays that ended last.
type finishedPlays struct {
	events map[string]Event
	order  []string // a ring
	next   int
}

func newFinishedPlays(limit int) *finishedPlays {
	return &finishedPlays{events: make(map[string]Event), order: make([]string, limit)}
}

func (f *finishedPlays) add(id string, event Event) {
	delete(f.events, f.order[f.next])
	f.order[f.next] = id
	f.next = (f.next + 1) % len(f.order)
	f.events[id] = event
}

func (f *finishedPlays) get(id string) (Event, bool) {
	event, known := f.events[id]
	return event, known
}
