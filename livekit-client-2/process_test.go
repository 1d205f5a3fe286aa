//go:build !race

package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// program builds the bridge as it is shipped, without cgo, once for all tests.
var program = sync.OnceValues(func() (bin string, err error) {
	if programDir, err = os.MkdirTemp("", "bridge"); err != nil {
		return "", err
	}
	bin = filepath.Join(programDir, "bridge")
	build := exec.Command("go", "build", "-o", bin, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	_, err = build.CombinedOutput()
	return bin, err
})

// process is a bridge in a process of its own.
type process struct {
	*exec.Cmd
	url string
	log *lockedBuffer
}

func startProcess(t *testing.T, env ...string) *process {
	t.Helper()
	p := &process{log: &lockedBuffer{}}
	p.start(t, p.log, env)
	return p
}

// start runs the program with its log going to stderr, until the test's end.
func (p *process) start(t *testing.T, stderr io.Writer, env []string) {
	t.Helper()
	bin, err := program()
	if err != nil {
		t.Fatal(err)
	}
	port := strconv.Itoa(freePort(t))
	p.url = "http://127.0.0.1:" + port
	p.Cmd = exec.Command(bin)
	p.Env = append(os.Environ(), append(env, "BRIDGE_PORT="+port, "FETCH_ALLOW=127.0.0.1", "LOG_LEVEL=debug")...)
	p.Stderr = stderr
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Process.Kill() })
	await(t, "the bridge", func() bool {
		answer, err := http.Get(p.url + "/readyz")
		if err == nil {
			answer.Body.Close()
		}
		return err == nil
	})
}

func (p *process) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// wait waits for the program's end, and gives its exit code.
func (p *process) wait(t *testing.T) int {
	t.Helper()
	killer := time.AfterFunc(patience, func() { p.Process.Kill() })
	defer killer.Stop()
	p.Wait()
	return p.ProcessState.ExitCode()
}

// processStage is a controller of such a bridge that has joined a room, and who listens there.
type processStage struct {
	*controller
	*process
	room string
	ears *ears
}

func newProcessStage(t *testing.T, env ...string) *processStage {
	t.Helper()
	server := liveKitURL(t)
	return stageOf(t, startProcess(t, append(env, "LIVEKIT_URL="+server)...))
}

func stageOf(t *testing.T, p *process) *processStage {
	t.Helper()
	server := liveKitURL(t)
	s := &processStage{process: p, room: t.Name()}
	s.controller = connect(t, &testBridge{url: s.url})
	s.send(map[string]any{"action": "join_room", "roomName": s.room, "token": token(t, s.room, "bridge", true)})
	s.expect("room_joined", "")
	s.ears = keepListening(t, server, s.room)
	return s
}

func (s *processStage) playTone(id string, length time.Duration) {
	s.t.Helper()
	url := serveBytes(s.t, wav(48000, 1, sine(440, 48000, 1, int(48*length.Milliseconds()))))
	s.send(map[string]any{"action": "play_url", "requestId": id, "url": url})
	s.expect("play_started", id)
}

func TestTheBinary(t *testing.T) {
	p := startProcess(t)
	p.signal(t, os.Interrupt)
	if code := p.wait(t); code != 0 || !strings.Contains(p.log.String(), `"closed"`) {
		t.Errorf("%d: %s", code, p.log.String())
	}
}

