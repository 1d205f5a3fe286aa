package main

import (
	"context"
	"sync"
	"time"

	"server-playback/livekit-client-2/internal/fault"
	"server-playback/livekit-client-2/internal/source"
)

const (
	// maxPCMBytes is how much pushed PCM may wait: 131 s at 16 kHz mono, 22 s at 48 kHz stereo.
	// Commands come in between it, so up to here it is taken without delay.
	maxPCMBytes = 4 << 20
	// pcmPatience bounds how long the connection is not read while that much waits.
	pcmPatience = 5 * time.Second
	// bareIngestGap ends an unannounced stream of samples: it has no end_pcm.
	bareIngestGap = time.Second
)

// pcmIntake queues pushed samples between the connection, which must go on being read, and the
// source, which takes them at the pace of the sound.
type pcmIntake struct {
	requestID string
	idle      time.Duration // after which no more samples are the end; 0 is never

	mu     sync.Mutex
	queue  [][]byte
	bytes  int
	pushed time.Time // when samples came last
	ended  bool
	err    error
	filled chan struct{}
	taken  chan struct{}
	closed chan struct{}
}

func newPCMIntake(requestID string, idle time.Duration) *pcmIntake {
	return &pcmIntake{
		requestID: requestID,
		idle:      idle,
		filled:    make(chan struct{}, 1),
		taken:     make(chan struct{}, 1),
		closed:    make(chan struct{}),
	}
}

// push queues data, which is the intake's from then on. While too much waits it does too, at most
// for pcmPatience; then the sound fails as TooLarge. It returns false if the data belongs to another
// play. What is still on its way to a play that was stopped is this one's, and is dropped.
func (in *pcmIntake) push(data []byte) bool {
	deadline := time.NewTimer(pcmPatience)
	defer deadline.Stop()
	for {
		if done, mine := in.offer(data); done {
			return mine
		}
		select {
		case <-in.taken:
		case <-in.closed:
		case <-deadline.C:
			in.fail(fault.New(fault.TooLarge, "more than %d bytes of PCM waited to be played", maxPCMBytes))
		}
	}
}

// offer queues data if there is room for it.
func (in *pcmIntake) offer(data []byte) (done, mine bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	now := time.Now()
	if in.ended {
		mine = in.idle == 0 || now.Sub(in.pushed) < in.idle
		in.pushed = now
		return true, mine
	}
	if in.bytes > 0 && in.bytes+len(data) > maxPCMBytes {
		return false, true
	}
	in.queue = append(in.queue, data)
	in.bytes += len(data)
	in.pushed = now
	rouse(in.filled)
	return true, true
}

// end says that the sound is complete with what is queued. It may be called more than once.
func (in *pcmIntake) end() { in.fail(nil) }

func (in *pcmIntake) fail(err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if !in.ended {
		in.ended, in.err = true, err
		close(in.closed)
	}
}

// failure is why the intake ended other than by being complete.
func (in *pcmIntake) failure() error {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.err
}

// waiting is how many bytes are queued.
func (in *pcmIntake) waiting() int {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.bytes
}

// feed moves what is queued into pcm, up to the end of either.
func (in *pcmIntake) feed(pcm *source.PCM) {
	defer pcm.End()
	defer in.end()
	for {
		data, ok := in.take()
		if !ok {
			return
		}
		if pcm.Write(context.Background(), data) != nil { // Close ends it
			return
		}
	}
}

// take waits for samples, and returns false at the end.
func (in *pcmIntake) take() ([]byte, bool) {
	var idle <-chan time.Time
	if in.idle > 0 {
		timer := time.NewTimer(in.idle)
		defer timer.Stop()
		idle = timer.C
	}
	for {
		data, ended := in.next()
		if data != nil || ended {
			return data, data != nil
		}
		select {
		case <-in.filled:
		case <-in.closed:
		case <-idle:
			return nil, false
		}
	}
}

func (in *pcmIntake) next() (data []byte, ended bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if len(in.queue) == 0 {
		return nil, in.ended
	}
	data, in.queue = in.queue[0], in.queue[1:]
	in.bytes -= len(data)
	rouse(in.taken)
	return data, false
}

// rouse wakes whoever waits on c, which has room for one.
func rouse(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
