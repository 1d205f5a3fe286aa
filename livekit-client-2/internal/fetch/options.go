package fetch

import (
	"net"
	"time"
)

// Options are the limits of a Client. A zero field takes the default named beside it.
type Options struct {
	// ConnectTimeout bounds one TCP connect, name lookup included (5 s).
	ConnectTimeout time.Duration
	// HeaderTimeout bounds everything up to the response's header, redirects included (10 s).
	HeaderTimeout time.Duration
	// IdleTimeout bounds the wait for more of the body while a reader asks for it (15 s). Time in
	// which nobody reads does not count: a paused sound does not time out.
	IdleTimeout time.Duration
	// MaxBytes bounds a body (1 GiB).
	MaxBytes int64
	// MaxRedirects bounds the redirects followed (5).
	MaxRedirects int
	// UserAgent names this program to servers ("server-playback").
	UserAgent string
	// ReadAhead is how much the kernel may hold of each body that is read slower than it comes, in
	// bytes (256 KiB): what bridges an uneven network, at no cost in this process.
	ReadAhead int
	// MaxHeaderBytes bounds a response's header (64 KiB).
	MaxHeaderBytes int64
	// TotalTimeout bounds a fetch from its beginning to its end, pauses included (6 h).
	TotalTimeout time.Duration
	// Allow is what may be fetched from though its address is not public.
	Allow Allowlist
	// Resolver looks names up; nil is the machine's.
	Resolver *net.Resolver
}

func (o Options) withDefaults() Options {
	if o.ConnectTimeout <= 0 {
		o.ConnectTimeout = 5 * time.Second
	}
	if o.HeaderTimeout <= 0 {
		o.HeaderTimeout = 10 * time.Second
	}
	if o.IdleTimeout <= 0 {
		o.IdleTimeout = 15 * time.Second
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = 1 << 30
	}
	if o.MaxRedirects <= 0 {
		o.MaxRedirects = 5
	}
	if o.ReadAhead <= 0 {
		o.ReadAhead = 256 << 10
	}
	if o.MaxHeaderBytes <= 0 {
		o.MaxHeaderBytes = 64 << 10
	}
	if o.TotalTimeout <= 0 {
		o.TotalTimeout = 6 * time.Hour
	}
	if o.UserAgent == "" {
		o.UserAgent = "server-playback"
	}
	return o
}
