package main

import "context"

// maxListeners bounds the rooms of one process.
const maxListeners = 512

// tap owns the listeners of this process. Its methods are called from one goroutine.
type tap struct {
	out       *output
	listeners map[string]*listener
}

// handle carries one command out. A bad one is answered with an "error" record.
func (t *tap) handle(ctx context.Context, line []byte) {
	c, err := parseCommand(line)
	if err != nil {
		t.out.event(record{Type: "error", Reason: err.Error()})
		return
	}
	if c.Leave != "" {
		t.leave(c.Leave)
		return
	}
	t.forgetEnded()
	switch {
	case t.listeners[c.Listen] != nil:
		t.out.event(record{Type: "error", ID: c.Listen, Reason: "this id listens already"})
	case len(t.listeners) >= maxListeners:
		t.out.event(record{Type: "error", ID: c.Listen, Reason: "too many listeners"})
	default:
		t.listeners[c.Listen] = startListener(ctx, c, t.out)
	}
}

// leave ends a listener without waiting for it: its "left" record says when it is gone.
func (t *tap) leave(id string) {
	if l := t.listeners[id]; l != nil {
		l.cancel()
		return
	}
	t.out.event(record{Type: "left", ID: id, Reason: "unknown"})
}

// forgetEnded drops the listeners that have ended, so that their ids can be used again.
func (t *tap) forgetEnded() {
	for id, l := range t.listeners {
		select {
		case <-l.done:
			delete(t.listeners, id)
		default:
		}
	}
}

// close leaves every room, then writes the last records.
func (t *tap) close() {
	for _, l := range t.listeners {
		l.cancel()
	}
	for _, l := range t.listeners {
		l.leave()
	}
	t.out.Close()
}
