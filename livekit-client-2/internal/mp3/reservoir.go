package mp3

const (
	// maxBackstep is the largest main_data_begin, in bytes.
	maxBackstep = 511
	// overread is how far past the main data Huffman decoding can run before its end is
	// checked: 288 pairs, and the 8 bytes of a refill.
	overread = 288*longestPair/8 + 16
)

// reservoir keeps the main data of the current frame and as much of the frames before it
// as main_data_begin can reach back to (ISO/IEC 11172-3, 2.4.2.7).
type reservoir struct {
	buf [maxBackstep + maxFrameSize + overread]byte
	n   int // bytes in buf
}

// push appends a frame's main data and returns the offset at which the frame's bits begin,
// back bytes before it; false if the reservoir doesn't reach that far, as in the first
// frames after a cut.
func (r *reservoir) push(main []byte, back int) (int, bool) {
	keep := min(r.n, maxBackstep)
	copy(r.buf[:], r.buf[r.n-keep:r.n])
	r.n = keep + copy(r.buf[keep:maxBackstep+maxFrameSize], main)
	return keep - back, back <= keep
}

func (r *reservoir) reset() { r.n = 0 }
