package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

const (
	// maxQueuedLines is how many lines may wait to be written.
	maxQueuedLines = 1024
	// logPatience bounds the wait for them at the end.
	logPatience = time.Second
)

// logWriter writes lines in the background, so that a log that cannot be written holds nothing up: a
// full disk, a pipe that nobody reads. Lines that find the queue full are lost, and counted.
type logWriter struct {
	to    io.Writer
	lines chan []byte
	done  chan struct{}

	mu     sync.Mutex
	lost   int
	closed bool
}

func newLogWriter(to io.Writer) *logWriter {
	w := &logWriter{to: to, lines: make(chan []byte, maxQueuedLines), done: make(chan struct{})}
	go w.run()
	return w
}

// Write queues a line. It never waits and never fails.
func (w *logWriter) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return len(line), nil
	}
	select {
	case w.lines <- append([]byte(nil), line...): // the handler uses its buffer again
	default:
		w.lost++
	}
	return len(line), nil
}

func (w *logWriter) run() {
	defer close(w.done)
	for line := range w.lines {
		w.to.Write(line) // there is nowhere to tell of a failure
		if lost := w.takeLost(); lost > 0 {
			fmt.Fprintf(w.to, `{"level":"WARN","msg":"log lines lost","lines":%d}`+"\n", lost)
		}
	}
}

func (w *logWriter) takeLost() (lost int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	lost, w.lost = w.lost, 0
	return lost
}

// Close waits, for a bounded time, until what is queued is written. It may be called more than once.
func (w *logWriter) Close() {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.lines)
	}
	w.mu.Unlock()
	select {
	case <-w.done:
	case <-time.After(logPatience):
	}
}
