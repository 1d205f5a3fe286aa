package flac

// subframe reads one channel's samples of a frame (RFC 9639, section 9.2) into out. It is not ok if
// the subframe cannot be.
func (b *bitReader) subframe(out []int64, bits uint) bool {
	kind := b.read(8)
	var wasted uint
	if kind&1 != 0 {
		if wasted = uint(min(b.unary(), 64)) + 1; wasted >= bits {
			return false
		}
	}
	if kind >= 0x80 || !b.predicted(out, uint(kind>>1), bits-wasted) {
		return false
	}
	if wasted > 0 {
		for i := range out {
			out[i] <<= wasted
		}
	}
	return b.err == nil
}

func (b *bitReader) predicted(out []int64, kind, bits uint) bool {
	switch {
	case kind == 0:
		v := b.signed(bits)
		for i := range out {
			out[i] = v
		}
		return true
	case kind == 1:
		b.verbatim(out, bits)
		return true
	case kind >= 8 && kind <= 12:
		return b.fixed(out, int(kind-8), bits)
	case kind >= 32:
		return b.linear(out, int(kind-31), bits)
	}
	return false
}

func (b *bitReader) verbatim(out []int64, bits uint) {
	for i := range out {
		out[i] = b.signed(bits)
	}
}

// fixed reads a subframe with one of the five fixed predictors (section 9.2.5).
func (b *bitReader) fixed(out []int64, order int, bits uint) bool {
	if order > len(out) {
		return false
	}
	b.verbatim(out[:order], bits)
	if !b.residual(out, order) {
		return false
	}
	// A predictor of order n is n sums on end.
	var d [4]int64
	for i := range order {
		v := out[i]
		for j := range order {
			v, d[j] = v-d[j], v
		}
	}
	for i := order; i < len(out); i++ {
		v := out[i]
		for j := order - 1; j >= 0; j-- {
			v += d[j]
			d[j] = v
		}
		out[i] = v
	}
	return true
}

// linear reads a subframe with a predictor of its own (section 9.2.6).
func (b *bitReader) linear(out []int64, order int, bits uint) bool {
	if order > len(out) {
		return false
	}
	b.verbatim(out[:order], bits)
	precision := uint(b.read(4)) + 1
	shift := b.signed(5)
	if precision == 16 || shift < 0 {
		return false
	}
	var coefficients [32]int64
	for i := range order {
		coefficients[order-1-i] = b.signed(precision) // the first is that of the latest sample
	}
	if !b.residual(out, order) {
		return false
	}
	predict(out, coefficients[:order], uint(shift))
	return true
}

func predict(out, coefficients []int64, shift uint) {
	order := len(coefficients)
	for i := order; i < len(out); i++ {
		past := out[i-order : i]
		past = past[:len(coefficients)]
		var sum int64
		for j, c := range coefficients {
			sum += c * past[j]
		}
		out[i] += sum >> shift
	}
}

// residual reads what a predictor of an order left over (section 9.2.7).
func (b *bitReader) residual(out []int64, order int) bool {
	method := b.read(2)
	if method > 1 {
		return false
	}
	width := uint(4 + method)
	partitions := b.read(4)
	size := len(out) >> partitions
	if size<<partitions != len(out) || size < order {
		return false
	}
	for start, at := 0, order; start < len(out); start += size {
		b.partition(out[at:start+size], width)
		at = start + size
		if b.err != nil {
			return false
		}
	}
	return true
}

func (b *bitReader) partition(out []int64, width uint) {
	k := uint(b.read(width))
	if k == 1<<width-1 {
		b.verbatim(out, uint(b.read(5)))
		return
	}
	for i := range out {
		out[i] = b.rice(k)
	}
}
