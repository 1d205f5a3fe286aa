package main

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/pion/rtp"
)

// maxPending bounds the records that wait for a slow reader, in bytes: some 40 s of 50 tracks.
const maxPending = 16 << 20

// record is what happened to a listener, one line of standard output. Packets have a form of their
// own, see output.packet.
type record struct {
	Type string `json:"type"`
	ID   string `json:"id,omitempty"`
	// At is the wall clock in µs since the Unix epoch: exact in the reader's doubles, which ns are not.
	At        int64  `json:"at"`
	Room      string `json:"room,omitempty"`
	Identity  string `json:"identity,omitempty"`
	Publisher string `json:"publisher,omitempty"`
	Track     string `json:"track,omitempty"`
	Name      string `json:"name,omitempty"`
	Reason    string `json:"reason,omitempty"`
	Count     int    `json:"count,omitempty"`
}

// output writes records as lines. Writers never wait: they append to a bounded buffer that one
// goroutine carries to the reader; what does not fit is counted and said in a "dropped" record.
type output struct {
	mu      sync.Mutex
	pending []byte
	dropped int
	closed  bool
	wake    chan struct{}
	done    chan struct{}
}

func newOutput(w io.Writer) *output {
	o := &output{wake: make(chan struct{}, 1), done: make(chan struct{})}
	go o.run(w)
	return o
}

// event writes a record, stamped with the present time.
func (o *output) event(r record) {
	r.At = time.Now().UnixMicro()
	line, err := json.Marshal(r)
	if err != nil {
		return // a struct of strings and integers always marshals
	}
	o.append(func(b []byte) []byte { return append(append(b, line...), '\n') })
}

// packet writes one RTP packet: arrival in µs, RFC 3550 header fields, payload in base64. head is
// the beginning of the line, which is the same for every packet of a track.
func (o *output) packet(head []byte, at time.Time, p *rtp.Packet) {
	o.append(func(b []byte) []byte {
		b = append(b, head...)
		b = strconv.AppendInt(append(b, `,"at":`...), at.UnixMicro(), 10)
		b = strconv.AppendUint(append(b, `,"seq":`...), uint64(p.SequenceNumber), 10)
		b = strconv.AppendUint(append(b, `,"ts":`...), uint64(p.Timestamp), 10)
		b = strconv.AppendBool(append(b, `,"marker":`...), p.Marker)
		b = strconv.AppendUint(append(b, `,"ssrc":`...), uint64(p.SSRC), 10)
		b = base64.StdEncoding.AppendEncode(append(b, `,"payload":"`...), p.Payload)
		return append(b, '"', '}', '\n')
	})
}

// packetHead is the beginning of every packet line of a track.
func packetHead(id, track string) []byte {
	quotedID, _ := json.Marshal(id)
	quotedTrack, _ := json.Marshal(track)
	head := append([]byte(`{"type":"packet","id":`), quotedID...)
	return append(append(head, `,"track":`...), quotedTrack...)
}

func (o *output) append(line func([]byte) []byte) {
	o.mu.Lock()
	switch {
	case o.closed:
	case len(o.pending) > maxPending:
		o.dropped++
	default:
		o.pending = line(o.pending)
	}
	o.mu.Unlock()
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// Close writes what is pending and ends. It waits as long as the reader takes.
func (o *output) Close() {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	select {
	case o.wake <- struct{}{}:
	default:
	}
	<-o.done
}

func (o *output) run(w io.Writer) {
	defer close(o.done)
	var writing []byte
	for range o.wake {
		for {
			var dropped int
			var closed bool
			writing, dropped, closed = o.take(writing)
			if dropped > 0 {
				line, _ := json.Marshal(record{Type: "dropped", At: time.Now().UnixMicro(), Count: dropped})
				writing = append(append(writing, line...), '\n')
			}
			if len(writing) > 0 {
				if _, err := w.Write(writing); err != nil {
					return // the reader is gone: main ends when its standard input does
				}
				continue
			}
			if closed {
				return
			}
			break
		}
	}
}

// take hands the pending lines over and gives the buffer that was written back for reuse.
func (o *output) take(written []byte) (lines []byte, dropped int, closed bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	lines, o.pending = o.pending, written[:0]
	dropped, o.dropped = o.dropped, 0
	return lines, dropped, o.closed
}
