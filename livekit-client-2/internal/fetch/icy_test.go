package fetch

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"server-playback/livekit-client-2/internal/fault"
)

// answerRaw serves one connection with an answer that net/http's server would not give.
func answerRaw(t *testing.T, answer string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		request := make([]byte, 4096)
		conn.Read(request)
		io.WriteString(conn, answer)
	}()
	t.Cleanup(func() {
		listener.Close()
		<-done
	})
	return "http://" + listener.Addr().String() + "/"
}

func fetchAll(t *testing.T, url string) (string, error) {
	t.Helper()
	response, err := newClient(t, Options{}).Open(t.Context(), url)
	if err != nil {
		return "", err
	}
	defer response.Close()
	body, err := io.ReadAll(response)
	return string(body), err
}

func TestOldStationsAreUnderstood(t *testing.T) {
	body, err := fetchAll(t, answerRaw(t, "ICY 200 OK\r\nicy-name: x\r\n\r\nsound"))
	if body != "sound" || err != nil {
		t.Errorf("got %q, %v", body, err)
	}
}

func TestNoAnswerIsAFailedFetch(t *testing.T) {
	for _, answer := range []string{"", "IC", "SSH-2.0-x\r\n"} {
		_, err := fetchAll(t, answerRaw(t, answer))
		assertFault(t, err, fault.FetchFailed)
	}
}

func TestTitlesBetweenTheSoundAreDropped(t *testing.T) {
	title := "\x01" + strings.Repeat("t", 16)
	for interval, body := range map[string]string{
		"4":  "soun" + title + "d ag" + "\x00" + "ain",
		"5":  "sound" + title + " agai" + title + "n",
		"9":  "sound aga" + title + "in",
		"11": "sound again",
	} {
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Icy-Metaint", interval)
			io.WriteString(w, body)
		})
		if got, err := fetchAll(t, url); got != "sound again" || err != nil {
			t.Errorf("every %s bytes: got %q, %v", interval, got, err)
		}
	}
}
