package mp3

import "github.com/tphakala/simd/f32"

const (
	subbands     = 32
	linesPerBand = linesPerGr / subbands // 18
	slots        = linesPerBand          // time slots of a granule: 32 samples each
	longSubbands = 2                     // of a mixed block
)

// hybrid is one channel's inverse hybrid filterbank. Samples are in rows of 18 time slots,
// one for each subband.
type hybrid struct {
	overlap    [linesPerGr]float32 // what the granule before adds to the next
	now, later [linesPerGr]float32 // of the transforms
}

// transform turns a granule's n lines that are not zero into subband samples.
func (h *hybrid) transform(xr *[linesPerGr]float32, n int, g *granule, out *[linesPerGr]float32) {
	used := (n + linesPerBand - 1) / linesPerBand
	head := 0
	if g.mixed {
		head = min(longSubbands, used)
	}
	h.long(xr, 0, head, blockNormal, out)
	if g.short() {
		h.short(xr, head, used, out)
	} else {
		h.long(xr, head, used, g.blockType, out)
	}
	copy(out[used*slots:], h.overlap[used*slots:])
	clear(h.overlap[used*slots:])
}

// long transforms and overlap-adds subbands from to end.
func (h *hybrid) long(xr *[linesPerGr]float32, from, end int, blockType uint8, out *[linesPerGr]float32) {
	for sb := from; sb < end; sb++ {
		imdct36(row(xr, sb), row(&h.now, sb), row(&h.later, sb))
	}
	w := &longWindows[blockType&3]
	from, end = from*slots, end*slots
	f32.FMA(out[from:end], h.now[from:], w.first[from:], h.overlap[from:])
	f32.Mul(h.overlap[from:end], h.later[from:], w.second[from:])
}

// short does so with short blocks.
func (h *hybrid) short(xr *[linesPerGr]float32, from, end int, out *[linesPerGr]float32) {
	for sb := from; sb < end; sb++ {
		now, later := row(&h.now, sb), row(&h.later, sb)
		imdctShort(row(xr, sb), now, later)
		if sb%2 == 1 { // frequency inversion
			for i := 1; i < slots; i += 2 {
				now[i], later[i] = -now[i], -later[i]
			}
		}
	}
	from, end = from*slots, end*slots
	f32.Add(out[from:end], h.now[from:], h.overlap[from:])
	copy(h.overlap[from:end], h.later[from:])
}

// row is the part of x that belongs to a subband.
func row(x *[linesPerGr]float32, sb int) *[linesPerBand]float32 {
	return (*[linesPerBand]float32)(x[sb*linesPerBand:])
}
