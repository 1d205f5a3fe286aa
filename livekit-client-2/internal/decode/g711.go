package decode

// Decoding tables of ITU-T G.711.
var (
	aLawTable  = g711Table(aLaw)
	muLawTable = g711Table(muLaw)
)

func g711Table(expand func(byte) int) (table [256]float32) {
	for code := range table {
		table[code] = float32(expand(byte(code))) / (1 << 15)
	}
	return table
}

// aLaw expands a code to 16 bits: even bits inverted, sign, 3 bits of segment, 4 of step.
func aLaw(code byte) int {
	code ^= 0x55
	segment, step := int(code>>4&7), int(code&15)
	value := step<<4 + 8
	if segment > 0 {
		value = (value + 0x100) << (segment - 1)
	}
	if code&0x80 == 0 {
		return -value
	}
	return value
}

// muLaw expands a code to 16 bits: all bits inverted, sign, 3 bits of segment, 4 of step, bias 33 x 4.
func muLaw(code byte) int {
	const bias = 0x84
	code = ^code
	value := (int(code&15)<<3+bias)<<(code>>4&7) - bias
	if code&0x80 != 0 {
		return -value
	}
	return value
}

func convertALaw(dst []float32, src []byte) {
	for i, code := range src[:len(dst)] {
		dst[i] = aLawTable[code]
	}
}

func convertMuLaw(dst []float32, src []byte) {
	for i, code := range src[:len(dst)] {
		dst[i] = muLawTable[code]
	}
}
