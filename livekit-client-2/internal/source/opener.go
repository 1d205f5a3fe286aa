package source

import (
	"bytes"
	"context"
	"io"
	"time"

	"server-playback/livekit-client-2/internal/fetch"
)

// keepLimit is the most of a looped sound, in bytes as they came, that is kept instead of being
// fetched again for each pass.
const keepLimit = 256 << 10

// opener opens a URL's body, again and again if it is to be looped.
type opener struct {
	client *fetch.Client
	url    string
	keep   bool   // whether a short body is worth keeping
	kept   []byte // the whole body, once it is known to be short enough

	opened time.Time // when the first response's header was there
	length int64     // of the body, -1 where the server does not say
}

func (o *opener) open(ctx context.Context) (io.ReadCloser, error) {
	if o.kept != nil {
		return io.NopCloser(bytes.NewReader(o.kept)), nil
	}
	body, err := o.client.Open(ctx, o.url)
	if err != nil {
		return nil, err
	}
	if o.opened.IsZero() {
		o.opened, o.length = time.Now(), body.Length
	}
	if !o.keep || body.Length > keepLimit {
		return body, nil
	}
	return &keeper{ReadCloser: body, opener: o}, nil
}

// keeper passes a body on and keeps it while it is short.
type keeper struct {
	io.ReadCloser
	opener *opener
	copied []byte
	long   bool
}

func (k *keeper) Read(p []byte) (int, error) {
	n, err := k.ReadCloser.Read(p)
	if k.long = k.long || len(k.copied)+n > keepLimit; k.long {
		k.copied = nil
		return n, err
	}
	k.copied = append(k.copied, p[:n]...)
	if err == io.EOF {
		k.opener.kept = k.copied
	}
	return n, err
}

// rest reads what little a decoder may have left over, so that a short body counts as whole.
func (k *keeper) rest() {
	if !k.long && k.opener.kept == nil {
		io.CopyN(io.Discard, k, keepLimit)
	}
}
