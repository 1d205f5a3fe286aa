package mp3

import (
	"errors"
	"fmt"
	"io"
)

const (
	scanBuffer = 16 << 10
	// maxEmptyReads is how many reads without data or error are put up with.
	maxEmptyReads = 100
)

// errScanLimit reports that no frame was found within the scanner's limit.
var errScanLimit = errors.New("mp3: no frame within the limit")

// scanner cuts a byte stream into frames. It is in sync while each frame starts where the
// last one ended; then a frame is good as soon as it's complete. Out of sync, a frame must
// also be followed by a header that agrees with its own, a tag, or the end.
type scanner struct {
	r     io.Reader
	buf   [scanBuffer]byte
	start int // of the bytes of buf not consumed
	end   int
	err   error // of r; sticky

	synced   bool
	locked   bool   // ref is set: only frames of its kind are taken
	ref      header // of the first frame
	freeSize int    // frame length of a free format stream, without padding; 0: not known
	skipped  int64  // bytes that were neither frames nor tags
	limit    int64  // of skipped
}

// next returns the next frame; it's valid until the following call. lost tells that bytes
// were skipped before it. At the end the error is io.EOF or that of the reader.
func (s *scanner) next() (frame []byte, h header, lost bool, err error) {
	for {
		if !s.need(headerSize) {
			s.skip(s.end - s.start)
			return nil, header{}, lost, s.readError()
		}
		if h, ok := parseHeader(s.buf[s.start:s.end]); ok && s.accepts(h) {
			if size := s.frameSize(h); size > 0 && s.confirmed(h, size) {
				frame := s.buf[s.start : s.start+size]
				s.start += size
				s.lock(h)
				return frame, h, lost, nil
			}
		} else if s.skipTag() {
			continue
		}
		lost, s.synced = true, false
		if s.skipped >= s.limit {
			return nil, header{}, lost, errScanLimit
		}
		s.skipToCandidate()
	}
}

// reset goes on with another place of the same stream.
func (s *scanner) reset(r io.Reader) {
	s.r, s.err = r, nil
	s.start, s.end = 0, 0
	s.synced = false
}

// lock records that the frame with header h was taken.
func (s *scanner) lock(h header) {
	s.synced = true
	if !s.locked {
		s.locked, s.ref = true, h
	}
}

// unread gives the frame just returned by next back.
func (s *scanner) unread(frame []byte) { s.start -= len(frame) }

// accepts tells whether a frame with header h can be of this stream.
func (s *scanner) accepts(h header) bool { return !s.locked || h.sameStream(s.ref) }

// confirmed tells whether the frame of this size at the read position is complete and, when
// out of sync, whether what follows confirms it.
func (s *scanner) confirmed(h header, size int) bool {
	if !s.need(size) {
		return false
	}
	if s.synced {
		return true
	}
	if !s.need(size + headerSize) {
		return s.err == io.EOF
	}
	if follows(s.buf[s.start+size:s.end], h) {
		return true
	}
	s.need(size + tagHead)
	return tagSize(s.buf[s.start+size:s.end]) > 0
}

// follows tells whether b starts with a header of the same stream as h.
func follows(b []byte, h header) bool {
	o, ok := parseHeader(b)
	return ok && o.sameStream(h)
}

// frameSize is the length in bytes of the frame at the read position; 0 if it can't be told
// or makes no sense.
func (s *scanner) frameSize(h header) int {
	size := h.frameSize()
	if h.bitrate == 0 {
		if !s.locked && h.layer == layerIII {
			s.freeSize = s.measureFree(h)
		}
		if s.freeSize == 0 {
			return 0
		}
		size = s.freeSize + h.padding
	}
	if h.layer == layerIII && size < h.sideInfoOffset()+h.sideInfoSize() {
		return 0
	}
	return size
}

// measureFree finds the length of free format frames: the distance to the next header,
// which has to lead to a third one or to the end.
func (s *scanner) measureFree(h header) int {
	smallest := h.sideInfoOffset() + h.sideInfoSize()
	for size := smallest; size <= maxFrameSize; size++ {
		if !s.need(size + headerSize) {
			return 0
		}
		second := s.buf[s.start+size : s.end]
		if !follows(second, h) {
			continue
		}
		o, _ := parseHeader(second)
		third := size + size - h.padding + o.padding
		if !s.need(third+tagHead) || follows(s.buf[s.start+third:s.end], h) || tagSize(s.buf[s.start+third:s.end]) > 0 {
			return size - h.padding
		}
	}
	return 0
}

// skipTag skips a tag at the read position, if there is one, without reading further than
// to tell.
func (s *scanner) skipTag() bool {
	switch s.buf[s.start] {
	case 'I', 'A', 'T':
	default:
		return false
	}
	s.need(tagHead)
	size := tagSize(s.buf[s.start:s.end])
	for left := size; left > 0; {
		n := min(left, s.end-s.start)
		s.start += n
		if left -= n; left > 0 && !s.need(1) {
			break
		}
	}
	return size > 0
}

// skipToCandidate moves on to the next byte that a header or a tag can start with.
func (s *scanner) skipToCandidate() {
	n := 1
	for ; s.start+n < s.end; n++ {
		switch s.buf[s.start+n] {
		case 0xff, 'I', 'A', 'T':
			s.skip(n)
			return
		}
	}
	s.skip(n)
}

func (s *scanner) skip(n int) {
	s.start += n
	s.skipped += int64(n)
}

// need makes n bytes available from the read position on; false if the stream ends before.
func (s *scanner) need(n int) bool {
	if s.start+n > len(s.buf) {
		s.end = copy(s.buf[:], s.buf[s.start:s.end])
		s.start = 0
	}
	for empty := 0; s.end-s.start < n && s.err == nil; {
		m, err := s.r.Read(s.buf[s.end:])
		s.end += m
		s.err = err
		if m > 0 {
			empty = 0
		} else if empty++; empty >= maxEmptyReads && err == nil {
			s.err = io.ErrNoProgress
		}
	}
	return s.end-s.start >= n
}

func (s *scanner) readError() error {
	if s.err == io.EOF {
		return io.EOF
	}
	return fmt.Errorf("mp3: read: %w", s.err)
}
