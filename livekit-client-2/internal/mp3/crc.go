package mp3

// crcTable is for the CRC-16 of ISO/IEC 11172-3, 2.4.3.1: x^16 + x^15 + x^2 + 1, most
// significant bit first.
var crcTable = func() (t [256]uint16) {
	for i := range t {
		c := uint16(i) << 8
		for range 8 {
			if c&0x8000 != 0 {
				c = c<<1 ^ 0x8005
			} else {
				c <<= 1
			}
		}
		t[i] = c
	}
	return t
}()

// crcMatches checks a protected frame: the CRC covers the last two bytes of the header and
// the side info.
func crcMatches(frame []byte, h header) bool {
	c := uint16(0xffff)
	update := func(data []byte) {
		for _, b := range data {
			c = c<<8 ^ crcTable[byte(c>>8)^b]
		}
	}
	at := h.sideInfoOffset()
	update(frame[2:headerSize])
	update(frame[at : at+h.sideInfoSize()])
	return c == uint16(frame[headerSize])<<8|uint16(frame[headerSize+1])
}
