package mp3

// bitReader reads big-endian bit fields. Bits past the end read as zero; pos tells.
type bitReader struct {
	data []byte
	pos  int // bits
}

// bits reads n bits, n <= 16.
func (b *bitReader) bits(n int) int {
	at := b.pos >> 3
	var w uint32
	if at+4 <= len(b.data) {
		d := b.data[at : at+4]
		w = uint32(d[0])<<24 | uint32(d[1])<<16 | uint32(d[2])<<8 | uint32(d[3])
	} else {
		for i := range 4 {
			w <<= 8
			if at+i < len(b.data) {
				w |= uint32(b.data[at+i])
			}
		}
	}
	w <<= b.pos & 7
	b.pos += n
	return int(w >> (32 - n))
}

// flag reads one bit.
func (b *bitReader) flag() bool { return b.bits(1) != 0 }
