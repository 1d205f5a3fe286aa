//go:build !race

// The tests of outages run without the race detector: pion/ice v4.2.7 reads the servers' list without
// its lock while it gathers (gather.go), which a busy machine makes it report now and then.
package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/livekit/protocol/livekit"
	"github.com/livekit/protocol/logger"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/webrtc/v4"
)

// isSound tells packets of a tone from the bridge's silence, which is short, and from the server's,
// which it sends at a track's end.
func isSound(p heard) bool {
	return len(p.Payload) >= 40 && !bytes.HasPrefix(p.Payload, []byte{0xf8, 0xff, 0xfe})
}

// ears are somebody who listens in a room, and comes back at once whenever it is lost: what is missing
// there was not sent.
type ears struct {
	listener
	cancel context.CancelFunc
	done   chan struct{}
}

func keepListening(t *testing.T, serverURL, room string) *ears {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	e := &ears{cancel: cancel, done: make(chan struct{})}
	e.subscribed = make(chan struct{})
	go func() {
		defer close(e.done)
		for ctx.Err() == nil {
			e.attend(t, ctx, serverURL, room)
		}
	}()
	t.Cleanup(func() {
		e.cancel()
		<-e.done
		e.readers.Wait()
	})
	select {
	case <-e.subscribed:
	case <-time.After(patience):
		t.Fatal("nothing is published")
	}
	return e
}

// attend listens until the connection is lost in any way.
func (e *ears) attend(t *testing.T, ctx context.Context, serverURL, name string) {
	over := make(chan struct{}, 1)
	room := lksdk.NewRoom(&lksdk.RoomCallback{
		OnDisconnected: func() { rouse(over) },
		OnReconnecting: func() { rouse(over) },
		ParticipantCallback: lksdk.ParticipantCallback{
			OnTrackSubscribed: func(track *webrtc.TrackRemote, _ *lksdk.RemoteTrackPublication, _ *lksdk.RemoteParticipant) {
				e.readers.Go(func() { e.read(track) })
				e.once.Do(func() { close(e.subscribed) })
			},
		},
	})
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer room.Disconnect()
	err := room.JoinWithContextAndToken(ctx, serverURL, token(t, name, "ears", false),
		lksdk.WithDisableRegionDiscovery(), lksdk.WithLogger(logger.GetDiscardLogger()))
	if err != nil {
		time.Sleep(50 * time.Millisecond)
		return
	}
	select {
	case <-over:
	case <-ctx.Done():
	}
}

// sounding are the packets that held sound, in the order in which they came.
func (e *ears) sounding() []heard {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(e.packets), func(p heard) bool { return !isSound(p) })
}

// longestSilence is that between two packets of sound.
func longestSilence(packets []heard) (longest time.Duration) {
	for i := 1; i < len(packets); i++ {
		longest = max(longest, packets[i].at.Sub(packets[i-1].at))
	}
	return longest
}

// outageStage is a bridge that plays into a room of a LiveKit server that the test may break, with
// somebody who listens there.
type outageStage struct {
	*controller
	bridge *testBridge
	server *liveKit
	proxy  *tcpProxy // between the bridge and the server's signalling
	ears   *ears
	room   string
}

func newOutageStage(t *testing.T, change func(*Config)) *outageStage {
	t.Helper()
	t.Parallel() // these tests wait more than they work
	return newOutageStageBy(t, change, func(room string) string { return token(t, room, "bridge", true) })
}

// newOutageStageBy joins by a token that is made for the room.
func newOutageStageBy(t *testing.T, change func(*Config), made func(room string) string) *outageStage {
	t.Helper()
	bin := os.Getenv("LIVEKIT_SERVER_BIN")
	if bin == "" {
		t.Skip("LIVEKIT_SERVER_BIN names no LiveKit server; `make test` sets it")
	}
	s := &outageStage{server: newLiveKit(t, bin), room: t.Name()}
	s.server.start(t)
	t.Cleanup(s.server.remove)
	s.proxy = newTCPProxy(t, s.server.port)
	s.bridge = newTestBridge(t, testConfig(t, func(c *Config) {
		c.LiveKitURL = s.proxy.url()
		if change != nil {
			change(c)
		}
	}))
	s.controller = connect(t, s.bridge)
	s.join(made(s.room))
	s.expect("room_joined", "")
	s.ears = keepListening(t, s.server.url(), s.room)
	return s
}

func (s *outageStage) join(token string) {
	s.t.Helper()
	s.send(map[string]any{"action": "join_room", "roomName": s.room, "token": token})
}

