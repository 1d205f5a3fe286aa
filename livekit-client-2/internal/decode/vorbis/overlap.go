package vorbis

import "server-playback/livekit-client-2/internal/decode/channels"

// overlap adds the block whose DCT-IVs the spectra now are to the end of the block before it, and
// gives what is complete: from the middle of that one to the middle of this one (section 4.3.8).
func (d *Decoder) overlap(size, left, right int) []float32 {
	n, previous := d.block[size], d.previous
	frames := previous/4 + n/4
	if previous == 0 {
		frames = 0
	}
	out := d.pcm[:frames*d.channels]
	for place := range d.channel {
		c := channels.Vorbis(d.channels, place)
		if frames > 0 {
			d.add(out[place:], d.channel[c].overlap[:previous/2], d.spectra[c], d.slopes[min(left, size)], n)
		}
		keepRight(d.channel[c].overlap[:n/2], d.spectra[c], d.slopes[min(right, size)], n)
	}
	d.previous = n
	return out
}

// add writes one channel's samples: the overlap of the block before, and the first half of a block
// of n samples, of which t is the DCT-IV, under a window that rises along slope in its middle.
//
// With M = n/2, the first half is t[M/2..M), then -t backwards from M-1 (see dct4: the inverse MDCT
// is the DCT-IV, continued by its symmetries, from M/2 on).
func (d *Decoder) add(out, overlap, t, slope []float32, n int) {
	m := n / 2
	shift := len(overlap)/2 - m/2 // from the output's start to the block's
	rise := m/2 - len(slope)/2    // from the block's start to the slope's
	frames := len(overlap)/2 + m/2
	for i := range frames {
		var v float32
		if i < len(overlap) {
			v = overlap[i]
		}
		if at := i - shift; at >= rise {
			x := t[min(m/2+at, m-1)]
			if at >= m/2 {
				x = -t[3*m/2-1-at]
			}
			if k := at - rise; k < len(slope) {
				x *= slope[k]
			}
			v += x
		}
		out[i*d.channels] = v
	}
}

// keepRight puts a block's second half, windowed, into overlap: -t backwards from M/2-1, then -t.
func keepRight(overlap, t, slope []float32, n int) {
	m := n / 2
	fall := m/2 - len(slope)/2
	for i := range overlap {
		var x float32
		if i < m/2 {
			x = -t[m/2-1-i]
		} else {
			x = -t[i-m/2]
		}
		switch k := i - fall; {
		case k >= len(slope):
			x = 0
		case k >= 0:
			x *= slope[len(slope)-1-k]
		}
		overlap[i] = x
	}
}
