package fetch

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"server-playback/livekit-client-2/internal/fault"
)

// Response is an open body: an io.ReadCloser that streams while it downloads, for one reader.
type Response struct {
	// Length is the body's length in bytes, or -1 where the server does not say.
	Length int64
	// ContentType is what the server calls the body; it is for messages, not for decisions.
	ContentType string

	ctx     context.Context
	cancel  context.CancelCauseFunc
	host    string
	options Options
	stall   *time.Timer
	life    *time.Timer
	resumer resumer
	read    int64
	err     error

	mu     sync.Mutex // guards body against Close; Read alone changes it
	body   io.ReadCloser
	closed bool
}

func newResponse(ctx context.Context, cancel context.CancelCauseFunc, life *time.Timer, answer *http.Response,
	resumer resumer, options Options) *Response {
	r := &Response{
		Length:      answer.ContentLength,
		ContentType: answer.Header.Get("Content-Type"),
		ctx:         ctx,
		cancel:      cancel,
		body:        soundOf(answer),
		life:        life,
		resumer:     resumer,
		host:        answer.Request.URL.Host,
		options:     options,
	}
	r.stall = time.AfterFunc(options.IdleTimeout, r.stalled)
	r.stall.Stop()
	return r
}

// soundOf is an answer's body without what is no sound.
func soundOf(answer *http.Response) io.ReadCloser {
	interval, err := strconv.Atoi(answer.Header.Get("Icy-Metaint"))
	if err != nil || interval <= 0 {
		return answer.Body
	}
	return &icyBody{ReadCloser: answer.Body, interval: interval, left: interval}
}

func (r *Response) stalled() {
	r.cancel(fault.New(fault.SourceStalled, "nothing from %s for %v", r.host, r.options.IdleTimeout))
}

// Read reads the body. It ends with io.EOF only if the whole body came; else with SourceStalled,
// TooLarge, Cancelled or FetchFailed, and from then on always with that.
func (r *Response) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	r.stall.Reset(r.options.IdleTimeout)
	n, err := r.body.Read(p)
	r.stall.Stop()
	r.read += int64(n)
	if r.read > r.options.MaxBytes {
		n -= int(r.read - r.options.MaxBytes)
		err = fault.New(fault.TooLarge, "more than the %d bytes allowed", r.options.MaxBytes)
	}
	if err != nil && r.resume(err) {
		err = nil
	}
	r.err = r.classify(err)
	return n, r.err
}

// resume goes on with a body that broke off, if it can be gone on with.
func (r *Response) resume(err error) bool {
	if _, isICY := r.body.(*icyBody); isICY {
		return false
	}
	rest, err := r.resumer.after(r.ctx, r.read, err)
	if err != nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		rest.Close()
		return false
	}
	r.body.Close()
	r.body = rest
	return true
}

func (r *Response) classify(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) && r.Length >= 0 {
		return fault.Wrap(fault.FetchFailed, err, "%s closed the connection after %d of %d bytes", r.host, r.read, r.Length)
	}
	return classify(r.ctx, r.host, err)
}

// Close ends the fetch, also one that a Read waits for. It may be called more than once.
func (r *Response) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.closed = true
		r.stall.Stop()
		r.life.Stop()
		r.cancel(nil)
		r.body.Close()
	}
	return nil
}
