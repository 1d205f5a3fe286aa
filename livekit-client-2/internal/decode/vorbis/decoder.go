// Package vorbis decodes the packets of Vorbis I (the Xiph.Org specification of 2020): floor 1, every
// residue, channel count and block size. Floor 0, which no released encoder writes, it refuses.
// Nothing is allocated per packet.
package vorbis

import (
	"errors"
	"math"
)

// ErrPacket reports a packet that is not audio, or cannot be decoded.
var ErrPacket = errors.New("vorbis: invalid packet")

// maxChannels bounds what is allocated for a stream.
const maxChannels = 32

// Decoder decodes one stream. It is not safe for concurrent use.
type Decoder struct {
	setup
	bits       bitReader
	transforms [2]*transform
	slopes     [2][]float32 // the rising half of each window
	channel    []channel
	spectra    [][]float32
	silent     []bool // channels without a floor curve
	empty      []bool // channels without a residue
	submapOf   [][]float32
	emptyOf    []bool
	previous   int // size of the last block, 0 before the first
	pcm        []float32
}

// channel is a channel's state.
type channel struct {
	spectrum []float32
	curve    [maxPoints]int
	overlap  []float32 // the last block's second half, windowed
}

// NewDecoder reads the identification header, the stream's first packet.
func NewDecoder(first []byte) (*Decoder, error) {
	d := &Decoder{}
	return d, d.identify(first)
}

// SampleRate is in Hz.
func (d *Decoder) SampleRate() int { return d.rate }

// Channels is 1 to 255; more than 32 are refused by Header.
func (d *Decoder) Channels() int { return d.channels }

// Header takes a packet behind the first, and says whether it was a header.
func (d *Decoder) Header(packet []byte) (bool, error) {
	switch {
	case isHeader(packet, comment):
		return true, nil
	case isHeader(packet, definitions):
		if d.modes != nil || d.channels > maxChannels {
			return true, errSetup
		}
		if err := d.define(packet); err != nil {
			return true, err
		}
		d.allocate()
		return true, nil
	case d.channel == nil:
		return false, errSetup
	}
	return false, nil
}

func (d *Decoder) allocate() {
	for i, size := range d.block {
		d.transforms[i] = newTransform(size)
		d.slopes[i] = slope(size / 2)
	}
	long := d.block[1]
	d.channel = make([]channel, d.channels)
	for c := range d.channel {
		d.channel[c] = channel{spectrum: make([]float32, long/2), overlap: make([]float32, long/2)}
	}
	d.spectra, d.submapOf = make([][]float32, d.channels), make([][]float32, 0, d.channels)
	d.silent, d.empty, d.emptyOf = make([]bool, d.channels), make([]bool, d.channels), make([]bool, 0, d.channels)
	d.pcm = make([]float32, d.channels*long/2)
}

// slope is the rising half of a window (section 4.3.1).
func slope(size int) []float32 {
	s := make([]float32, size)
	for i := range s {
		sin := math.Sin(math.Pi / 2 * (float64(i) + 0.5) / float64(size))
		s[i] = float32(math.Sin(math.Pi / 2 * sin * sin))
	}
	return s
}

// Reset forgets the stream so far: the next packet is the first of another part.
func (d *Decoder) Reset() { d.previous = 0 }

// Decode decodes an audio packet into interleaved samples in WAVE order, valid until the next call.
// A stream's first packet yields none. A packet that ends early is decoded as far as it goes, as the
// format has it. The error is ErrPacket.
func (d *Decoder) Decode(packet []byte) ([]float32, error) {
	b := &d.bits
	b.reset(packet)
	if b.flag() {
		return nil, ErrPacket
	}
	number := b.number(ilog(len(d.modes) - 1))
	if number >= len(d.modes) || len(packet) == 0 {
		return nil, ErrPacket
	}
	mode := d.modes[number]
	size, previousLong, nextLong := 0, false, false
	if mode.long {
		size = 1
		previousLong, nextLong = b.flag(), b.flag()
	}
	if b.over {
		return nil, ErrPacket
	}
	d.decodeSpectra(mode.mapping, d.block[size]/2)
	for c := range d.channel {
		d.transforms[size].dct4(d.spectra[c])
	}
	return d.overlap(size, boolToInt(previousLong), boolToInt(nextLong)), nil
}

func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// decodeSpectra reads the channels' spectra of n coefficients (section 4.3).
func (d *Decoder) decodeSpectra(m *mapping, n int) {
	b := &d.bits
	for c := range d.channel {
		d.spectra[c] = d.channel[c].spectrum[:n]
		clear(d.spectra[c])
		d.silent[c] = !m.submaps[m.submap[c]].floor.decode(b, &d.channel[c].curve)
	}
	d.decodeResidues(m)
	for i := len(m.coupled) - 1; i >= 0; i-- {
		decouple(d.spectra[m.coupled[i][0]], d.spectra[m.coupled[i][1]])
	}
	for c := range d.channel {
		if d.silent[c] {
			clear(d.spectra[c])
			continue
		}
		m.submaps[m.submap[c]].floor.apply(d.spectra[c], &d.channel[c].curve)
	}
}

// decodeResidues reads what the submaps store. A channel without a curve of its own has a residue
// still if it is coupled to one with.
func (d *Decoder) decodeResidues(m *mapping) {
	copy(d.empty, d.silent)
	for _, pair := range m.coupled {
		if !d.empty[pair[0]] || !d.empty[pair[1]] {
			d.empty[pair[0]], d.empty[pair[1]] = false, false
		}
	}
	for i := range m.submaps {
		d.submapOf, d.emptyOf = d.submapOf[:0], d.emptyOf[:0]
		for c, submap := range m.submap {
			if submap == i {
				d.submapOf, d.emptyOf = append(d.submapOf, d.spectra[c]), append(d.emptyOf, d.empty[c])
			}
		}
		if len(d.submapOf) > 0 {
			m.submaps[i].residue.decode(&d.bits, d.submapOf, d.emptyOf)
		}
	}
}

// decouple makes two channels of magnitude and angle (section 4.3.5).
func decouple(magnitude, angle []float32) {
	angle = angle[:len(magnitude)]
	for i, m := range magnitude {
		a := angle[i]
		switch {
		case m > 0 && a > 0:
			angle[i] = m - a
		case m > 0:
			magnitude[i], angle[i] = m+a, m
		case a > 0:
			angle[i] = m + a
		default:
			magnitude[i], angle[i] = m-a, m
		}
	}
}
