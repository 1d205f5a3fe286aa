package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/coder/websocket"

	"server-playback/livekit-client-2/internal/fault"
)

const (
	maxTextBytes   = 64 << 10 // of a command; see packages/protocol
	maxBinaryBytes = 1 << 20  // of a frame of samples
	// maxIgnoredBytes is how much of a message that is too large is read over; beyond that the
	// connection ends.
	maxIgnoredBytes = 16 << 20
	writeTimeout    = 10 * time.Second
	// pingInterval is how often the other side has to show that it is there.
	pingInterval = 20 * time.Second
	// statusTakenOver closes a connection whose session another one has taken up: it is not to come
	// back (RFC 6455, section 7.4.2: a private code).
	statusTakenOver = websocket.StatusCode(4001)
)

// serveSocket drives a session by one WebSocket until either ends, and tells whether the controller
// said goodbye.
func serveSocket(ctx context.Context, conn *websocket.Conn, c *BridgeClient, r *reader) (goodbye bool) {
	conn.SetReadLimit(-1) // receive has limits of its own, which do not end the connection
	ctx, cancel := context.WithCancel(ctx)
	written := make(chan error, 1)
	go func() {
		defer cancel()
		written <- transmit(ctx, conn, r)
	}()
	go keepAlive(ctx, cancel, conn)
	err := receive(ctx, conn, c)
	cancel()
	if err := <-written; errors.Is(err, errSlowReader) {
		c.bridge.metrics.slowReaders.Inc()
		c.log.Warn("connection cut off", "error", err)
	}
	conn.CloseNow()
	// A goodbye without a code counts too (RFC 6455, section 7.1.5); going away is none: who goes away
	// may come back.
	status := websocket.CloseStatus(err)
	return status == websocket.StatusNormalClosure || status == websocket.StatusNoStatusRcvd
}

// keepAlive ends the connection once the other side does not answer pings.
func keepAlive(ctx context.Context, cancel context.CancelFunc, conn *websocket.Conn) {
	defer cancel()
	ticker := time.NewTicker(pingInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		wait, done := context.WithTimeout(ctx, pingInterval)
		err := conn.Ping(wait)
		done()
		if err != nil {
			return
		}
	}
}

// transmit writes what the session has to say, until there is nothing more to come.
func transmit(ctx context.Context, conn *websocket.Conn, r *reader) error {
	for {
		frame, binary, done, err := r.take()
		switch {
		case errors.Is(err, errTakenOver):
			conn.Close(statusTakenOver, "taken over")
			return err
		case err != nil:
			return err
		case done:
			return conn.Close(websocket.StatusGoingAway, "")
		case frame == nil:
			select {
			case <-r.wake:
			case <-ctx.Done():
				return ctx.Err()
			}
		default:
			if err := write(ctx, conn, frame, binary); err != nil {
				return err
			}
		}
	}
}

func write(ctx context.Context, conn *websocket.Conn, frame []byte, binary bool) error {
	kind := websocket.MessageText
	if binary {
		kind = websocket.MessageBinary
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return conn.Write(ctx, kind, frame)
}

// receive hands every message to the session, in their order. It returns why that has ended.
func receive(ctx context.Context, conn *websocket.Conn, c *BridgeClient) error {
	commands := newRate(c.bridge.config.MaxCommands, time.Now())
	for {
		kind, reader, err := conn.Reader(ctx)
		if err != nil {
			return err
		}
		limit := maxTextBytes
		if kind == websocket.MessageBinary {
			limit = maxBinaryBytes
		}
		data, err := readAtMost(reader, limit)
		switch {
		case errors.Is(err, errTooLong):
			c.refuse("", fault.New(fault.TooLarge, "a message of more than %d bytes", limit))
		case err != nil:
			return err
		case kind == websocket.MessageBinary:
			c.handleBinary(data)
		default:
			c.handleText(data, commands.allows(time.Now()))
		}
	}
}

var errTooLong = errors.New("message too long")

// readAtMost reads a whole message. One of more than limit bytes is read over, and is errTooLong.
func readAtMost(r io.Reader, limit int) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err != nil || len(data) <= limit {
		return data, err
	}
	if n, err := io.Copy(io.Discard, io.LimitReader(r, maxIgnoredBytes)); err != nil || n == maxIgnoredBytes {
		return nil, io.ErrUnexpectedEOF
	}
	return nil, errTooLong
}
