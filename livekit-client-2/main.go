// Command livekit-client-2 plays audio into LiveKit rooms: commands come in over a WebSocket, events
// go back, and everyone in the room hears the sound. See --help.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/livekit/protocol/logger"
	lksdk "github.com/livekit/server-sdk-go/v2"

	"server-playback/livekit-client-2/internal/decodecmd"
)

// closeTimeout bounds an orderly end.
const closeTimeout = 10 * time.Second

func main() { os.Exit(run(os.Args[1:], os.Getenv, os.Stdout, os.Stderr)) }

// run is the program; it returns the exit code: 0, 1 for a failure, 2 for a mistake in its use.
func run(args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	command := "serve"
	if len(args) > 0 {
		command = args[0]
	}
	switch {
	case command == "decode":
		return decodeFile(args[1:], stdout, stderr)
	case len(args) > 1:
		return misuse(stderr, "too many arguments")
	case command == "--help" || command == "-h" || command == "help":
		writeHelp(stdout)
		return 0
	case command == "--version" || command == "version":
		fmt.Fprintln(stdout, "livekit-client-2", version)
		return 0
	case command != "serve" && command != "check-config" && command != "check-health":
		return misuse(stderr, fmt.Sprintf("unknown argument %q", command))
	}
	config, err := loadConfig(getenv)
	if err != nil {
		fmt.Fprintf(stderr, "The configuration has mistakes:\n%v\n", err)
		return 2
	}
	if command == "check-config" {
		fmt.Fprintln(stdout, "The configuration is good.")
		return 0
	}
	if command == "check-health" {
		return checkHealth(config, stderr)
	}
	return serve(config, getenv, stderr)
}

// decodeFile is the command "decode": what a play would make of a file, without a room.
func decodeFile(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	return decodecmd.Run(ctx, args, stdout, stderr)
}

func misuse(stderr io.Writer, what string) int {
	fmt.Fprintf(stderr, "%s; --help lists what there is\n", what)
	return 2
}

// serve runs the bridge until a signal ends it; a second signal ends it at once.
func serve(config Config, getenv func(string) string, stderr io.Writer) int {
	signal.Ignore(syscall.SIGPIPE) // nobody may be there to read the log
	lines := newLogWriter(stderr)
	defer lines.Close()
	log := newLogger(lines, config, isTerminal(stderr))
	lksdk.SetLogger(logger.GetDiscardLogger()) // its messages hold tokens
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	tracer, flush, err := newTracer(ctx, getenv)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	defer within(context.WithoutCancel(ctx), closeTimeout, flush)
	listener, err := listen(ctx, config)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	bridge := newBridge(config, log)
	bridge.tracer = tracer
	server := newServer(bridge.handler())
	announce(log, config, listener.Addr())
	context.AfterFunc(ctx, stop)
	return bridge.serveUntil(ctx, server, listener)
}

func announce(log *slog.Logger, config Config, address net.Addr) {
	log.Info("listening", "address", address.String(), "version", version, "capacity", config.MaxStreams)
	if config.SharedSecret == "" {
		log.Warn("BRIDGE_SHARED_SECRET is not set: anybody on this machine can use the bridge, and nobody else")
	}
}

// serveUntil serves until ctx ends, and then ends everything in order.
func (b *Bridge) serveUntil(ctx context.Context, server *http.Server, listener net.Listener) int {
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		b.log.Error("serving ended", "error", err)
		return 1
	case <-ctx.Done():
	}
	b.log.Info("draining", "sounds", b.activeStreams())
	ctx = context.WithoutCancel(ctx)
	within(ctx, b.config.DrainTimeout, b.drain)
	b.log.Info("closing")
	within(ctx, closeTimeout, b.Close)
	ctx, cancel := context.WithTimeout(ctx, closeTimeout)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil && !errors.Is(err, http.ErrServerClosed) {
		b.log.Warn("connections did not end in time")
	}
	b.log.Info("closed")
	return 0
}

// within gives do so much time.
func within(ctx context.Context, bound time.Duration, do func(context.Context)) {
	ctx, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	do(ctx)
}

func writeHelp(w io.Writer) {
	fmt.Fprint(w, `livekit-client-2 plays audio into LiveKit rooms.

Usage:
  livekit-client-2 [serve]       serve until SIGINT or SIGTERM
  livekit-client-2 check-config  say what is wrong with the configuration
  livekit-client-2 check-health  end with 0 if the bridge that is configured so is alive
  livekit-client-2 decode INPUT [OUT.wav]
                                 decode a file or a URL as a play would, and say what was found;
                                 decode --help lists its flags
  livekit-client-2 --version
  livekit-client-2 --help

It serves /ws (commands and events, see packages/protocol), /healthz, /readyz and /metrics.

Environment:
`)
	for _, s := range settings {
		fmt.Fprintf(w, "  %-24s %s%s\n", s.name, s.meaning, s.note())
	}
}

// note says how a setting may be given.
func (s setting) note() string {
	switch {
	case s.secret:
		return " (or " + s.name + "_FILE names a file with it)"
	case s.fallback != "":
		return " (default: " + s.fallback + ")"
	}
	return ""
}
