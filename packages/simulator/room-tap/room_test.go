package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/livekit/protocol/auth"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
	"go.uber.org/goleak"
)

const (
	testKey    = "devkey"
	testSecret = "a-secret-for-tests-of-32-characters"
	waitBound  = 20 * time.Second
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The rooms of one process: what was published arrives as it was sent, and leaving gives everything back.
func TestListenersTellWhatArrives(t *testing.T) {
	url := startServer(t)
	tapped := startTap(t)
	const rooms = 3
	for i := range rooms {
		tapped.send(t, map[string]string{
			"listen": fmt.Sprint("l", i), "url": url, "token": token(t, fmt.Sprint("room", i), "ears"),
		})
	}
	tapped.waitFor(t, rooms, func(r line) bool { return r.Type == "joined" })
	for i := range rooms {
		publish(t, url, fmt.Sprint("room", i), 25)
	}
	for i := range rooms {
		id := fmt.Sprint("l", i)
		packets := tapped.waitFor(t, 20, func(r line) bool { return r.Type == "packet" && r.ID == id })
		for n, p := range packets {
			payload, _ := base64.StdEncoding.DecodeString(p.Payload)
			if string(payload[1:]) != fmt.Sprint("room", i) {
				t.Fatalf("%s heard %q", id, payload)
			}
			if n > 0 && p.Seq != packets[n-1].Seq+1 {
				t.Fatalf("%s: sequence %d after %d", id, p.Seq, packets[n-1].Seq)
			}
		}
	}
	tapped.send(t, map[string]string{"leave": "l0"})
	tapped.waitFor(t, 1, func(r line) bool { return r.Type == "left" && r.ID == "l0" && r.Reason == "leave" })
	tapped.close()
	tapped.waitFor(t, rooms, func(r line) bool { return r.Type == "left" })
}

func TestAFailedJoinIsToldWithoutItsToken(t *testing.T) {
	url := startServer(t)
	tapped := startTap(t)
	defer tapped.close()
	bad := "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJub25lIn0.bm90LWEtc2lnbmF0dXJl"
	tapped.send(t, map[string]string{"listen": "a", "url": url, "token": bad})
	failed := tapped.waitFor(t, 1, func(r line) bool { return r.Type == "join_failed" && r.ID == "a" })
	if strings.Contains(failed[0].Reason, bad) {
		t.Fatalf("the reason holds the token: %s", failed[0].Reason)
	}
}

type line struct {
	record
	Seq     uint16
	Payload string
}

// tapUnderTest runs the whole program in this process, over pipes.
type tapUnderTest struct {
	in    chan []byte
	lines chan line
	seen  []line
}

func startTap(t *testing.T) *tapUnderTest {
	u := &tapUnderTest{in: make(chan []byte), lines: make(chan line, 10_000)}
	r, w := io.Pipe()
	go func() {
		run(context.Background(), u.in, w)
		_ = w.Close()
	}()
	go func() {
		defer close(u.lines)
		scanner := bufio.NewScanner(r)
		scanner.Buffer(nil, 1<<20)
		for scanner.Scan() {
			var l line
			if json.Unmarshal(scanner.Bytes(), &l) == nil {
				u.lines <- l
			}
		}
	}()
	return u
}

func (u *tapUnderTest) send(t *testing.T, command map[string]string) {
	t.Helper()
	b, err := json.Marshal(command)
	if err != nil {
		t.Fatal(err)
	}
	u.in <- b
}

func (u *tapUnderTest) close() { close(u.in) }

func (u *tapUnderTest) waitFor(t *testing.T, n int, want func(line) bool) []line {
	t.Helper()
	bound := time.After(waitBound)
	for {
		var found []line
		for _, l := range u.seen {
			if want(l) {
				found = append(found, l)
			}
		}
		if len(found) >= n {
			return found
		}
		select {
		case l, ok := <-u.lines:
			if !ok {
				t.Fatalf("the tap ended with %d of %d records", len(found), n)
			}
			u.seen = append(u.seen, l)
		case <-bound:
			t.Fatalf("got %d of %d records", len(found), n)
		}
	}
}

// publish sends packets of 20 ms whose payload is an Opus TOC byte and the room's name.
func publish(t *testing.T, url, room string, packets int) {
	t.Helper()
	subscribed := make(chan struct{}, 1)
	callback := lksdk.NewRoomCallback()
	callback.OnLocalTrackSubscribed = func(*lksdk.LocalTrackPublication, *lksdk.LocalParticipant) {
		subscribed <- struct{}{}
	}
	r, err := lksdk.ConnectToRoomWithToken(url, token(t, room, "mouth"), callback, lksdk.WithDisableRegionDiscovery())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Disconnect()
	track, err := lksdk.NewLocalTrack(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.LocalParticipant.PublishTrack(track, &lksdk.TrackPublicationOptions{Name: "test"}); err != nil {
		t.Fatal(err)
	}
	select {
	case <-subscribed:
	case <-time.After(waitBound):
		t.Fatal("nobody subscribed")
	}
	payload := append([]byte{0xf8}, room...)
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for range packets {
		if err := track.WriteSample(media.Sample{Data: payload, Duration: 20 * time.Millisecond}, nil); err != nil {
			t.Fatal(err)
		}
		<-ticker.C
	}
}

func token(t *testing.T, room, identity string) string {
	t.Helper()
	jwt, err := auth.NewAccessToken(testKey, testSecret).
		SetIdentity(identity).
		SetVideoGrant(&auth.VideoGrant{RoomJoin: true, Room: room}).
		ToJWT()
	if err != nil {
		t.Fatal(err)
	}
	return jwt
}

// startServer runs the LiveKit server of LIVEKIT_SERVER_BIN on free loopback ports.
func startServer(t *testing.T) string {
	t.Helper()
	bin := os.Getenv("LIVEKIT_SERVER_BIN")
	if bin == "" {
		t.Skip("LIVEKIT_SERVER_BIN names no LiveKit server")
	}
	port := freePort(t)
	config := fmt.Sprintf(`port: %d
bind_addresses: [127.0.0.1]
rtc:
  tcp_port: %d
  udp_port: %d
  use_external_ip: false
  enable_loopback_candidate: true
  node_ip: 127.0.0.1
  stun_servers: ["127.0.0.1:3478"]
  interfaces: {includes: [lo]}
  ips: {includes: [127.0.0.1/32]}
keys: {%s: %s}
logging: {level: error}
`, port, freePort(t), freePort(t), testKey, testSecret)
	path := filepath.Join(t.TempDir(), "livekit.yaml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	server := exec.Command(bin, "--config", path)
	server.Stderr = &stderr
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	address := fmt.Sprintf("127.0.0.1:%d", port)
	for deadline := time.Now().Add(waitBound); ; {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
			return "ws://" + address
		}
		if time.Now().After(deadline) {
			t.Fatalf("the LiveKit server does not listen: %s", stderr.String())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}
