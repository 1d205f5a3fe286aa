package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"syscall"

	"server-playback/livekit-client-2/internal/fault"
)

// classify turns a transport's error into a fault. The URL that net/http puts into its errors is
// left out, of the cause too: it may be signed.
func classify(ctx context.Context, host string, err error) *fault.Error {
	if known, ok := errors.AsType[*fault.Error](err); ok {
		return known
	}
	cause := context.Cause(ctx)
	if known, ok := errors.AsType[*fault.Error](cause); ok {
		return known
	}
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	switch {
	case errors.Is(cause, context.DeadlineExceeded):
		return fault.Wrap(fault.FetchTimeout, cause, "the time allowed for %s ran out", host)
	case cause != nil:
		return fault.Wrap(fault.Cancelled, cause, "cancelled while fetching")
	}
	if failure, ok := errors.AsType[net.Error](err); ok && failure.Timeout() {
		return fault.Wrap(fault.FetchTimeout, err, "connecting to %s timed out", host)
	}
	if strings.Contains(err.Error(), "response headers exceeded") { // net/http has no value for it
		return fault.Wrap(fault.TooLarge, err, "%s: the response's header is too large", host)
	}
	return fault.Wrap(fault.FetchFailed, err, "%s: %s", host, explain(err))
}

func explain(err error) string {
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return "host not found"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "certificate not trusted"
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return "does not speak TLS"
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "connection closed early"
	}
	return "request failed"
}
