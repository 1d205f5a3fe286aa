package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/livekit/protocol/auth"
	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"go.uber.org/goleak"
)

const (
	apiKey    = "devkey"
	apiSecret = "a-secret-of-at-least-32-characters"
	// patience bounds every wait for something that is to come.
	patience = 30 * time.Second
)

var (
	startLiveKit sync.Once
	stopLiveKit  func()
	liveKitPort  int
)

// liveKitURL starts the real LiveKit server, once for all tests, and gives its URL.
func liveKitURL(t *testing.T) string {
	t.Helper()
	bin := os.Getenv("LIVEKIT_SERVER_BIN")
	if bin == "" {
		t.Skip("LIVEKIT_SERVER_BIN names no LiveKit server; `make test` sets it")
	}
	startLiveKit.Do(func() { launchLiveKit(t, bin) })
	if liveKitPort == 0 {
		t.Fatal("the LiveKit server did not start")
	}
	return fmt.Sprintf("ws://127.0.0.1:%d", liveKitPort)
}

func launchLiveKit(t *testing.T, bin string) {
	server := newLiveKit(t, bin)
	server.start(t)
	stopLiveKit = server.remove
	liveKitPort = server.port
}

// liveKit is a LiveKit server that can be killed and started again.
type liveKit struct {
	bin, dir string
	port     int
	process  *exec.Cmd
}

func newLiveKit(t *testing.T, bin string) *liveKit {
	dir, err := os.MkdirTemp("", "livekit")
	if err != nil {
		t.Fatal(err)
	}
	port, tcp, udp := freePort(t), freePort(t), freePort(t)
	config := fmt.Sprintf(`
port: %d
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
logging: {level: warn}
`, port, tcp, udp, apiKey, apiSecret)
	if err := os.WriteFile(filepath.Join(dir, "livekit.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return &liveKit{bin: bin, dir: dir, port: port}
}

func (s *liveKit) url() string { return fmt.Sprintf("ws://127.0.0.1:%d", s.port) }

// start returns once the server answers.
func (s *liveKit) start(t *testing.T) {
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	s.process = exec.Command(s.bin, "--config", filepath.Join(s.dir, "livekit.yaml"))
	s.process.Stdout, s.process.Stderr = log, log
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, "the LiveKit server", func() bool {
		answer, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/", s.port))
		if err == nil {
			answer.Body.Close()
		}
		return err == nil
	})
}

func (s *liveKit) kill() {
	s.process.Process.Kill()
	s.process.Wait()
}

func (s *liveKit) remove() {
	s.kill()
	os.RemoveAll(s.dir)
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// await polls for what cannot be waited for.
func await(t testing.TB, what string, there func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !there(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(what, "did not come")
		}
	}
}

// token lets identity into room, to publish or to listen.
func token(t *testing.T, room, identity string, publish bool) string {
	t.Helper()
	return tokenOf(t, identity, &auth.VideoGrant{
		RoomJoin: true, Room: room, CanPublish: &publish, CanSubscribe: new(!publish),
	})
}

func tokenOf(t *testing.T, identity string, grant *auth.VideoGrant) string {
	t.Helper()
	return signed(t, auth.NewAccessToken(apiKey, apiSecret).SetVideoGrant(grant).SetIdentity(identity))
}

func signed(t *testing.T, access *auth.AccessToken) string {
	t.Helper()
	jwt, err := access.SetValidFor(time.Minute).ToJWT()
	if err != nil {
		t.Fatal(err)
	}
	return jwt
}

// removeParticipant throws somebody out of a room.
func removeParticipant(t *testing.T, serverURL, room, identity string) {
	t.Helper()
	client := lksdk.NewRoomServiceClient(serverURL, apiKey, apiSecret)
	_, err := client.RemoveParticipant(t.Context(), &livekit.RoomParticipantIdentity{Room: room, Identity: identity})
	if err != nil {
		t.Fatal(err)
	}
}

// findLeaks waits for what ends a little later: an attempt of the SDK's to mend a connection that was
// given up sleeps to its end.
func findLeaks() (err error) {
	http.DefaultClient.CloseIdleConnections()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if err = goleak.Find(); err == nil {
			return nil
		}
	}
	return err
}
