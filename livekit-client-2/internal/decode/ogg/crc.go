package ogg

// crcTable is that of the polynomial 0x04c11db7, most significant bit first (RFC 3533, section 6).
var crcTable = makeCRC()

func makeCRC() (table [256]uint32) {
	for i := range table {
		crc := uint32(i) << 24
		for range 8 {
			carry := crc >> 31
			crc = crc<<1 ^ carry*0x04c11db7
		}
		table[i] = crc
	}
	return table
}

func crc32(crc uint32, data []byte) uint32 {
	for _, b := range data {
		crc = crc<<8 ^ crcTable[byte(crc>>24)^b]
	}
	return crc
}
