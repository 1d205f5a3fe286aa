package flac

// The checksums of RFC 9639, sections 9.1.8 and 9.3: x^8 + x^2 + x + 1 and x^16 + x^15 + x^2 + 1.
var (
	crc8Table  = makeCRC8()
	crc16Table = makeCRC16()
)

func makeCRC8() (table [256]uint8) {
	for i := range table {
		crc := uint8(i)
		for range 8 {
			carry := crc >> 7
			crc = crc<<1 ^ carry*0x07
		}
		table[i] = crc
	}
	return table
}

func makeCRC16() (table [256]uint16) {
	for i := range table {
		crc := uint16(i) << 8
		for range 8 {
			carry := crc >> 15
			crc = crc<<1 ^ carry*0x8005
		}
		table[i] = crc
	}
	return table
}

func crc16(crc uint16, data []byte) uint16 {
	for _, b := range data {
		crc = crc<<8 ^ crc16Table[byte(crc>>8)^b]
	}
	return crc
}
