package opus

// IsCELT tells whether a packet is of the CELT-only mode (RFC 6716, section 3.1, configurations 16
// to 31). What a decoder makes of such a packet depends less on the packets before the longer ago
// they are; with the SILK layer, it would be wrong for long.
func IsCELT(packet []byte) bool { return packet[0] >= 16<<3 }

// IsSimple tells whether a packet has one or two frames whose lengths are as RFC 6716, section 3.2,
// demands, none of them longer than one may be, and no more channels than so many. Padding, and more
// frames, are not simple.
func IsSimple(packet []byte, channels int) bool {
	if len(packet) == 0 || len(packet) > MaxPacketBytes || packet[0]&4 != 0 && channels < 2 {
		return false
	}
	switch packet[0] & 3 {
	case 0:
		return true
	case 1:
		return len(packet)%2 == 1
	case 2:
		return firstFrameFits(packet[1:])
	}
	return false
}

// firstFrameFits reads the length of the first of two frames (RFC 6716, section 3.2.1).
func firstFrameFits(rest []byte) bool {
	switch {
	case len(rest) == 0:
		return false
	case rest[0] < 252:
		return int(rest[0]) <= len(rest)-1
	case len(rest) == 1:
		return false
	}
	return 4*int(rest[1])+int(rest[0]) <= len(rest)-2
}