func TestREC20_SIGTERMLetsSoundsFinish(t *testing.T) {
	s := newProcessStage(t)
	s.playTone("r1", 1500*time.Millisecond)
	s.signal(t, syscall.SIGTERM)
	s.expect("draining", "")
	if e := s.expect("play_complete", "r1"); !*e.Success || *e.DurationMs != 1500 {
		t.Errorf("%+v", e.Event)
	}
	s.expect("room_left", "")
	if code := s.wait(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if n := len(s.ears.sounding()); n < 74 {
		t.Errorf("%d packets of 75 were heard", n)
	}
}

func TestREC20_DrainingIsBounded(t *testing.T) {
	s := newProcessStage(t, "DRAIN_TIMEOUT_MS=300")
	s.playTone("r1", 10*time.Second)
	s.signal(t, syscall.SIGTERM)
	if e := s.expect("play_complete", "r1"); *e.Success || e.Error != "cancelled" {
		t.Errorf("%+v", e.Event)
	}
	if code := s.wait(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestREC21_AHeldUpBridgeGoesOnWithoutABurst(t *testing.T) {
	s := newProcessStage(t)
	s.playTone("r1", 2*time.Second)
	s.signal(t, syscall.SIGSTOP)
	timer := time.NewTimer(3 * time.Second)
	<-timer.C
	s.signal(t, syscall.SIGCONT)
	if e := s.expect("play_complete", "r1"); !*e.Success || *e.DurationMs != 2000 {
		t.Errorf("%+v", e.Event)
	}
	packets := s.ears.sounding()
	t.Logf("silent for %v; %d packets", longestSilence(packets), len(packets))
	if n := len(packets); n < 98 {
		t.Errorf("%d packets of 100 were heard", n)
	}
	// A burst would bring the 150 packets of the stop at once. At twice the pace, 5 take 50 ms.
	for i := 25; i < len(packets); i++ {
		if window := packets[i].at.Sub(packets[i-25].at); window < 150*time.Millisecond {
			t.Fatalf("25 packets came within %v", window)
		}
	}
}

func TestREC22_TheLogCannotBeWritten(t *testing.T) {
	server := liveKitURL(t)
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("this machine has no /dev/full:", err)
	}
	defer full.Close()
	reader, closed, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	reader.Close()
	defer closed.Close()
	unread, stuck, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer unread.Close()
	defer stuck.Close()
	if _, err := stuck.Write(bytes.Repeat([]byte("x"), 1<<16)); err != nil { // as much as a pipe holds
		t.Fatal(err)
	}
	for name, log := range map[string]*os.File{"full disk": full, "closed": closed, "unread": stuck} {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			p := &process{}
			p.start(t, log, []string{"LIVEKIT_URL=" + server})
			s := stageOf(t, p)
			s.playTone("r1", 200*time.Millisecond)
			if e := s.expect("play_complete", "r1"); !*e.Success {
				t.Errorf("%+v", e.Event)
			}
			s.signal(t, syscall.SIGTERM)
			if code := s.wait(t); code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

// What a run with many failures prints holds no secret.
func TestSEC8_TheLogHoldsNoSecret(t *testing.T) {
	const secret = "a-shared-secret"
	s := newProcessStage(t)
	sound := serveBytes(t, wav(48000, 1, sine(440, 48000, 1, 4800)))
	jwt := token(t, s.room, "bridge", true)
	expired := expiring(s.room, "bridge", -time.Hour)
	session := s.greeting().SessionID
	for i, url := range []string{
		sound, "http://127.0.0.1:1/x?signature=" + secretQuery, "http://user:" + secret + "@10.0.0.1/?key=" + secretQuery,
		"ftp://user:" + secret + "@x.example/?" + secretQuery, "http://no.such.name.invalid/?" + secretQuery, "::" + secretQuery,
	} {
		id := "r" + strconv.Itoa(i)
		s.send(map[string]any{"action": "play_url", "requestId": id, "url": url})
		s.expect("play_complete", id)
	}
	s.send(map[string]any{"action": "join_room", "token": jwt, "roomName": "another"})
	s.send(map[string]any{"action": "leave_room"})
	s.expect("room_left", "")
	s.send(map[string]any{"action": "join_room", "requestId": "j1", "token": expired})
	s.expect("error", "j1")
	s.send(map[string]any{"action": "join_room", "requestId": "j2", "token": jwt, "url": "ws://127.0.0.1:1?" + secretQuery})
	s.expect("error", "j2")
	s.sendText(`{"action":"join_room","token":"` + jwt + `","roomName":7}`)
	s.sendText(`not JSON ` + secretQuery)
	s.expectNth(5, "error", "")
	again := resume(t, &testBridge{url: s.url}, session, 0)
	again.flush()
	s.signal(t, syscall.SIGTERM)
	s.wait(t)
	told := s.log.String()
	for _, e := range append(s.everything(), again.everything()...) {
		told += e
	}
	for _, secret := range []string{secret, secretQuery, jwt, expired, strings.Split(jwt, ".")[2], apiSecret} {
		if strings.Contains(told, secret) {
			t.Errorf("%q was told", secret)
		}
	}
	if strings.Contains(s.log.String(), session) {
		t.Error("the session's key is in the log")
	}
}

// everything is the messages and reasons of all events.
func (c *controller) everything() (texts []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.events {
		texts = append(texts, e.Message, e.Reason, e.Field)
	}
	return texts
}

// Nothing here may depend on the wall clock, which can be set at any time, but what tells others when
// something was. time.Now's monotonic reading is used as long as nobody takes it off.
func TestREC23_TheWallClockIsNotUsed(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, entry os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, "internal/otlp/") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, call := range []string{".Unix()", ".UnixMilli()", ".UnixNano()", ".Round(0)", "time.Date(", "time.Parse("} {
			if bytes.Contains(text, []byte(call)) {
				t.Errorf("%s uses %s", path, call)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
