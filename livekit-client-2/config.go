package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"server-playback/livekit-client-2/internal/fetch"
)

// Config is everything that can be set from outside, parsed once at start.
type Config struct {
	Host         string // address to listen on
	Port         int
	SharedSecret string   // asked of every connection; empty is allowed on loopback only
	LastSecret   string   // the one before, while it is being changed
	Origins      []string // of pages that may connect
	LiveKitURL   string   // for joins that name no server; may be empty

	PublishGain     float64 // linear, on top of volume and gain
	PublishChannels int
	OpusBitrate     int // bit/s
	OpusComplexity  int
	OpusFrameMs     int
	OpusFEC         bool
	OpusPassthrough bool // Opus that plays alone and unchanged is sent as it came

	DuckDB      float64 // by how much speech turns the other layers down
	DuckAttack  time.Duration
	DuckRelease time.Duration

	MaxStreams     int // jobs that may play at once, in all rooms together
	SessionStreams int // of them, in one session
	MaxSessions    int
	MaxCommands    int           // a second, in one session
	MaxLate        float64       // share of late packets at which no more work is taken; 1 is never
	MaxDuration    time.Duration // of one sound; 0 is no limit
	SubscriberWait time.Duration // bound of the wait for a listener before a first packet

	SessionGrace time.Duration // for how long a session outlives its connection
	RoomRecovery time.Duration // for how long a lost room is tried to be joined again
	DrainTimeout time.Duration // bound of the wait for sounds at the bridge's end

	Fetch fetch.Options // of the sounds

	DebugTone bool
	LogLevel  slog.Level
	LogFormat string // json or pretty; empty is whatever suits where it goes
}

// setting is one environment variable: how it is explained, and how it is read.
type setting struct {
	name     string
	fallback string
	meaning  string
	secret   bool // may come from NAME_FILE, and is never printed
	set      func(c *Config, text string) error
}

