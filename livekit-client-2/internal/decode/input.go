package decode

import (
	"bufio"
	"errors"
	"io"

	"server-playback/livekit-client-2/internal/fault"
)

// inputSize is the largest look-ahead. It is also the most asked of the network at once: 1 s of a
// usual MP3, so that a stream costs few system calls.
const inputSize = 16 << 10

// input is what decoders read: a bounded look-ahead that remembers how the bytes ended, since a
// decoder may report an interrupted input as it likes.
type input struct {
	*bufio.Reader
	source io.Reader
	err    error // how source ended, if not by io.EOF
}

func newInput(source io.Reader) *input {
	in := &input{source: source}
	in.Reader = bufio.NewReaderSize(readerFunc(in.fill), inputSize)
	return in
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func (in *input) fill(p []byte) (int, error) {
	n, err := in.source.Read(p)
	if err != nil && err != io.EOF {
		in.err = err
	}
	return n, err
}

// fault gives a failure its code: the input's own comes before the decoder's.
func (in *input) fault(err error) error {
	if known, ok := errors.AsType[*fault.Error](in.err); ok {
		return known
	}
	if in.err != nil {
		return fault.Wrap(fault.FetchFailed, in.err, "reading failed")
	}
	if known, ok := errors.AsType[*fault.Error](err); ok {
		return known
	}
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return fault.Wrap(fault.DecodeFailed, err, "ended early")
	}
	return fault.Wrap(fault.DecodeFailed, err, "%v", err)
}
