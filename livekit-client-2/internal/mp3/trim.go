package mp3

// trimmer cuts encoder delay and padding from what is decoded. Positions are in samples per
// channel from the tag frame on.
type trimmer struct {
	pos      int64
	start    int64 // of the sound
	end      int64 // of the sound
	frameEnd int64 // of the frames that the tag counts: what's beyond is not its padding
}

// begin starts anew at a tag frame.
func (t *trimmer) begin(info streamInfo, samplesPerFrame int) {
	*t = trimmer{}
	if !info.trimmed {
		return
	}
	t.start = int64(info.delay + decoderDelay)
	if info.frames > 0 {
		t.frameEnd = info.frames * int64(samplesPerFrame)
		t.end = max(t.start, min(t.frameEnd, t.frameEnd-int64(info.padding)+decoderDelay))
	}
}

// length is the number of samples left of total.
func (t *trimmer) length(total int64) int64 {
	if t.frameEnd > 0 {
		return t.end - t.start
	}
	return total
}

// next returns which of the next n samples to keep.
func (t *trimmer) next(n int) (from, to int) {
	begin, end := t.pos, t.pos+int64(n)
	t.pos = end
	from = int(min(max(t.start-begin, 0), int64(n)))
	to = n
	if begin < t.frameEnd && t.end < end {
		to = int(max(t.end-begin, int64(from)))
	}
	return from, to
}
