package main

import (
	"crypto/rand"
	"net/http"
	"time"
)

const (
	// reasonGone ends a session that no controller has taken up in time.
	reasonGone = "controller_gone"
	// reasonDisposed ends a session by its controller's wish, or with the bridge.
	reasonDisposed = "disposed"
)

// welcomes tells whether a connection would get a session.
func (b *Bridge) welcomes(r *http.Request) bool {
	sessionID, _ := resumption(r)
	b.mu.Lock()
	defer b.mu.Unlock()
	_, known := b.sessions[sessionID]
	return known || !b.isFull()
}

// connect gives a new connection its session and its part of that: the session it asks for, if all
// events after the given number are still there, else a new one. It gives none while the bridge ends.
func (b *Bridge) connect(sessionID string, after int64) (*BridgeClient, *reader) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, r := b.resume(sessionID, after)
	if r == nil {
		c, r = b.begin()
	}
	if r != nil {
		b.serving.Add(1) // until disconnect
		b.metrics.connections.Inc()
	}
	return c, r
}

// resume takes a session up. One that cannot be taken up any more ends. The caller holds the lock.
func (b *Bridge) resume(sessionID string, after int64) (*BridgeClient, *reader) {
	c, known := b.sessions[sessionID]
	if !known {
		return nil, nil
	}
	r := c.out.attach(b.greeting(c, true), after)
	if r == nil {
		go b.end(c, reasonGone)
		return nil, nil
	}
	c.grace.Stop()
	b.metrics.resumes.Inc()
	return c, r
}

// begin makes a session. The caller holds the lock.
func (b *Bridge) begin() (*BridgeClient, *reader) {
	if b.isFull() {
		return nil, nil
	}
	c := newBridgeClient(b, rand.Text())
	c.grace = time.AfterFunc(b.config.SessionGrace, func() { b.expire(c) })
	c.grace.Stop()
	b.sessions[c.id] = c
	b.serving.Add(1) // until end
	b.metrics.sessions.Inc()
	return c, c.out.attach(b.greeting(c, false), 0)
}

// isFull tells whether no more sessions are taken. The caller holds the lock.
func (b *Bridge) isFull() bool { return b.draining || len(b.sessions) >= b.config.MaxSessions }

// disconnect says that a connection is over. Its session goes on for a while, unless the controller
// has said goodbye or another connection has taken it up.
func (b *Bridge) disconnect(c *BridgeClient, r *reader, goodbye bool) {
	defer b.serving.Done()
	b.metrics.connections.Dec()
	b.mu.Lock()
	vacant := c.out.detach(r)
	if vacant {
		c.vacantSince = time.Now()
		c.grace.Reset(b.config.SessionGrace)
	}
	b.mu.Unlock()
	if vacant && goodbye {
		b.end(c, reasonDisposed)
	}
}

// expire ends a session that nobody has taken up for the grace time.
func (b *Bridge) expire(c *BridgeClient) {
	b.mu.Lock()
	over := c.out.isVacant() && time.Since(c.vacantSince) >= b.config.SessionGrace
	known := over && b.remove(c)
	b.mu.Unlock()
	if known {
		b.log.Info("session ended", "reason", reasonGone)
		b.finish(c, reasonGone)
	}
}

// end ends a session for a reason and waits for that. It may be called more than once.
func (b *Bridge) end(c *BridgeClient, reason string) {
	b.mu.Lock()
	known := b.remove(c)
	b.mu.Unlock()
	if known {
		b.finish(c, reason)
	}
}

// remove makes a session one that cannot be taken up. The caller holds the lock.
func (b *Bridge) remove(c *BridgeClient) (known bool) {
	_, known = b.sessions[c.id]
	delete(b.sessions, c.id)
	c.grace.Stop()
	return known
}

func (b *Bridge) finish(c *BridgeClient, reason string) {
	c.close(reason)
	b.metrics.sessions.Dec()
	b.serving.Done()
}

// greeting is the first event of a connection.
func (b *Bridge) greeting(c *BridgeClient, resumed bool) Event {
	return Event{
		Type:          "connected",
		Version:       version,
		InstanceID:    b.instance,
		SessionID:     c.id,
		Resumed:       &resumed,
		Capacity:      new(b.config.MaxStreams),
		ActiveStreams: new(b.streams),
	}
}
