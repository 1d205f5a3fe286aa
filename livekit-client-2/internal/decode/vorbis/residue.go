package vorbis

// residue is what is left of the spectra after their floors: partitions of them, each of a class with
// its own books (Vorbis I, section 8).
type residue struct {
	kind       int
	begin, end int
	partition  int // values
	classes    int
	classbook  *codebook
	books      [][8]*codebook // of each class, for each pass
	class      []int          // of each vector's partitions, scratch
}

func (r *residue) read(b *bitReader, books []codebook) (err error) {
	r.kind = b.number(16)
	r.begin, r.end = b.number(24), b.number(24)
	r.partition = b.number(24) + 1
	r.classes = b.number(6) + 1
	if r.classbook, err = book(books, b.number(8)); err != nil || r.kind > 2 {
		return errSetup
	}
	passes := make([]uint32, r.classes)
	for i := range passes {
		passes[i] = b.read(3)
		if b.flag() {
			passes[i] |= b.read(5) << 3
		}
	}
	r.books = make([][8]*codebook, r.classes)
	for i, mask := range passes {
		if err := readPasses(b, books, mask, &r.books[i]); err != nil {
			return err
		}
	}
	return nil
}

func readPasses(b *bitReader, books []codebook, mask uint32, passes *[8]*codebook) (err error) {
	for pass := range passes {
		if mask>>pass&1 == 0 {
			continue
		}
		if passes[pass], err = book(books, b.number(8)); err != nil || passes[pass].vectors == nil {
			return errSetup
		}
	}
	return nil
}

// decode adds the residue to the spectra that are not empty. Of type 2, all spectra are one vector,
// interleaved.
func (r *residue) decode(b *bitReader, spectra [][]float32, empty []bool) {
	vectors, size := len(spectra), len(spectra[0])
	if r.kind == 2 {
		if all(empty) {
			return
		}
		vectors, size = 1, size*vectors
		empty = noneEmpty[:]
	}
	begin, end := min(r.begin, size), min(r.end, size)
	if end <= begin {
		return
	}
	partitions := (end - begin) / r.partition
	words := r.classbook.dimensions
	for pass := range 8 {
		for p := 0; p < partitions; p++ {
			if pass == 0 && p%words == 0 {
				r.classify(b, vectors, p, partitions, empty)
			}
			for v := range vectors {
				if empty[v] {
					continue
				}
				book := r.books[r.class[v*partitions+p]][pass]
				if book != nil {
					r.add(b, book, spectra, v, begin+p*r.partition)
				}
			}
			if b.over {
				return
			}
		}
	}
}

var noneEmpty [1]bool

func all(flags []bool) bool {
	for _, flag := range flags {
		if !flag {
			return false
		}
	}
	return true
}

// classify reads the classes of as many partitions from p on as a codeword stands for.
func (r *residue) classify(b *bitReader, vectors, p, partitions int, empty []bool) {
	if need := vectors * partitions; cap(r.class) < need {
		r.class = make([]int, need)
	} else {
		r.class = r.class[:need]
	}
	words := r.classbook.dimensions
	for v := range vectors {
		if empty[v] {
			continue
		}
		word := max(0, r.classbook.entry(b))
		for i := words - 1; i >= 0; i-- {
			if p+i < partitions {
				r.class[v*partitions+p+i] = word % r.classes
			}
			word /= r.classes
		}
	}
}

// add reads one partition at an offset into one vector.
func (r *residue) add(b *bitReader, book *codebook, spectra [][]float32, vector, offset int) {
	switch r.kind {
	case 0:
		r.addStrided(b, book, spectra[vector][offset:offset+r.partition])
	case 1:
		r.addPlain(b, book, spectra[vector][offset:offset+r.partition])
	default:
		r.addInterleaved(b, book, spectra, offset)
	}
}

func (r *residue) addStrided(b *bitReader, book *codebook, out []float32) {
	stride := len(out) / book.dimensions
	for i := range stride {
		for d, x := range book.vector(b) {
			out[i+d*stride] += x
		}
	}
}

func (r *residue) addPlain(b *bitReader, book *codebook, out []float32) {
	for len(out) > 0 {
		vector := book.vector(b)
		if vector == nil {
			return
		}
		n := min(len(vector), len(out))
		for i, x := range vector[:n] {
			out[i] += x
		}
		out = out[n:]
	}
}

func (r *residue) addInterleaved(b *bitReader, book *codebook, spectra [][]float32, offset int) {
	channels := len(spectra)
	c, i := offset%channels, offset/channels
	for left := r.partition; left > 0; {
		vector := book.vector(b)
		if vector == nil {
			return
		}
		vector = vector[:min(len(vector), left)]
		left -= len(vector)
		for _, x := range vector {
			spectra[c][i] += x
			if c++; c == channels {
				c, i = 0, i+1
			}
		}
	}
}
