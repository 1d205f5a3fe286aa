package source

import "sync/atomic"

// ring is a queue of samples between one writing and one reading goroutine, of which the reader
// never waits. The writer sleeps while the ring is full and is woken once it is half empty, so that
// it works in batches instead of being switched to for every packet.
type ring struct {
	buf           []float32
	written, read atomic.Int64 // values since the start
	asleep        atomic.Bool  // the writer waits on wake
	wake          chan struct{}
}

func newRing(size int) *ring {
	return &ring{buf: make([]float32, size), wake: make(chan struct{}, 1)}
}

// buffered is how many values are there to be read.
func (r *ring) buffered() int { return int(r.written.Load() - r.read.Load()) }

// free is how many values there is room for.
func (r *ring) free() int { return len(r.buf) - r.buffered() }

// push writes as much of src as there is room for, and returns how much that is.
func (r *ring) push(src []float32) int {
	written := r.written.Load()
	n := min(len(src), r.free())
	at := int(written % int64(len(r.buf)))
	first := copy(r.buf[at:], src[:n])
	copy(r.buf, src[first:n])
	r.written.Store(written + int64(n))
	return n
}

// pop reads up to len(dst) values, and returns how many.
func (r *ring) pop(dst []float32) int {
	read := r.read.Load()
	n := min(len(dst), r.buffered())
	at := int(read % int64(len(r.buf)))
	first := copy(dst[:n], r.buf[at:])
	copy(dst[first:n], r.buf)
	r.read.Store(read + int64(n))
	if r.asleep.Load() && r.halfEmpty() {
		r.rouse()
	}
	return n
}

func (r *ring) halfEmpty() bool { return 2*r.buffered() <= len(r.buf) }

func (r *ring) rouse() {
	if r.asleep.CompareAndSwap(true, false) {
		select {
		case r.wake <- struct{}{}:
		default:
		}
	}
}

// awaitRoom waits until the ring is half empty, or one of the channels is closed.
func (r *ring) awaitRoom(cancelled, closed <-chan struct{}) {
	r.asleep.Store(true)
	if r.halfEmpty() { // the reader may have looked before asleep was set
		r.rouse()
	}
	select {
	case <-r.wake:
	case <-cancelled:
	case <-closed:
	}
	r.asleep.Store(false)
}
