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
	body    io.ReadCloser
	host    string
	options Options
	stall   *time.Timer
	read    int64
	err     error
	close   sync.Once
}

func newResponse(ctx context.Context, cancel context.CancelCauseFunc, answer *http.Response, options Options) *Response {
	r := &Response{
		Length:      answer.ContentLength,
		ContentType: answer.Header.Get("Content-Type"),
		ctx:         ctx,
		cancel:      cancel,
		body:        soundOf(answer),
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
	r.err = r.classify(err)
	return n, r.err
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
	r.close.Do(func() {
		r.stall.Stop()
		r.cancel(nil)
		r.body.Close()
	})
	return nil
}
