package vorbis

import (
	"math"
	"slices"
)

// maxPoints is the most points of a floor curve (Vorbis I, section 7.2.2).
const maxPoints = 65

// floor is a floor of type 1: a curve of straight lines in dB (section 7.2).
type floor struct {
	partitions []int // the class of each
	classes    []floorClass
	multiplier int
	x          []int // of the points, the curve's two ends first
	order      []int // of the points by x
	low, high  []int // each point's neighbours among those before it
}

type floorClass struct {
	dimensions int
	bits       uint // of a sub-book's number
	master     *codebook
	books      []*codebook // nil: always 0
}

// inverseDB turns a point's value into an amplitude: 140 dB in 256 steps (section 10.1).
var inverseDB = makeInverseDB()

func makeInverseDB() (table [256]float32) {
	for i := range table {
		table[i] = float32(math.Pow(10, (140*float64(i+1)/256-140)/20))
	}
	return table
}

// book gives the codebook of a number that a header names.
func book(books []codebook, number int) (*codebook, error) {
	if number >= len(books) {
		return nil, errSetup
	}
	return &books[number], nil
}

func (f *floor) read(b *bitReader, books []codebook) error {
	if b.read(16) != 1 {
		return errSetup // type 0 was given up before the format's first release
	}
	f.partitions = make([]int, b.number(5))
	classes := 0
	for i := range f.partitions {
		f.partitions[i] = b.number(4)
		classes = max(classes, f.partitions[i]+1)
	}
	f.classes = make([]floorClass, classes)
	for i := range f.classes {
		if err := f.classes[i].read(b, books); err != nil {
			return err
		}
	}
	return f.readPoints(b)
}

func (c *floorClass) read(b *bitReader, books []codebook) (err error) {
	c.dimensions = b.number(3) + 1
	c.bits = uint(b.read(2))
	if c.bits > 0 {
		if c.master, err = book(books, b.number(8)); err != nil {
			return err
		}
	}
	c.books = make([]*codebook, 1<<c.bits)
	for i := range c.books {
		if number := b.number(8); number > 0 {
			if c.books[i], err = book(books, number-1); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *floor) readPoints(b *bitReader) error {
	f.multiplier = b.number(2) + 1
	width := uint(b.read(4))
	f.x = []int{0, 1 << width}
	for _, class := range f.partitions {
		for range f.classes[class].dimensions {
			f.x = append(f.x, b.number(width))
		}
	}
	if len(f.x) > maxPoints || b.over {
		return errSetup
	}
	f.order = make([]int, len(f.x))
	for i := range f.order {
		f.order[i] = i
	}
	slices.SortFunc(f.order, func(i, j int) int { return f.x[i] - f.x[j] })
	for i := 1; i < len(f.order); i++ {
		if f.x[f.order[i]] == f.x[f.order[i-1]] {
			return errSetup
		}
	}
	f.neighbours()
	return nil
}

func (f *floor) neighbours() {
	f.low, f.high = make([]int, len(f.x)), make([]int, len(f.x))
	for i := 2; i < len(f.x); i++ {
		low, high := 0, 1
		for j, x := range f.x[:i] {
			if x < f.x[i] && x > f.x[low] {
				low = j
			}
			if x > f.x[i] && x < f.x[high] {
				high = j
			}
		}
		f.low[i], f.high[i] = low, high
	}
}

// spread is the number of values of a point.
func (f *floor) spread() int { return [...]int{256, 128, 86, 64}[f.multiplier-1] }

// decode reads a channel's curve into y; it is not ok if the channel is silent (section 7.2.3).
func (f *floor) decode(b *bitReader, y *[maxPoints]int) bool {
	if !b.flag() {
		return false
	}
	width := ilog(f.spread() - 1)
	y[0], y[1] = b.number(width), b.number(width)
	at := 2
	for _, number := range f.partitions {
		class := &f.classes[number]
		selector := 0
		if class.master != nil {
			selector = class.master.entry(b)
		}
		for range class.dimensions {
			y[at] = 0
			if book := class.books[selector&(len(class.books)-1)]; book != nil {
				y[at] = book.entry(b)
			}
			selector >>= class.bits
			at++
		}
	}
	return !b.over
}

// apply multiplies a spectrum by the curve of y (section 7.2.4).
func (f *floor) apply(spectrum []float32, y *[maxPoints]int) {
	var drawn [maxPoints]bool
	f.unwrap(y, &drawn)
	x0, y0 := 0, f.level(y[0])
	for _, i := range f.order[1:] {
		if !drawn[i] {
			continue
		}
		x1, y1 := f.x[i], f.level(y[i])
		line(spectrum, x0, y0, x1, y1)
		x0, y0 = x1, y1
	}
	for i := x0; i < len(spectrum); i++ {
		spectrum[i] *= inverseDB[y0]
	}
}

// level is a point's index into inverseDB.
func (f *floor) level(y int) int { return max(0, min(255, y*f.multiplier)) }

// unwrap turns differences to predictions into values, and finds the points that are drawn.
func (f *floor) unwrap(y *[maxPoints]int, drawn *[maxPoints]bool) {
	drawn[0], drawn[1] = true, true
	spread := f.spread()
	for i := 2; i < len(f.x); i++ {
		low, high := f.low[i], f.high[i]
		predicted := interpolate(f.x[low], y[low], f.x[high], y[high], f.x[i])
		value := y[i]
		if value == 0 {
			y[i] = predicted
			continue
		}
		drawn[low], drawn[high], drawn[i] = true, true, true
		y[i] = predicted + difference(value, predicted, spread-predicted)
	}
}

// difference maps a value to a difference that stays within the room below and above.
func difference(value, below, above int) int {
	room := 2 * min(below, above)
	switch {
	case value >= room && above > below:
		return value - below
	case value >= room:
		return above - value - 1
	case value%2 == 1:
		return -(value + 1) / 2
	}
	return value / 2
}

func interpolate(x0, y0, x1, y1, x int) int {
	dy := y1 - y0
	offset := abs(dy) * (x - x0) / (x1 - x0)
	if dy < 0 {
		return y0 - offset
	}
	return y0 + offset
}

// line multiplies spectrum by a line from one point up to before another (section 9.2.7).
func line(spectrum []float32, x0, y0, x1, y1 int) {
	dx, dy := x1-x0, y1-y0
	base := dy / dx
	step := base + 1
	if dy < 0 {
		step = base - 1
	}
	rest := abs(dy) - abs(base)*dx
	y, fault := y0, 0
	for x := x0; x < min(x1, len(spectrum)); x++ {
		spectrum[x] *= inverseDB[y&255]
		if fault += rest; fault >= dx {
			fault -= dx
			y += step
		} else {
			y += base
		}
	}
}

func abs(x int) int { return max(x, -x) }