var settings = []setting{
	{name: "BRIDGE_HOST", meaning: "address to listen on (default: 127.0.0.1 without BRIDGE_SHARED_SECRET, else every address)",
		set: func(c *Config, s string) error { c.Host = s; return nil }},
	{name: "BRIDGE_PORT", fallback: "8080", meaning: "port to listen on; 0 takes a free one",
		set: func(c *Config, s string) error { return parseInt(&c.Port, s, 0, 65535) }},
	{name: "BRIDGE_SHARED_SECRET", secret: true, meaning: "what a connection must bring as `Authorization: Bearer`",
		set: func(c *Config, s string) error { c.SharedSecret = s; return nil }},
	{name: "BRIDGE_SHARED_SECRET_PREVIOUS", secret: true, meaning: "a second secret that is taken, while the first one is being changed",
		set: func(c *Config, s string) error { c.LastSecret = s; return nil }},
	{name: "BRIDGE_ALLOWED_ORIGINS", meaning: "comma list of the origins (https://page.example) whose pages may connect; none otherwise",
		set: func(c *Config, s string) error { return parseOrigins(&c.Origins, s) }},
	{name: "LIVEKIT_URL", meaning: "LiveKit server for joins that name none, such as wss://livekit.example",
		set: func(c *Config, s string) error { return parseServerURL(&c.LiveKitURL, s) }},
	{name: "PUBLISH_GAIN", fallback: "1", meaning: "linear gain of everything published, 0 to 16",
		set: func(c *Config, s string) error { return parseFloat(&c.PublishGain, s, 0, 16) }},
	{name: "PUBLISH_CHANNELS", fallback: "1", meaning: "1 publishes mono, 2 stereo",
		set: func(c *Config, s string) error { return parseInt(&c.PublishChannels, s, 1, 2) }},
	{name: "OPUS_BITRATE", fallback: "64000", meaning: "bit/s of the published track, 6000 to 510000",
		set: func(c *Config, s string) error { return parseInt(&c.OpusBitrate, s, 6000, 510000) }},
	{name: "OPUS_COMPLEXITY", fallback: "5", meaning: "effort of the Opus encoder, 0 to 10",
		set: func(c *Config, s string) error { return parseInt(&c.OpusComplexity, s, 0, 10) }},
	{name: "OPUS_FRAME_MS", fallback: "20", meaning: "length of a packet: 10 or 20 ms",
		set: func(c *Config, s string) error { return parseFrameMs(&c.OpusFrameMs, s) }},
	{name: "OPUS_FEC", fallback: "false", meaning: "in-band forward error correction, for speech over lossy links",
		set: func(c *Config, s string) error { return parseBool(&c.OpusFEC, s) }},
	{name: "OPUS_PASSTHROUGH", fallback: "true", meaning: "send Opus that plays alone and unchanged as it came, without decoding it",
		set: func(c *Config, s string) error { return parseBool(&c.OpusPassthrough, s) }},
	{name: "DUCK_DB", fallback: "15", meaning: "by how many dB speech (trackId 2) turns the other layers down, 0 to 60",
		set: func(c *Config, s string) error { return parseFloat(&c.DuckDB, s, 0, 60) }},
	{name: "DUCK_ATTACK_MS", fallback: "100", meaning: "time to turn them down",
		set: func(c *Config, s string) error { return parseMs(&c.DuckAttack, s, 0) }},
	{name: "DUCK_RELEASE_MS", fallback: "500", meaning: "time to turn them up again",
		set: func(c *Config, s string) error { return parseMs(&c.DuckRelease, s, 0) }},
	{name: "MAX_STREAMS", fallback: "60", meaning: "sounds that may play at once, in all rooms together",
		set: func(c *Config, s string) error { return parseInt(&c.MaxStreams, s, 1, 100000) }},
	{name: "MAX_STREAMS_PER_SESSION", fallback: "16", meaning: "of them, sounds of one session",
		set: func(c *Config, s string) error { return parseInt(&c.SessionStreams, s, 1, 100000) }},
	{name: "MAX_SESSIONS", fallback: "10000", meaning: "sessions at once",
		set: func(c *Config, s string) error { return parseInt(&c.MaxSessions, s, 1, 1000000) }},
	{name: "MAX_COMMANDS_PER_SECOND", fallback: "100", meaning: "commands of one session, on average",
		set: func(c *Config, s string) error { return parseInt(&c.MaxCommands, s, 1, 100000) }},
	{name: "MAX_LATE_PERCENT", fallback: "10", meaning: "no more sounds are taken while this many packets are late; 100 is never",
		set: func(c *Config, s string) error {
			err := parseFloat(&c.MaxLate, s, 1, 100)
			c.MaxLate /= 100
			return err
		}},
	{name: "SPEAKER_MAX_DURATION_MS", fallback: "3600000", meaning: "a longer sound is ended there; 0 is no limit",
		set: func(c *Config, s string) error { return parseMs(&c.MaxDuration, s, 0) }},
	{name: "SUBSCRIBER_WAIT_MS", fallback: "1000", meaning: "longest wait for a first listener before a sound begins",
		set: func(c *Config, s string) error { return parseMs(&c.SubscriberWait, s, 0) }},
	{name: "SOURCE_STALL_MS", fallback: "15000", meaning: "a source that sends nothing for this long has failed",
		set: func(c *Config, s string) error { return parseMs(&c.Fetch.IdleTimeout, s, 1) }},
	{name: "FETCH_ALLOW", meaning: "comma list of what sounds may be fetched from though it is not public: networks (10.0.0.0/8), addresses, hosts with a port (media.internal:8080)",
		set: func(c *Config, s string) (err error) { c.Fetch.Allow, err = fetch.ParseAllowlist(s); return err }},
	{name: "FETCH_MAX_BYTES", fallback: "1073741824", meaning: "largest sound, as it comes over the network",
		set: func(c *Config, s string) error { return parseInt64(&c.Fetch.MaxBytes, s, 1, 1<<40) }},
	{name: "FETCH_MAX_HEADER_BYTES", fallback: "65536", meaning: "largest response header of a sound's server",
		set: func(c *Config, s string) error { return parseInt64(&c.Fetch.MaxHeaderBytes, s, 1, 1<<20) }},
	{name: "FETCH_MAX_REDIRECTS", fallback: "5", meaning: "redirects that are followed for a sound",
		set: func(c *Config, s string) error { return parseInt(&c.Fetch.MaxRedirects, s, 1, 20) }},
	{name: "FETCH_CONNECT_TIMEOUT_MS", fallback: "5000", meaning: "longest wait for a connection to a sound's server, name lookup included",
		set: func(c *Config, s string) error { return parseMs(&c.Fetch.ConnectTimeout, s, 1) }},
	{name: "FETCH_HEADER_TIMEOUT_MS", fallback: "10000", meaning: "longest wait for its response's header, redirects included",
		set: func(c *Config, s string) error { return parseMs(&c.Fetch.HeaderTimeout, s, 1) }},
	{name: "FETCH_TOTAL_TIMEOUT_MS", fallback: "21600000", meaning: "longest fetch of one sound, pauses included",
		set: func(c *Config, s string) error { return parseMs(&c.Fetch.TotalTimeout, s, 1) }},
	{name: "SESSION_GRACE_MS", fallback: "30000", meaning: "a session whose connection broke off waits this long for another one",
		set: func(c *Config, s string) error { return parseMs(&c.SessionGrace, s, 0) }},
	{name: "ROOM_RECOVERY_MS", fallback: "60000", meaning: "a room that is lost is tried to be joined again for this long",
		set: func(c *Config, s string) error { return parseMs(&c.RoomRecovery, s, 0) }},
	{name: "DRAIN_TIMEOUT_MS", fallback: "30000", meaning: "at SIGTERM, sounds that play may finish for this long",
		set: func(c *Config, s string) error { return parseMs(&c.DrainTimeout, s, 0) }},
	{name: "DEBUG_TONE", fallback: "false", meaning: "allow the publish_tone command",
		set: func(c *Config, s string) error { return parseBool(&c.DebugTone, s) }},
	{name: "LOG_FORMAT", meaning: "json or pretty (default: pretty on a terminal, else json)",
		set: func(c *Config, s string) error { return parseFormat(&c.LogFormat, s) }},
	{name: "LOG_LEVEL", fallback: "info", meaning: "debug, info, warn or error",
		set: func(c *Config, s string) error { return parseLevel(&c.LogLevel, s) }},
}

