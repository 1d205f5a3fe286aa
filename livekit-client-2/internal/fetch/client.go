// Package fetch is the one place where URLs are opened: http and https only, with limits, and with
// failures as fault codes whose messages name a host at most, never a path, a query or credentials.
package fetch

import (
	"context"
	"maps"
	"net"
	"net/http"
	"net/url"
	"time"

	"server-playback/livekit-client-2/internal/fault"
)

// Client opens URLs over a shared pool of connections. It is safe for concurrent use.
type Client struct {
	options   Options
	transport *http.Transport
	http      *http.Client
}

// NewClient makes a Client. Its owner calls Close.
func NewClient(options Options) *Client {
	options = options.withDefaults()
	transport := &http.Transport{
		DialContext:         dial(options),
		TLSHandshakeTimeout: options.ConnectTimeout,
		DisableCompression:  true,
		MaxIdleConns:        64,
		MaxIdleConnsPerHost: 8,
		IdleConnTimeout:     30 * time.Second,
		// HTTP/2 would hold up to 4 MB a stream in this process when a sound is read at its own pace;
		// over HTTP/1 the read-ahead stays in the kernel's socket buffer.
		Protocols:              http1Only(),
		MaxResponseHeaderBytes: options.MaxHeaderBytes,
		// No proxy, whatever the environment says: the guard has to see the address that is really
		// connected to.
		Proxy: nil,
	}
	c := &Client{options: options, transport: transport}
	c.http = &http.Client{Transport: transport, CheckRedirect: c.checkRedirect}
	return c
}

// dial connects to addresses that are allowed, with a read-ahead of a known size in the kernel.
func dial(options Options) func(ctx context.Context, network, address string) (net.Conn, error) {
	open := net.Dialer{Timeout: options.ConnectTimeout, Resolver: options.Resolver}
	guarded := open
	guarded.ControlContext = options.Allow.control()
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		dialer := &guarded
		if options.Allow.covers(address) {
			dialer = &open
		}
		conn, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		if tcp, ok := conn.(*net.TCPConn); ok {
			tcp.SetReadBuffer(options.ReadAhead) // a hint: without it the kernel's own size serves
		}
		return &icyConn{Conn: conn}, nil
	}
}

func http1Only() *http.Protocols {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return protocols
}

// Close closes the connections that nobody uses; those in use close when their Response does.
// It may be called more than once.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// Open requests rawURL and returns once the response's header is there. The failures are of
// *fault.Error: BlockedAddress for a scheme or address that is not allowed, FetchTimeout,
// HTTPStatus for any status but 200, TooLarge, Cancelled when ctx ended, else FetchFailed.
// The caller closes the Response. ctx governs the body too.
func (c *Client) Open(ctx context.Context, rawURL string) (*Response, error) {
	target, err := parse(rawURL)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	life := time.AfterFunc(c.options.TotalTimeout, func() {
		cancel(fault.New(fault.FetchTimeout, "%s took longer than the %v allowed", target.Host, c.options.TotalTimeout))
	})
	get := func(more http.Header) (*http.Response, error) { return c.get(ctx, cancel, target, more) }
	answer, err := get(nil)
	if err == nil {
		err = c.accept(answer)
	}
	if err != nil {
		life.Stop()
		cancel(nil)
		return nil, err
	}
	return newResponse(ctx, cancel, life, answer, newResumer(answer, get), c.options), nil
}

// get asks for target, and returns once the response's header is there.
func (c *Client) get(ctx context.Context, cancel context.CancelCauseFunc, target *url.URL, more http.Header) (*http.Response, error) {
	timer := time.AfterFunc(c.options.HeaderTimeout, func() {
		cancel(fault.New(fault.FetchTimeout, "no response from %s within %v", target.Host, c.options.HeaderTimeout))
	})
	defer timer.Stop()
	header := c.header()
	maps.Copy(header, more)
	request := (&http.Request{Method: http.MethodGet, URL: target, Host: target.Host, Header: header}).WithContext(ctx)
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, classify(ctx, target.Host, err)
	}
	return answer, nil
}

func (c *Client) header() http.Header {
	return http.Header{
		"User-Agent":      {c.options.UserAgent},
		"Accept":          {"audio/*, application/ogg, */*;q=0.5"},
		"Accept-Encoding": {"identity"},
	}
}

// accept says whether an answer's header promises a body that can be played; else it closes that.
func (c *Client) accept(answer *http.Response) (err error) {
	defer func() {
		if err != nil {
			answer.Body.Close()
		}
	}()
	if answer.StatusCode != http.StatusOK {
		return fault.New(fault.HTTPStatus, "%s answered %d %s",
			answer.Request.URL.Host, answer.StatusCode, http.StatusText(answer.StatusCode))
	}
	if answer.ContentLength > c.options.MaxBytes {
		return fault.New(fault.TooLarge, "%d bytes, more than the %d allowed", answer.ContentLength, c.options.MaxBytes)
	}
	if encoding := answer.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return fault.New(fault.UnsupportedFormat, "compressed by the server though not asked to")
	}
	return nil
}

func (c *Client) checkRedirect(next *http.Request, via []*http.Request) error {
	if len(via) > c.options.MaxRedirects {
		return fault.New(fault.FetchFailed, "more than %d redirects", c.options.MaxRedirects)
	}
	// net/http would tell the next server the whole URL of the last one, a signed query included.
	next.Header.Del("Referer")
	return checkURL(next.URL)
}

func parse(rawURL string) (*url.URL, error) {
	target, err := url.Parse(rawURL)
	if err != nil {
		return nil, fault.New(fault.FetchFailed, "not a URL")
	}
	return target, checkURL(target)
}

func checkURL(target *url.URL) error {
	if target.Scheme != "http" && target.Scheme != "https" {
		return fault.New(fault.BlockedAddress, "only http and https URLs are fetched")
	}
	switch host := target.Hostname(); {
	case host == "":
		return fault.New(fault.FetchFailed, "the URL names no host")
	case isOddAddress(host):
		return fault.New(fault.BlockedAddress, "the host is an address in an unusual spelling")
	}
	return nil
}
