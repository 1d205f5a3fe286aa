package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"server-playback/livekit-client-2/internal/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// secret stands in every URL of these tests where a secret might, and in no message.
const secret = "s3cr3t"

// newClient makes a client that may fetch from this machine.
func newClient(t *testing.T, options Options) *Client {
	t.Helper()
	options.Allow = AllowAll()
	return newGuardedClient(t, options)
}

func newGuardedClient(t *testing.T, options Options) *Client {
	t.Helper()
	c := NewClient(options)
	t.Cleanup(c.Close)
	return c
}

func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "http://", "http://user:"+secret+"@", 1) + "/" + secret + "?token=" + secret
}

// hang answers nothing until the client has gone.
func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func assertFault(t *testing.T, err error, want fault.Code) {
	t.Helper()
	if fault.CodeOf(err) != want {
		t.Errorf("got %v, want code %s", err, want)
	}
	for ; err != nil; err = errors.Unwrap(err) {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error tells a secret: %v", err)
		}
	}
}

func TestOpenStreamsTheBody(t *testing.T) {
	want := bytes.Repeat([]byte("sound"), 100_000)
	var header http.Header
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		header = r.Header.Clone()
		w.Header().Set("Content-Type", "audio/mpeg")
		w.Write(want)
	})
	response, err := newClient(t, Options{}).Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Close()
	got, err := io.ReadAll(response)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("read %d bytes, %v; want %d", len(got), err, len(want))
	}
	if response.ContentType != "audio/mpeg" || header.Get("Accept-Encoding") != "identity" || header.Get("Cookie") != "" {
		t.Errorf("content type %q, asked with %v", response.ContentType, header)
	}
}

func TestBodyIsReadableBeforeItsEnd(t *testing.T) {
	sent := make(chan struct{})
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "first")
		w.(http.Flusher).Flush()
		<-sent
	})
	response, err := newClient(t, Options{}).Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Close()
	first := make([]byte, 5)
	if _, err := io.ReadFull(response, first); err != nil || string(first) != "first" {
		t.Errorf("read %q, %v", first, err)
	}
	close(sent)
	if _, err := response.Read(first); err != io.EOF {
		t.Errorf("ended with %v, want EOF", err)
	}
}

func TestOpenRefusesOtherSchemes(t *testing.T) {
	c := newClient(t, Options{})
	for _, url := range []string{"file:///etc/" + secret, "ftp://x/" + secret, "data:audio/wav;base64," + secret, "/" + secret, ""} {
		_, err := c.Open(t.Context(), url)
		assertFault(t, err, fault.BlockedAddress)
	}
	for _, url := range []string{"http:///" + secret, "http://[" + secret} {
		_, err := c.Open(t.Context(), url)
		assertFault(t, err, fault.FetchFailed)
	}
}

func TestOpenReportsTheStatus(t *testing.T) {
	for _, status := range []int{204, 304, 401, 404, 500} {
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		_, err := newClient(t, Options{}).Open(t.Context(), url)
		assertFault(t, err, fault.HTTPStatus)
		if !strings.Contains(err.Error(), fmt.Sprint(status)) {
			t.Errorf("%v does not name status %d", err, status)
		}
	}
}

func TestOpenReportsUnreachableHosts(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	_, err = newClient(t, Options{}).Open(t.Context(), "http://"+listener.Addr().String()+"/"+secret)
	assertFault(t, err, fault.FetchFailed)
	if !strings.Contains(err.Error(), "refused") {
		t.Errorf("%v does not say that the connection was refused", err)
	}
}

