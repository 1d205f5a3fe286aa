package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"server-playback/livekit-client-2/internal/fault"
)

const (
	// maxResumes is how often a body that broke off is gone on with.
	maxResumes = 5
	// resumePause doubles with each time.
	resumePause = 50 * time.Millisecond
)

// resumer goes on with a body that broke off, where the server says of what it would go on with that
// it is the same (RFC 9110, sections 13.1.5 and 14.2).
type resumer struct {
	get       func(header http.Header) (*http.Response, error)
	validator string // empty where there is none to trust
	used      int
}

// newResumer takes the validator from an answer: a strong entity tag, or else its date.
func newResumer(answer *http.Response, get func(http.Header) (*http.Response, error)) resumer {
	r := resumer{get: get}
	tag := answer.Header.Get("ETag")
	switch {
	case strings.EqualFold(answer.Header.Get("Accept-Ranges"), "none"):
	case strings.HasPrefix(tag, `"`):
		r.validator = tag
	case tag == "":
		r.validator = answer.Header.Get("Last-Modified")
	}
	return r
}

// after gives the rest of the body from an offset on. It fails with err, for which the body broke off,
// where that cannot be had.
func (r *resumer) after(ctx context.Context, offset int64, err error) (io.ReadCloser, error) {
	for r.validator != "" && r.used < maxResumes && breaksOff(ctx, err) {
		pause(ctx, resumePause<<r.used)
		r.used++
		answer, failure := r.get(http.Header{
			"Range":    {fmt.Sprintf("bytes=%d-", offset)},
			"If-Range": {r.validator},
		})
		if failure != nil {
			continue
		}
		if answer.StatusCode == http.StatusPartialContent && startsAt(answer, offset) {
			return answer.Body, nil
		}
		answer.Body.Close()
		break
	}
	return nil, err
}

// breaksOff tells whether err is the connection's end, and nobody's decision.
func breaksOff(ctx context.Context, err error) bool {
	_, decided := errors.AsType[*fault.Error](err)
	return err != io.EOF && !decided && ctx.Err() == nil
}

func startsAt(answer *http.Response, offset int64) bool {
	return strings.HasPrefix(answer.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", offset))
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
