// Package ogg takes packets out of an Ogg stream (RFC 3533). Damaged pages are skipped, and packets
// are bounded in size.
package ogg

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
)

const (
	headerSize = 27
	// MaxPacket is the most that is kept of a packet, in bytes: more than any sound needs. Comments
	// with pictures are longer.
	MaxPacket = 256 << 10
)

// Flags of a page (RFC 3533, section 6).
const (
	flagContinued = 1
	flagFirst     = 2
	flagLast      = 4
)

var signature = []byte("OggS")

// Packet is a packet with what its page says. Data is valid until the next call of Next.
type Packet struct {
	Data   []byte // at most MaxPacket of it
	Serial uint32 // of its logical stream
	First  bool   // of its logical stream
	// Granule is the codec's position after the packet, or -1 where the page gives none. A page
	// gives that of its last packet.
	Granule int64
	// Last says that the packet's page is the last of its logical stream, and End is the position
	// that this page gives.
	Last bool
	End  int64
	// Lost says that pages were lost before the packet.
	Lost bool
}

// Reader reads the packets of one logical stream at a time, and the first packet of every other.
type Reader struct {
	src      *bufio.Reader
	page     page
	serial   uint32
	chosen   bool
	sequence uint32 // of the stream's last page
	partial  []byte // a packet that goes on in the next page
	open     bool   // there is one
	lost     bool
	ended    bool // the chosen stream's last page was read
	skipped  int64
}

// page is a page that packets are being taken from.
type page struct {
	buf      []byte // the body
	lacing   [255]byte
	segments int
	next     int // segment
	at       int // of buf
	flags    byte
	granule  int64
	serial   uint32
	sequence uint32
}

// NewReader makes a Reader. src looks ahead by at least 27 bytes.
func NewReader(src *bufio.Reader) *Reader { return &Reader{src: src} }

// Follow chooses the logical stream that Next gives all the packets of; until then it gives only
// first ones.
func (r *Reader) Follow(p Packet) {
	r.serial, r.chosen = p.Serial, true
	r.sequence, r.open, r.lost = r.page.sequence, false, false
	r.ended = r.page.flags&flagLast != 0
}

// Ended says that the last page of the followed stream was read; it may hold no packet.
func (r *Reader) Ended() bool { return r.ended }

// Skipped is how many bytes belonged to no valid page so far.
func (r *Reader) Skipped() int64 { return r.skipped }

// Next gives the next packet. At the end of the stream, a packet that is not complete is dropped, and
// the error is io.EOF; else it is that of the source.
func (r *Reader) Next() (Packet, error) {
	for {
		if p, ok := r.take(); ok {
			return p, nil
		}
		if err := r.turn(); err != nil {
			return Packet{}, err
		}
	}
}

// take takes the next complete packet out of the current page.
func (r *Reader) take() (Packet, bool) {
	g := &r.page
	start := g.at
	for g.next < g.segments {
		size := int(g.lacing[g.next])
		g.next++
		g.at += size
		if size == 255 {
			continue
		}
		return r.packet(g.buf[start:g.at]), true
	}
	if g.at > start {
		r.keep(g.buf[start:g.at])
	}
	return Packet{}, false
}

// keep adds to the packet that goes on in the next page.
func (r *Reader) keep(data []byte) {
	if !r.open {
		r.partial = r.partial[:0]
	}
	r.open = true
	r.partial = append(r.partial, data[:min(len(data), MaxPacket-len(r.partial))]...)
}

// packet completes a packet by data.
func (r *Reader) packet(data []byte) Packet {
	if r.open {
		r.keep(data)
		data, r.open = r.partial, false
	}
	g := &r.page
	p := Packet{Data: data, Serial: g.serial, First: g.flags&flagFirst != 0, Granule: -1,
		Last: g.flags&flagLast != 0, End: g.granule, Lost: r.lost}
	if g.lastPacket() {
		p.Granule = g.granule
	}
	r.lost = false
	return p
}

// lastPacket says that no packet ends in the rest of the page.
func (g *page) lastPacket() bool {
	for _, size := range g.lacing[g.next:g.segments] {
		if size < 255 {
			return false
		}
	}
	return true
}

// turn reads pages up to the next that matters.
func (r *Reader) turn() error {
	for {
		if err := r.read(); err != nil {
			return err
		}
		g := &r.page
		if g.flags&flagFirst != 0 {
			r.open = false
			return nil
		}
		if r.chosen && g.serial == r.serial {
			r.join()
			return nil
		}
		g.segments = 0
	}
}

// join holds a page against the one before it.
func (r *Reader) join() {
	g := &r.page
	if r.sequence++; g.sequence != r.sequence {
		r.sequence, r.lost, r.open = g.sequence, true, false
	}
	if continued := g.flags&flagContinued != 0; continued && !r.open {
		g.skipPacket()
	} else if !continued {
		r.open = false
	}
	r.ended = r.ended || g.flags&flagLast != 0
}

// skipPacket skips the rest of a packet whose beginning is lost.
func (g *page) skipPacket() {
	for g.next < g.segments {
		size := g.lacing[g.next]
		g.next++
		g.at += int(size)
		if size < 255 {
			return
		}
	}
}

// read reads the next valid page.
func (r *Reader) read() error {
	for {
		if err := r.sync(); err != nil {
			return err
		}
		head, err := r.src.Peek(headerSize)
		if err != nil {
			return ended(err)
		}
		sum := binary.LittleEndian.Uint32(head[22:])
		crc := crc32(0, head[:22])
		crc = crc32(crc, []byte{0, 0, 0, 0})
		crc = crc32(crc, head[26:])
		r.page.begin(head)
		r.src.Discard(headerSize)
		if err := r.body(); err != nil {
			return ended(err)
		}
		crc = crc32(crc, r.page.lacing[:r.page.segments])
		if crc32(crc, r.page.buf) == sum {
			return nil
		}
		r.skipped += int64(headerSize + r.page.segments + len(r.page.buf))
		r.page.segments = 0
	}
}

// ended makes a stream's end within a page the same as one between pages.
func ended(err error) error {
	if err == io.ErrUnexpectedEOF {
		return io.EOF
	}
	return err
}

// sync skips up to the next page's signature.
func (r *Reader) sync() error {
	for {
		head, err := r.src.Peek(len(signature))
		if err != nil {
			return err
		}
		if bytes.Equal(head, signature) {
			return nil
		}
		r.src.Discard(1)
		r.skipped++
	}
}

// begin takes in a page's header.
func (g *page) begin(head []byte) {
	g.flags = head[5]
	g.granule = int64(binary.LittleEndian.Uint64(head[6:]))
	g.serial = binary.LittleEndian.Uint32(head[14:])
	g.sequence = binary.LittleEndian.Uint32(head[18:])
	g.segments = int(head[26])
	g.next, g.at = 0, 0
}

// body reads a page's lacing values and its data.
func (r *Reader) body() error {
	g := &r.page
	if _, err := io.ReadFull(r.src, g.lacing[:g.segments]); err != nil {
		g.segments = 0
		return err
	}
	size := 0
	for _, lacing := range g.lacing[:g.segments] {
		size += int(lacing)
	}
	if cap(g.buf) < size {
		g.buf = make([]byte, size)
	}
	g.buf = g.buf[:size]
	if _, err := io.ReadFull(r.src, g.buf); err != nil {
		g.segments = 0
		return err
	}
	return nil
}