func TestRedirectsAreFollowedChecksIncluded(t *testing.T) {
	tests := map[string]struct {
		location string
		want     fault.Code
	}{
		"to a file":  {"file:///etc/" + secret, fault.BlockedAddress},
		"for ever":   {"/again", fault.FetchFailed},
		"to a sound": {"/sound", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			url := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Referer") != "" {
					t.Error("told the next server where it came from")
				}
				if r.URL.Path == "/sound" {
					io.WriteString(w, "sound")
					return
				}
				http.Redirect(w, r, test.location+"?token="+secret, http.StatusFound)
			})
			response, err := newClient(t, Options{}).Open(t.Context(), url)
			assertFault(t, err, test.want)
			if response != nil {
				response.Close()
			}
		})
	}
}

func TestOpenTimesOut(t *testing.T) {
	_, err := newClient(t, Options{HeaderTimeout: 20 * time.Millisecond}).Open(t.Context(), serve(t, hang))
	assertFault(t, err, fault.FetchTimeout)
}

func TestOpenIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		cancel()
		hang(w, r)
	})
	_, err := newClient(t, Options{}).Open(ctx, url)
	assertFault(t, err, fault.Cancelled)
}

// firstByteThenHang sends one byte of a body and no more.
func firstByteThenHang(w http.ResponseWriter, r *http.Request) {
	io.WriteString(w, "s")
	w.(http.Flusher).Flush()
	hang(w, r)
}

func TestReadReportsAStall(t *testing.T) {
	response, err := newClient(t, Options{IdleTimeout: 20 * time.Millisecond}).Open(t.Context(), serve(t, firstByteThenHang))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Close()
	_, err = io.ReadAll(response)
	assertFault(t, err, fault.SourceStalled)
	_, again := response.Read(make([]byte, 1))
	assertFault(t, again, fault.SourceStalled)
}

func TestCloseEndsAReadThatWaits(t *testing.T) {
	response, err := newClient(t, Options{}).Open(t.Context(), serve(t, firstByteThenHang))
	if err != nil {
		t.Fatal(err)
	}
	first := make([]byte, 1)
	if _, err := io.ReadFull(response, first); err != nil {
		t.Fatal(err)
	}
	go response.Close()
	_, err = response.Read(first)
	assertFault(t, err, fault.Cancelled)
	response.Close()
}

func TestReadReportsAnEarlyEnd(t *testing.T) {
	tests := map[string]func(http.ResponseWriter){
		"of a known length": func(w http.ResponseWriter) { w.Header().Set("Content-Length", "100") },
		"of chunks":         func(http.ResponseWriter) {},
	}
	for name, header := range tests {
		t.Run(name, func(t *testing.T) {
			url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				header(w)
				io.WriteString(w, "part")
				w.(http.Flusher).Flush()
				panic(http.ErrAbortHandler)
			})
			response, err := newClient(t, Options{}).Open(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Close()
			got, err := io.ReadAll(response)
			assertFault(t, err, fault.FetchFailed)
			if string(got) != "part" {
				t.Errorf("lost what came before: %q", got)
			}
		})
	}
}

func TestBodiesAreLimited(t *testing.T) {
	body := strings.Repeat("x", 1000)
	tests := map[string]struct {
		limit   int64
		chunked bool
		want    fault.Code
	}{
		"announced":     {999, false, fault.TooLarge},
		"not announced": {999, true, fault.TooLarge},
		"just allowed":  {1000, true, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if test.chunked {
					w.(http.Flusher).Flush()
				}
				io.WriteString(w, body)
			})
			response, err := newClient(t, Options{MaxBytes: test.limit}).Open(t.Context(), url)
			if err == nil {
				defer response.Close()
				var got []byte
				if got, err = io.ReadAll(response); int64(len(got)) != test.limit {
					t.Errorf("read %d bytes, want %d", len(got), test.limit)
				}
			}
			assertFault(t, err, test.want)
		})
	}
}

func TestContentThatTheServerCompressedIsRefused(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Encoding", "gzip") })
	_, err := newClient(t, Options{}).Open(t.Context(), url)
	assertFault(t, err, fault.UnsupportedFormat)
}

func TestCloseTwice(t *testing.T) {
	c := NewClient(Options{})
	c.Close()
	c.Close()
}
