package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"testing"
	"time"

	"github.com/pion/rtp"
)

type packetLine struct {
	Type, ID, Track, Payload string
	At                       int64
	Seq                      uint16
	Ts, SSRC                 uint32
	Marker                   bool
}

func TestPacketLine(t *testing.T) {
	var written bytes.Buffer
	out := newOutput(&written)
	at := time.UnixMicro(1_795_000_000_123_456)
	payload := []byte{0xfc, 0x00, 0xff}
	out.packet(packetHead(`a"b`, "TR_1"), at, &rtp.Packet{
		Header:  rtp.Header{SequenceNumber: 65535, Timestamp: 4294967295, SSRC: 7, Marker: true},
		Payload: payload,
	})
	out.Close()

	var got packetLine
	if err := json.Unmarshal(written.Bytes(), &got); err != nil {
		t.Fatalf("%v in %s", err, written.String())
	}
	want := packetLine{
		Type: "packet", ID: `a"b`, Track: "TR_1", Payload: base64.StdEncoding.EncodeToString(payload),
		At: at.UnixMicro(), Seq: 65535, Ts: 4294967295, SSRC: 7, Marker: true,
	}
	if got != want {
		t.Fatalf("got %+v, want %+v", got, want)
	}
}

// gate is a writer that stands still until it is opened.
type gate struct {
	open chan struct{}
	w    io.Writer
}

func (g gate) Write(b []byte) (int, error) {
	<-g.open
	return g.w.Write(b)
}

func TestASlowReaderLosesPacketsAndIsTold(t *testing.T) {
	var written bytes.Buffer
	slow := gate{open: make(chan struct{}), w: &written}
	out := newOutput(slow)
	packet := rtp.Packet{Payload: make([]byte, 1200)}
	head := packetHead("a", "TR_1")
	for range 3 * maxPending / 1600 {
		out.packet(head, time.Now(), &packet)
	}
	if len(out.pending) > maxPending+2000 {
		t.Fatalf("%d bytes wait, want at most about %d", len(out.pending), maxPending)
	}
	close(slow.open)
	out.Close()
	if !bytes.Contains(written.Bytes(), []byte(`{"type":"dropped"`)) {
		t.Fatal("the loss was not told")
	}
}

func TestPacketDoesNotAllocate(t *testing.T) {
	out := newOutput(io.Discard)
	defer out.Close()
	packet := rtp.Packet{Payload: make([]byte, 80)}
	head := packetHead("a", "TR_1")
	at := time.Now()
	for range 20_000 { // both buffers reach their size
		out.packet(head, at, &packet)
	}
	if allocs := testing.AllocsPerRun(1000, func() { out.packet(head, at, &packet) }); allocs > 1 {
		t.Fatalf("%v allocations a packet", allocs)
	}
}
