// Package flac decodes FLAC (RFC 9639): every bit depth and channel count, with all checksums
// checked. A damaged frame becomes silence of the same length, so that what follows stays in time.
// Nothing is allocated once the largest frame has been seen.
package flac

import (
	"errors"
	"io"
)

var (
	// ErrNotFLAC reports that a stream does not start as FLAC does.
	ErrNotFLAC = errors.New("flac: no signature")
	// ErrStreamInfo reports that a stream's first metadata block is not a valid STREAMINFO.
	ErrStreamInfo = errors.New("flac: invalid STREAMINFO")
)

// maxGap is the longest silence put in place of lost frames, in samples: as long as the longest
// frame. A greater step of the sample number is an edit rather than damage.
const maxGap = 1 << 16

// Decoder decodes one stream. It is not safe for concurrent use.
type Decoder struct {
	bits      bitReader
	info      streamInfo
	blockSize int // of all frames of a stream with a fixed one, but the last; 0 until known
	samples   [][]int64
	scale     float32
	block     int   // samples of the current frame, per channel
	at        int   // the next of them
	gap       int   // samples of silence before the current frame
	next      int64 // number of the sample after the current frame
	damaged   int64
	muted     int64
	skipped   int64
}

// NewDecoder reads the stream's metadata. Errors: ErrNotFLAC, ErrStreamInfo, or that of r.
func NewDecoder(r io.Reader) (*Decoder, error) {
	d := &Decoder{}
	d.bits.src = r
	if d.bits.read(32) != 0x664c6143 { // "fLaC"
		return nil, d.failure(ErrNotFLAC)
	}
	if err := d.metadata(); err != nil {
		return nil, err
	}
	d.samples = make([][]int64, d.info.channels)
	return d, nil
}

func (d *Decoder) failure(err error) error {
	if d.bits.err != nil {
		return d.bits.err
	}
	return err
}

// metadata reads all blocks before the first frame (section 8), of which only the first matters.
func (d *Decoder) metadata() error {
	for first := true; ; first = false {
		last, kind, size := d.bits.read(1), d.bits.read(7), int(d.bits.read(24))
		if d.bits.err != nil {
			return d.bits.err
		}
		if first != (kind == 0) || first && size != 34 {
			return ErrStreamInfo
		}
		if first {
			d.streamInfo()
		} else if err := d.bits.discard(size); err != nil {
			return err
		}
		if last == 1 {
			return d.bits.err
		}
	}
}

// discard skips n bytes; the reader is aligned.
func (b *bitReader) discard(n int) error {
	for ; n > 0 && b.err == nil; n-- {
		b.read(8)
	}
	return b.err
}

func (d *Decoder) streamInfo() {
	smallest, largest := int(d.bits.read(16)), int(d.bits.read(16))
	if smallest == largest {
		d.blockSize = smallest
	}
	d.bits.read(48) // frame sizes
	d.info.rate = int(d.bits.read(20))
	d.info.channels = int(d.bits.read(3)) + 1
	d.info.bits = uint(d.bits.read(5)) + 1
	d.info.samples = int64(d.bits.read(36))
	d.bits.discard(16) // MD5
}

// SampleRate is in Hz, and may be 0 in a stream that is not audio.
func (d *Decoder) SampleRate() int { return d.info.rate }

// Channels is 1 to 8.
func (d *Decoder) Channels() int { return d.info.channels }

// Bits is how many bits a sample has: 1 to 32.
func (d *Decoder) Bits() int { return int(d.info.bits) }

// Samples is the stream's length per channel as its header says, or -1.
func (d *Decoder) Samples() int64 {
	if d.info.samples == 0 {
		return -1
	}
	return d.info.samples
}

// Damaged is how many times frames were replaced by silence so far.
func (d *Decoder) Damaged() int64 { return d.damaged }

// Muted is how much silence that was, in samples per channel.
func (d *Decoder) Muted() int64 { return d.muted }

// Skipped is how many bytes belonged to no frame so far.
func (d *Decoder) Skipped() int64 { return d.skipped }

