// Package fault names why a play failed, in the stable codes that go over the wire.
// The list is packages/protocol/src/errors.ts; a test holds the two together.
package fault

import (
	"errors"
	"fmt"
)

// Code is a stable error code: programs branch on it.
type Code string

// The codes, in the order of the protocol's list.
const (
	InvalidCommand    Code = "invalid_command"
	Unauthorized      Code = "unauthorized"
	AtCapacity        Code = "at_capacity"
	RateLimited       Code = "rate_limited"
	JoinFailed        Code = "join_failed"
	RoomLost          Code = "room_lost"
	PublishFailed     Code = "publish_failed"
	BlockedAddress    Code = "blocked_address"
	FetchFailed       Code = "fetch_failed"
	FetchTimeout      Code = "fetch_timeout"
	HTTPStatus        Code = "http_status"
	TooLarge          Code = "too_large"
	MaxDuration       Code = "max_duration"
	UnsupportedFormat Code = "unsupported_format"
	DecodeFailed      Code = "decode_failed"
	SourceStalled     Code = "source_stalled"
	Cancelled         Code = "cancelled"
	Fenced            Code = "fenced"
	Internal          Code = "internal"
)

// Codes lists every code.
var Codes = [...]Code{
	InvalidCommand, Unauthorized, AtCapacity, RateLimited, JoinFailed, RoomLost, PublishFailed, BlockedAddress,
	FetchFailed, FetchTimeout, HTTPStatus, TooLarge, MaxDuration, UnsupportedFormat, DecodeFailed,
	SourceStalled, Cancelled, Fenced, Internal,
}

// Error is a failure with its code. Message is for people and never carries a secret.
type Error struct {
	Code    Code
	Message string
	// Err is the cause, for errors.Is and the log; it may be nil.
	Err error
}

// New makes an Error without a cause.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap makes an Error with a cause. The cause's text does not become part of the message:
// it may hold a URL's query or a token.
func Wrap(code Code, cause error, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Err: cause}
}

// Error gives the code and the message.
func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is makes errors.Is match two faults of one code.
func (e *Error) Is(target error) bool {
	other, ok := errors.AsType[*Error](target)
	return ok && other.Code == e.Code
}

// CodeOf gives an error's code: Internal for one that has none, "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if fault, ok := errors.AsType[*Error](err); ok {
		return fault.Code
	}
	return Internal
}