// playTone plays so much sound and returns once it is being heard.
func (s *outageStage) playTone(id string, length time.Duration) {
	s.t.Helper()
	before := len(s.ears.sounding())
	url := serveBytes(s.t, wav(48000, 1, sine(440, 48000, 1, int(48*length.Milliseconds()))))
	s.send(map[string]any{"action": "play_url", "requestId": id, "url": url})
	await(s.t, "the sound", func() bool { return len(s.ears.sounding()) > before+25 })
}

// expectWhole waits for a play's end, and asserts that it was said once, that the whole sound was
// played and heard but for so much, and that the room was silent for no longer than bound.
func (s *outageStage) expectWhole(id string, length, missing, bound time.Duration) {
	s.t.Helper()
	complete := s.expect("play_complete", id)
	if complete.Success == nil || !*complete.Success || *complete.DurationMs != float64(length.Milliseconds()) {
		s.t.Errorf("%+v", complete.Event)
	}
	s.flush()
	if n := len(s.all("play_complete", id)); n != 1 {
		s.t.Errorf("%d play_complete", n)
	}
	packets := s.ears.sounding()
	got := time.Duration(len(packets)) * 20 * time.Millisecond
	silent := longestSilence(packets)
	s.t.Logf("silent for %v; %v of %v were heard", silent.Round(time.Millisecond), got, length)
	if got < length-missing {
		s.t.Errorf("only %v of %v were heard", got, length)
	}
	if silent > bound {
		s.t.Errorf("silent for %v, more than %v", silent, bound)
	}
}

// expectRecovered waits until a play goes on.
func (s *outageStage) expectRecovered(id string) received {
	s.t.Helper()
	e := s.expect("play_recovered", id)
	s.t.Logf("recovered: silent for %v ms, at %v ms", *e.SilentMs, *e.PositionMs)
	return e
}

func (s *outageStage) service() *lksdk.RoomServiceClient {
	return lksdk.NewRoomServiceClient(s.server.url(), apiKey, apiSecret)
}

// participants are the identities in the room.
func (s *outageStage) participants() []string {
	s.t.Helper()
	list, err := s.service().ListParticipants(s.t.Context(), &livekit.ListParticipantsRequest{Room: s.room})
	if err != nil {
		s.t.Fatal(err)
	}
	var identities []string
	for _, p := range list.Participants {
		identities = append(identities, p.Identity)
	}
	slices.Sort(identities)
	return identities
}

// tcpProxy passes connections on to a port of this machine, and can cut them, refuse new ones, or let
// bytes vanish.
type tcpProxy struct {
	address string
	target  string
	open    sync.WaitGroup

	mu       sync.Mutex
	listener net.Listener
	conns    map[net.Conn]struct{}
	vanish   chan struct{} // closed while bytes pass
	closed   bool
}

func newTCPProxy(t *testing.T, port int) *tcpProxy {
	t.Helper()
	p := &tcpProxy{
		target: (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}).String(),
		conns:  make(map[net.Conn]struct{}),
		vanish: make(chan struct{}),
	}
	close(p.vanish)
	p.address = "127.0.0.1:0"
	p.accept(t)
	t.Cleanup(func() {
		p.mu.Lock()
		p.closed = true
		p.mu.Unlock()
		p.passAll()
		p.refuse()
		p.cut()
		p.open.Wait()
	})
	return p
}

func (p *tcpProxy) url() string { return "ws://" + p.address }

// accept takes new connections.
func (p *tcpProxy) accept(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", p.address)
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	p.listener, p.address = listener, listener.Addr().String()
	p.mu.Unlock()
	p.open.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			p.open.Go(func() { p.serve(conn) })
		}
	})
}

// refuse takes no new connection.
func (p *tcpProxy) refuse() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listener.Close()
}

// cut ends all connections.
func (p *tcpProxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.conns {
		conn.Close()
	}
}

// swallow lets bytes vanish, without anybody being told.
func (p *tcpProxy) swallow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.vanish = make(chan struct{})
}

// passAll ends that.
func (p *tcpProxy) passAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.vanish:
	default:
		close(p.vanish)
	}
}

func (p *tcpProxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer server.Close()
	p.mu.Lock()
	p.conns[client], p.conns[server] = struct{}{}, struct{}{}
	over := p.closed
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.conns, client)
		delete(p.conns, server)
		p.mu.Unlock()
	}()
	if over {
		return
	}
	done := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{client, server}, {server, client}} {
		p.open.Go(func() {
			io.Copy(gatedWriter{p, way[1]}, way[0])
			done <- struct{}{}
		})
	}
	<-done
}

type gatedWriter struct {
	proxy *tcpProxy
	io.Writer
}

func (w gatedWriter) Write(data []byte) (int, error) {
	w.proxy.mu.Lock()
	passes := w.proxy.vanish
	w.proxy.mu.Unlock()
	<-passes
	return w.Writer.Write(data)
}