// Read fills dst with interleaved samples, full scale at +-1, whole frames only, and fewer than
// there is room for at the end of a block. At the end it is io.EOF, or the reader's error.
func (d *Decoder) Read(dst []float32) (int, error) {
	frames := len(dst) / d.info.channels
	if frames == 0 {
		return 0, nil
	}
	for d.gap == 0 && d.at == d.block {
		if err := d.frame(); err != nil {
			return 0, err
		}
	}
	if d.gap > 0 {
		n := min(frames, d.gap)
		clear(dst[:n*d.info.channels])
		d.gap -= n
		return n * d.info.channels, nil
	}
	n := min(frames, d.block-d.at)
	for c, samples := range d.samples {
		for i, v := range samples[d.at : d.at+n] {
			dst[i*d.info.channels+c] = float32(v) * d.scale
		}
	}
	d.at += n
	return n * d.info.channels, nil
}

// frame decodes the next frame.
func (d *Decoder) frame() error {
	header, err := d.sync()
	if err != nil {
		return err
	}
	d.place(header)
	d.reserve(header.block)
	if !d.decode(header) {
		if d.bits.err != nil {
			d.block = 0
			return d.bits.err
		}
		d.damaged++
		d.muted += int64(header.block)
		for _, samples := range d.samples {
			clear(samples)
		}
		d.bits.align()
	}
	return nil
}

// syncByte is the first of the sync code's two.
var syncByte = []byte{0xff}

// sync finds the next frame header of this stream.
func (d *Decoder) sync() (frameHeader, error) {
	b := &d.bits
	for last := uint(0); ; d.skipped++ {
		b.startCRC()
		if last == 0xff {
			b.crc = crc16(0, syncByte)
		}
		next := uint(b.read(8))
		if b.err != nil {
			return frameHeader{}, b.err
		}
		if last == 0xff && next&0xfe == 0xf8 {
			if header, ok := d.header(next); ok {
				d.skipped-- // the first byte of the code was counted before the second was seen
				return header, nil
			}
			next = 0
		}
		last = next
	}
}

// fixedBlock is the block size that frame numbers count in.
func (d *Decoder) fixedBlock(block int) int {
	if d.blockSize == 0 {
		d.blockSize = block
	}
	return d.blockSize
}

// place makes up by silence for frames that were lost before a header.
func (d *Decoder) place(header frameHeader) {
	if lost := header.first - d.next; d.next > 0 && lost > 0 && lost <= maxGap {
		d.gap = int(lost)
		d.damaged++
		d.muted += lost
	}
	d.next = header.first + int64(header.block)
}

// reserve makes room for a block.
func (d *Decoder) reserve(block int) {
	d.block, d.at = block, 0
	for c, samples := range d.samples {
		if cap(samples) < block {
			samples = make([]int64, block)
		}
		d.samples[c] = samples[:block]
	}
}

// decode reads a frame's subframes and its checksum.
func (d *Decoder) decode(header frameHeader) bool {
	d.scale = 1 / float32(uint64(1)<<(header.bits-1))
	for c, samples := range d.samples {
		bits := header.bits
		if side := header.assignment == sideRight; c == 0 && side || c == 1 && !side && header.assignment >= leftSide {
			bits++
		}
		if !d.bits.subframe(samples, bits) {
			return false
		}
	}
	d.bits.align()
	want := d.bits.endCRC()
	if uint16(d.bits.read(16)) != want || d.bits.err != nil {
		return false
	}
	if header.assignment >= leftSide {
		decorrelate(header.assignment, d.samples[0], d.samples[1])
	}
	return true
}

// decorrelate makes left and right of what a frame stores (section 4.2).
func decorrelate(assignment uint, a, b []int64) {
	b = b[:len(a)]
	switch assignment {
	case leftSide:
		for i, left := range a {
			b[i] = left - b[i]
		}
	case sideRight:
		for i, side := range a {
			a[i] = side + b[i]
		}
	case midSide:
		for i, mid := range a {
			side := b[i]
			mid = mid<<1 | side&1
			a[i], b[i] = (mid+side)>>1, (mid-side)>>1
		}
	}
}
