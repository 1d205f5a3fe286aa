package mp3

import "github.com/tphakala/simd/f32"

// frameDecoder turns frames into samples.
type frameDecoder struct {
	bands     *bandTable
	reservoir reservoir
	si        sideInfo
	sf        [2]scaleFactors
	xr        [2][linesPerGr]float32
	lines     [2]int // of xr up to the last that is not zero
	tmp       [linesPerGr]float32
	hybrid    [2]hybrid
	synthesis [2]synthesis
	samples   [2][linesPerGr]float32 // of the current granule
	channels  int                    // of the frame before
	crcSeen   bool                   // a CRC was right: the encoder knows how to compute it
}

// decode writes a frame's samples to pcm, interleaved for the given number of channels. It is
// false if some of them had to be muted.
func (d *frameDecoder) decode(frame []byte, h header, pcm []float32, channels int) bool {
	nch := h.channels()
	if nch == 2 && d.channels == 1 {
		// The second channel takes up where the first is: no click from a stale state.
		d.hybrid[1], d.synthesis[1] = d.hybrid[0], d.synthesis[0]
	}
	d.channels = nch
	pos, end, usable := d.open(frame, h)
	whole := usable
	for gr := range h.granules() {
		if !usable || !d.spectrum(pos, end, gr, h) {
			d.mute(gr)
			whole = false
		}
		for ch := range nch {
			pos += d.si.gr[gr][ch].part23Length
		}
		d.output(gr, nch, pcm[gr*linesPerGr*channels:], channels)
	}
	return whole
}

// open reads a frame's side info and adds its main data to the reservoir. pos and end, in
// bits, delimit what of the reservoir the frame can use.
func (d *frameDecoder) open(frame []byte, h header) (pos, end int, ok bool) {
	at := h.sideInfoOffset()
	body := at + h.sideInfoSize()
	ok = d.si.parse(frame[at:body], h, d.bands)
	if h.protected {
		right := crcMatches(frame, h)
		d.crcSeen = d.crcSeen || right
		ok = ok && (right || !d.crcSeen)
	}
	from, reached := d.reservoir.push(frame[body:], d.si.mainDataBegin)
	return from * 8, d.reservoir.n * 8, ok && reached
}

// spectrum decodes the lines of a granule of all channels, of which the first starts at bit
// pos.
func (d *frameDecoder) spectrum(pos, end, gr int, h header) bool {
	attenuation := 0
	if h.midSide() {
		attenuation = 2
	}
	for ch := range h.channels() {
		g, sf := &d.si.gr[gr][ch], &d.sf[ch]
		stop := pos + g.part23Length
		if stop > end {
			return false
		}
		b := bitReader{data: d.reservoir.buf[:], pos: pos}
		if h.lsf() {
			sf.readLSF(&b, g, d.bands, ch == 1 && h.intensity())
		} else {
			share := d.si.shareBits[ch]
			if gr == 0 {
				share = 0
			}
			sf.readV1(&b, g, share)
		}
		if b.pos > stop {
			return false
		}
		n, ok := decodeHuffman(&d.reservoir, b.pos, stop, g, &d.xr[ch])
		if !ok {
			return false
		}
		requantize(&d.xr[ch], n, g, sf, d.bands, attenuation)
		d.lines[ch] = n
		pos = stop
	}
	d.joint(gr, h)
	return true
}

// joint undoes joint stereo.
func (d *frameDecoder) joint(gr int, h header) {
	if !h.midSide() && !h.intensity() {
		return
	}
	n := max(d.lines[0], d.lines[1])
	if h.intensity() {
		i := intensity{
			xr: &d.xr, bands: d.bands, g: &d.si.gr[gr][1], sf: &d.sf[1],
			lsf: h.lsf(), midSide: h.midSide(),
		}
		i.decode(d.lines[1])
	} else {
		midSide(d.xr[0][:n], d.xr[1][:n])
	}
	d.lines = [2]int{n, n}
}

// mute makes a granule silent; what overlaps from the one before still fades out.
func (d *frameDecoder) mute(gr int) {
	d.lines = [2]int{}
	for ch := range d.si.gr[gr] {
		g := &d.si.gr[gr][ch]
		*g = granule{part23Length: g.part23Length}
	}
}

// output runs a granule through the filterbanks and writes its samples, of nch channels, to
// out, interleaved for the given number of channels.
func (d *frameDecoder) output(gr, nch int, out []float32, channels int) {
	for ch := range nch {
		d.filter(ch, &d.si.gr[gr][ch])
	}
	left, right := d.samples[0][:], d.samples[1][:]
	switch {
	case channels == 1 && nch == 1:
		copy(out, left)
	case channels == 1:
		f32.Add(out[:linesPerGr], left, right)
		f32.Scale(out[:linesPerGr], out, 0.5)
	case nch == 1:
		f32.Interleave2(out, left, left)
	default:
		f32.Interleave2(out, left, right)
	}
}

// filter turns a channel's lines into samples.
func (d *frameDecoder) filter(ch int, g *granule) {
	xr, n := &d.xr[ch], d.lines[ch]
	edges := subbands - 1
	if g.short() {
		n = reorder(xr, &d.tmp, n, g, d.bands)
		edges = 0
		if g.mixed {
			edges = longSubbands - 1
		}
	}
	n = antialias(xr, n, edges)
	d.hybrid[ch].transform(xr, n, g, &d.tmp)
	d.synthesis[ch].run(&d.tmp, &d.samples[ch])
}

// reset forgets everything about the frames so far.
func (d *frameDecoder) reset() {
	*d = frameDecoder{bands: d.bands}
}