// loadConfig reads every setting by getenv. Its error joins all mistakes, each with its fix.
func loadConfig(getenv func(string) string) (Config, error) {
	var c Config
	var mistakes []error
	for _, s := range settings {
		text, err := s.read(getenv)
		if err == nil && text != "" {
			err = s.set(&c, text)
		}
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("%s: %w", s.name, err))
		}
	}
	if err := c.settleHost(); err != nil {
		mistakes = append(mistakes, err)
	}
	return c, errors.Join(mistakes...)
}

// read gives the variable's text, from a file if NAME_FILE names one.
func (s setting) read(getenv func(string) string) (string, error) {
	text, path := getenv(s.name), ""
	if s.secret {
		path = getenv(s.name + "_FILE")
	}
	switch {
	case text != "" && path != "":
		return "", fmt.Errorf("set either it or %s_FILE, not both", s.name)
	case path != "":
		data, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("cannot read the file that %s_FILE names: %w", s.name, errors.Unwrap(err))
		}
		return strings.TrimSpace(string(data)), nil
	case text != "":
		return text, nil
	}
	return s.fallback, nil
}

// settleHost chooses the address: whoever can reach the port can use a bridge without a secret,
// so that one stays on this machine.
func (c *Config) settleHost() error {
	switch {
	case c.LastSecret != "" && c.SharedSecret == "":
		return errors.New("BRIDGE_SHARED_SECRET_PREVIOUS: it is of use only beside BRIDGE_SHARED_SECRET; set that one")
	case c.Host == "" && c.SharedSecret == "":
		c.Host = "127.0.0.1"
	case c.SharedSecret == "" && !isLoopback(c.Host):
		return fmt.Errorf("BRIDGE_HOST: %q is reachable from outside: set BRIDGE_SHARED_SECRET, or listen on 127.0.0.1", c.Host)
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

func parseInt64(to *int64, text string, low, high int64) error {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < low || n > high {
		return fmt.Errorf("%q is not a whole number from %d to %d", text, low, high)
	}
	*to = n
	return nil
}

func parseInt(to *int, text string, low, high int) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > high {
		return fmt.Errorf("%q is not a whole number from %d to %d", text, low, high)
	}
	*to = n
	return nil
}

func parseFloat(to *float64, text string, low, high float64) error {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || !(x >= low && x <= high) {
		return fmt.Errorf("%q is not a number from %v to %v", text, low, high)
	}
	*to = x
	return nil
}

func parseMs(to *time.Duration, text string, low int) error {
	var n int
	err := parseInt(&n, text, low, int(24*time.Hour/time.Millisecond))
	*to = time.Duration(n) * time.Millisecond
	return err
}

func parseFrameMs(to *int, text string) error {
	if text != "10" && text != "20" {
		return fmt.Errorf("%q is neither 10 nor 20", text)
	}
	return parseInt(to, text, 10, 20)
}

func parseBool(to *bool, text string) error {
	b, err := strconv.ParseBool(text)
	if err != nil {
		return fmt.Errorf("%q is neither true nor false", text)
	}
	*to = b
	return nil
}

func parseLevel(to *slog.Level, text string) error {
	if to.UnmarshalText([]byte(text)) != nil {
		return fmt.Errorf("%q is none of debug, info, warn, error", text)
	}
	return nil
}

func parseOrigins(to *[]string, text string) error {
	for origin := range strings.SplitSeq(text, ",") {
		origin = strings.TrimSpace(origin)
		u, err := url.Parse(origin)
		if err != nil || u.Host == "" || u.Scheme+"://"+u.Host != origin {
			return fmt.Errorf("%q is not an origin such as https://page.example", origin)
		}
		*to = append(*to, origin)
	}
	return nil
}

func parseFormat(to *string, text string) error {
	if text != "json" && text != "pretty" {
		return fmt.Errorf("%q is neither json nor pretty", text)
	}
	*to = text
	return nil
}

func parseServerURL(to *string, text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return errors.New("it is not a URL such as wss://livekit.example")
	}
	switch u.Scheme {
	case "ws", "wss", "http", "https":
		*to = text
		return nil
	}
	return fmt.Errorf("its scheme %q is none of ws, wss, http, https", u.Scheme)
}
