package vorbis

import (
	"encoding/binary"
	"errors"
)

// errSetup reports a header that is not valid, or beyond what any encoder makes.
var errSetup = errors.New("vorbis: invalid header")

const (
	minBlock = 6  // log2 of the smallest block
	maxBlock = 13 // and of the largest
)

// mapping says how the spectra of the channels are stored (Vorbis I, section 4.2.4).
type mapping struct {
	coupled [][2]int // magnitude and angle
	submaps []submap
	submap  []int // of each channel
}

type submap struct {
	floor   *floor
	residue *residue
}

type mode struct {
	long    bool
	mapping *mapping
}

// setup is everything of the three headers.
type setup struct {
	channels int
	rate     int    // Hz
	block    [2]int // samples of a short and of a long block
	books    []codebook
	floors   []floor
	residues []residue
	mappings []mapping
	modes    []mode
}

const (
	identification = 1
	comment        = 3
	definitions    = 5
)

// isHeader says whether a packet is a header of a kind.
func isHeader(packet []byte, kind byte) bool {
	return len(packet) >= 7 && packet[0] == kind && string(packet[1:7]) == "vorbis"
}

// identify reads the identification header (section 4.2.2).
func (s *setup) identify(packet []byte) error {
	if !isHeader(packet, identification) || len(packet) < 30 || binary.LittleEndian.Uint32(packet[7:]) != 0 {
		return errSetup
	}
	s.channels = int(packet[11])
	s.rate = int(int32(binary.LittleEndian.Uint32(packet[12:])))
	short, long := packet[28]&15, packet[28]>>4
	if short < minBlock || long > maxBlock || short > long || packet[29]&1 == 0 || s.channels == 0 {
		return errSetup
	}
	s.block = [2]int{1 << short, 1 << long}
	return nil
}

// define reads the setup header (section 4.2.4).
func (s *setup) define(packet []byte) (err error) {
	b := &bitReader{data: packet[7:]}
	left := &budget{entries: maxEntries, values: maxValues}
	s.books, err = list(b, 8, func(c *codebook) error { return c.read(b, left) })
	if err != nil {
		return err
	}
	if _, err = list(b, 6, func(*struct{}) error { return zero(b) }); err != nil {
		return err
	}
	if s.floors, err = list(b, 6, func(f *floor) error { return f.read(b, s.books) }); err != nil {
		return err
	}
	if s.residues, err = list(b, 6, func(r *residue) error { return r.read(b, s.books) }); err != nil {
		return err
	}
	if s.mappings, err = list(b, 6, func(m *mapping) error { return s.readMapping(b, m) }); err != nil {
		return err
	}
	if s.modes, err = list(b, 6, func(m *mode) error { return s.readMode(b, m) }); err != nil {
		return err
	}
	if !b.flag() || b.over {
		return errSetup
	}
	return nil
}

// list reads a number of width bits, less one, and as many of what read reads.
func list[T any](b *bitReader, width uint, read func(*T) error) ([]T, error) {
	all := make([]T, b.number(width)+1)
	for i := range all {
		if err := read(&all[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// zero reads a field that only ever has the value 0.
func zero(b *bitReader) error {
	if b.read(16) != 0 {
		return errSetup
	}
	return nil
}

func (s *setup) readMapping(b *bitReader, m *mapping) error {
	if b.read(16) != 0 {
		return errSetup
	}
	m.submaps = make([]submap, 1)
	if b.flag() {
		m.submaps = make([]submap, b.number(4)+1)
	}
	if b.flag() {
		m.coupled = make([][2]int, b.number(8)+1)
	}
	for i := range m.coupled {
		width := ilog(s.channels - 1)
		pair := [2]int{b.number(width), b.number(width)}
		if pair[0] == pair[1] || max(pair[0], pair[1]) >= s.channels {
			return errSetup
		}
		m.coupled[i] = pair
	}
	if b.read(2) != 0 {
		return errSetup
	}
	return s.readSubmaps(b, m)
}

func (s *setup) readSubmaps(b *bitReader, m *mapping) error {
	m.submap = make([]int, s.channels)
	if len(m.submaps) > 1 {
		for c := range m.submap {
			if m.submap[c] = b.number(4); m.submap[c] >= len(m.submaps) {
				return errSetup
			}
		}
	}
	for i := range m.submaps {
		b.read(8) // unused
		floor, residue := b.number(8), b.number(8)
		if floor >= len(s.floors) || residue >= len(s.residues) {
			return errSetup
		}
		m.submaps[i] = submap{&s.floors[floor], &s.residues[residue]}
	}
	return nil
}

func (s *setup) readMode(b *bitReader, m *mode) error {
	m.long = b.flag()
	window, transform, mapping := b.read(16), b.read(16), b.number(8)
	if window != 0 || transform != 0 || mapping >= len(s.mappings) {
		return errSetup
	}
	m.mapping = &s.mappings[mapping]
	return nil
}
