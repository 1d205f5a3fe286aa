// Command room-tap listens in LiveKit rooms at packet level. It reads commands as lines of JSON from
// standard input and writes what arrives as lines of JSON to standard output:
//
//	{"listen": "a", "url": "ws://…", "token": "…"}   join a room as listener "a"
//	{"leave": "a"}                                   leave it
//
// It ends when standard input does, or at SIGINT or SIGTERM, after leaving every room.
package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/livekit/protocol/logger"
	lksdk "github.com/livekit/server-sdk-go/v2"
)

// maxLine bounds one command, in bytes; the longest part of one is its token.
const maxLine = 64 << 10

func main() {
	lksdk.SetLogger(logger.GetDiscardLogger()) // what a room's own logger does not reach
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	lines := make(chan []byte)
	go readLines(os.Stdin, lines)
	run(ctx, lines, os.Stdout)
}

// run carries commands out until ctx or lines end; then it leaves every room.
func run(ctx context.Context, lines <-chan []byte, w io.Writer) {
	out := newOutput(w)
	t := &tap{out: out, listeners: map[string]*listener{}}
	for {
		select {
		case <-ctx.Done():
			t.close()
			return
		case line, ok := <-lines:
			if !ok {
				t.close()
				return
			}
			t.handle(ctx, line)
		}
	}
}

// readLines sends the lines of r and closes the channel at its end.
func readLines(r io.Reader, lines chan<- []byte) {
	defer close(lines)
	scanner := bufio.NewScanner(r)
	scanner.Buffer(make([]byte, 0, 4096), maxLine)
	for scanner.Scan() {
		lines <- append([]byte(nil), scanner.Bytes()...)
	}
}
