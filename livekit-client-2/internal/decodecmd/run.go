// Package decodecmd is the command "decode": it runs a sound through the bridge's fetching,
// sniffing, decoding and resampling without a room, and says what it found.
package decodecmd

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"server-playback/livekit-client-2/internal/fault"
	"server-playback/livekit-client-2/internal/fetch"
)

const usage = `usage: livekit-client-2 decode INPUT [OUT.wav] [flags]

Decodes INPUT, a file or an http(s) URL, as a play would, and says what was found.

  OUT.wav        where to write the sound; without it, it is only decoded
  --rate RATE    48000, as in a room (default), or native, the sound's own
  --float        write 32-bit float samples instead of 16-bit integers
  --json         print the findings as JSON
`

// Exit codes of Run.
const (
	exitDecoded = 0
	exitFailed  = 1 // the findings say why
	exitUsage   = 2
)

// options are the command line.
type options struct {
	input, output string
	rate          int // Hz, 0 is the sound's own
	float, json   bool
}

// Run carries out the command with the arguments behind its name, and returns the exit code: 0 for
// a sound that was decoded to its end, 1 for one that was not, 2 for a wrong command line.
func Run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		return exitDecoded
	}
	if err != nil {
		fmt.Fprintf(stderr, "%v\n\n%s", err, usage)
		return exitUsage
	}
	found, err := convert(ctx, o)
	if err != nil {
		found.Error, found.Message = fault.CodeOf(err), message(err)
	}
	found.print(stdout, o.json)
	if err != nil {
		return exitFailed
	}
	return exitDecoded
}

// message is an error's text for people; its code is told apart.
func message(err error) string {
	if known, ok := errors.AsType[*fault.Error](err); ok {
		return known.Message
	}
	return err.Error()
}

func parse(args []string) (o options, err error) {
	var rate string
	set := flag.NewFlagSet("decode", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.StringVar(&rate, "rate", "48000", "")
	set.BoolVar(&o.float, "float", false, "")
	set.BoolVar(&o.json, "json", false, "")
	names, err := parseMixed(set, args)
	switch {
	case err != nil:
		return o, err
	case len(names) < 1 || len(names) > 2:
		return o, fmt.Errorf("decode takes one or two names, not %d", len(names))
	}
	o.input = names[0]
	if len(names) == 2 {
		o.output = names[1]
	}
	if rate != "native" {
		if o.rate, err = strconv.Atoi(rate); err != nil || o.rate != 48000 {
			return o, fmt.Errorf("--rate is 48000 or native, not %q", rate)
		}
	}
	return o, nil
}

// parseMixed parses flags that may stand before, between and behind the names, which it returns.
func parseMixed(set *flag.FlagSet, args []string) (names []string, err error) {
	for {
		if err := set.Parse(args); err != nil {
			return nil, err
		}
		if set.NArg() == 0 {
			return names, nil
		}
		names, args = append(names, set.Arg(0)), set.Args()[1:]
	}
}

// open opens a file or a URL.
func open(ctx context.Context, client *fetch.Client, input string) (io.ReadCloser, error) {
	if strings.Contains(input, "://") {
		return client.Open(ctx, input)
	}
	file, err := os.Open(input)
	if err != nil {
		return nil, fault.Wrap(fault.FetchFailed, err, "%v", err)
	}
	return file, nil
}

// print writes the findings as JSON, or a line each.
func (f *findings) print(w io.Writer, asJSON bool) {
	if asJSON {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		encoder.Encode(f)
		return
	}
	f.printText(w)
}
