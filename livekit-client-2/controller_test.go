package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"server-playback/livekit-client-2/internal/decode/wavout"
)

// testConfig is the default configuration, with LiveKit's URL and what change makes of it.
func testConfig(t testing.TB, change func(*Config)) Config {
	t.Helper()
	c, err := loadConfig(environment(map[string]string{"FETCH_ALLOW": "127.0.0.1"}))
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(&c)
	}
	return c
}

// testBridge is a bridge that serves HTTP in this process.
type testBridge struct {
	*Bridge
	url string
	log *lockedBuffer
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func newTestBridge(t *testing.T, config Config) *testBridge {
	t.Helper()
	log := &lockedBuffer{}
	b := newBridge(config, slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	server := httptest.NewServer(b.handler())
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		b.Close(ctx)
		server.Close()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	return &testBridge{Bridge: b, url: server.URL, log: log}
}

// received is an event with the time at which it came.
type received struct {
	at time.Time
	Event
}

// controller is the other side of a bridge's socket.
type controller struct {
	t    *testing.T
	conn *websocket.Conn
	pcm  chan []byte

	mu     sync.Mutex
	events []received
	ended  bool
	status websocket.StatusCode // how it ended
}

func connect(t *testing.T, b *testBridge) *controller { return connectBy(t, b, "") }

// resume connects to take a session up, after an event.
func resume(t *testing.T, b *testBridge, sessionID string, after int64) *controller {
	return connectBy(t, b, fmt.Sprintf("?session=%s&after=%d", sessionID, after))
}

func connectBy(t *testing.T, b *testBridge, query string) *controller {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), b.url+"/ws"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadLimit(1 << 20)
	c := &controller{t: t, conn: conn, pcm: make(chan []byte, 1000)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.read()
	}()
	t.Cleanup(func() {
		conn.Close(websocket.StatusNormalClosure, "")
		<-done
	})
	c.expect("connected", "")
	return c
}

func (c *controller) read() {
	for {
		kind, data, err := c.conn.Read(context.Background())
		if err != nil {
			c.mu.Lock()
			c.ended, c.status = true, websocket.CloseStatus(err)
			c.mu.Unlock()
			return
		}
		if kind == websocket.MessageBinary {
			c.pcm <- data
			continue
		}
		var e Event
		if err := json.Unmarshal(data, &e); err != nil {
			c.t.Errorf("event %s: %v", data, err)
		}
		c.mu.Lock()
		c.events = append(c.events, received{time.Now(), e})
		c.mu.Unlock()
	}
}

func (c *controller) send(message map[string]any) {
	c.t.Helper()
	text, err := json.Marshal(message)
	if err != nil {
		c.t.Fatal(err)
	}
	c.sendText(string(text))
}

func (c *controller) sendText(text string) {
	c.t.Helper()
	if err := c.conn.Write(c.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *controller) sendPCM(data []byte) {
	c.t.Helper()
	if err := c.conn.Write(c.t.Context(), websocket.MessageBinary, data); err != nil {
		c.t.Fatal(err)
	}
}

// all gives the events of a type, and of a play if requestID is given.
func (c *controller) all(kind, requestID string) []received {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []received
	for _, e := range c.events {
		if e.Type == kind && (requestID == "" || e.RequestID == requestID) {
			found = append(found, e)
		}
	}
	return found
}

// expect waits for the first event of a type, and of a play if requestID is given.
func (c *controller) expect(kind, requestID string) received {
	c.t.Helper()
	return c.expectNth(1, kind, requestID)
}

func (c *controller) expectNth(n int, kind, requestID string) received {
	c.t.Helper()
	var found []received
	deadline := time.Now().Add(patience)
	for {
		if found = c.all(kind, requestID); len(found) >= n {
			return found[n-1]
		}
		if time.Now().After(deadline) {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.t.Fatalf("no %s of %q came; events: %+v", kind, requestID, c.events)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// greeting is the first event.
func (c *controller) greeting() Event { return c.expect("connected", "").Event }

// lastSeq is the number of the newest event.
func (c *controller) lastSeq() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.events[len(c.events)-1].Seq
}

// awaitEnd waits for the end of the connection, and gives its status.
func (c *controller) awaitEnd() websocket.StatusCode {
	c.t.Helper()
	await(c.t, "the connection's end", func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.ended
	})
	return c.status
}

// flush returns once everything that was sent before has been handled.
func (c *controller) flush() {
	c.t.Helper()
	id := "flush-" + time.Now().Format(time.RFC3339Nano)
	c.send(map[string]any{"action": "ping", "requestId": id})
	c.expect("pong", id)
}

// sine is s16le of a tone at half of full scale.
func sine(hz float64, rate, channels, frames int) []byte {
	data := make([]byte, 0, 2*channels*frames)
	for i := range frames {
		x := int16(16384 * math.Sin(2*math.Pi*hz*float64(i)/float64(rate)))
		for range channels {
			data = append(data, byte(x), byte(uint16(x)>>8))
		}
	}
	return data
}

func wav(rate, channels int, data []byte) []byte {
	frames := int64(len(data) / (2 * channels))
	return append(wavout.Header(wavout.Format{SampleRate: rate, Channels: channels}, frames), data...)
}

// serveBytes serves data at every path, and gives a URL with a secret query.
func serveBytes(t testing.TB, data []byte) string {
	t.Helper()
	return serveHandler(t, func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	})
}

func serveHandler(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL + "/sound?signature=" + secretQuery
}

const secretQuery = "do-not-tell"

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, strings.TrimSpace(string(body))
}
