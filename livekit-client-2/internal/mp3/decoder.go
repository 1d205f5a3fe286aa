package mp3

import (
	"errors"
	"io"
	"math"
)

var (
	// ErrNotMP3 reports that the stream's first 64 KiB behind any tags hold no MPEG audio
	// frame.
	ErrNotMP3 = errors.New("mp3: no MPEG audio Layer III frame found")
	// ErrUnsupportedLayer reports MPEG audio of Layer I or II.
	ErrUnsupportedLayer = errors.New("mp3: MPEG audio Layer I and II are not supported")
)

const (
	// maxLeadingGarbage is how many bytes may precede the first frame, tags not counted.
	maxLeadingGarbage = 64 << 10
	// decoderDelay is the delay in samples that every decoder has, and that LAME's tag
	// doesn't count.
	decoderDelay = 529
	maxChannels  = 2
)

// Stats says what a decoder made of its stream so far.
type Stats struct {
	Frames       int64 // frames decoded, concealed ones included
	Concealed    int64 // frames muted in whole or part: damaged, or their main data is missing
	Muted        int64 // what these frames hold, in samples per channel
	Skipped      int64 // bytes that belonged neither to a frame nor to a tag
	TrimmedStart int64 // encoder delay cut off, in samples per channel
	TrimmedEnd   int64 // encoder padding cut off, in samples per channel
}

// Decoder decodes one stream. It is not safe for concurrent use.
type Decoder struct {
	scan     scanner
	channels int
	samples  int64
	bitrate  int
	stats    Stats
	trim     trimmer
	dec      frameDecoder
	pcm      [maxChannels * 2 * linesPerGr]float32
	pending  []float32 // of pcm: not yet read
	err      error     // sticky
}

// NewDecoder finds the first frame of r, skipping tags and up to 64 KiB of anything else,
// and reads the Xing, Info or VBRI tag if the stream has one. It needs no more of r than
// that frame and the header behind it; in free format, where only the next headers tell a
// frame's length, two frames and a header. Errors: ErrNotMP3, ErrUnsupportedLayer, or that
// of r, wrapped.
func NewDecoder(r io.Reader) (*Decoder, error) {
	d := &Decoder{samples: -1}
	d.scan.r = r
	d.scan.limit = maxLeadingGarbage
	frame, h, _, err := d.scan.next()
	switch {
	case err == io.EOF, err == errScanLimit:
		return nil, ErrNotMP3
	case err != nil:
		return nil, err
	case h.layer != layerIII:
		return nil, ErrUnsupportedLayer
	}
	d.scan.limit = math.MaxInt64
	d.channels = h.channels()
	d.bitrate = h.bitrate
	if d.bitrate == 0 {
		d.bitrate = len(frame) * 8 * h.sampleRate / h.samplesPerFrame()
	}
	d.dec.bands = bandsOf(h.sampleRate)
	if info, ok := parseInfo(frame, h); ok {
		d.useInfo(info, h, len(frame))
	} else {
		d.scan.unread(frame)
	}
	return d, nil
}

// useInfo takes over what a tag frame of tagSize bytes says.
func (d *Decoder) useInfo(info streamInfo, h header, tagSize int) {
	d.trim.begin(info, h.samplesPerFrame())
	if info.frames == 0 {
		return
	}
	total := info.frames * int64(h.samplesPerFrame())
	d.samples = d.trim.length(total)
	if audio := info.bytes - int64(tagSize); audio > 0 {
		d.bitrate = int(audio * 8 * int64(h.sampleRate) / total)
	}
}

// SampleRate is in Hz. Frames with another rate later in the stream are skipped.
func (d *Decoder) SampleRate() int { return d.scan.ref.sampleRate }

// Channels is 1 or 2 and doesn't change: later frames with the other number are mixed down
// or doubled.
func (d *Decoder) Channels() int { return d.channels }

// Samples is the stream's length in samples per channel, encoder delay and padding cut off,
// as its Xing or Info tag has it; -1 if there's none. It is a claim of the stream, not
// checked: Read may give more or fewer.
func (d *Decoder) Samples() int64 { return d.samples }

// Bitrate is in bit/s: the average if the stream has a tag that tells, otherwise that of the
// first frame.
func (d *Decoder) Bitrate() int { return d.bitrate }

// Stats tells what was decoded and what was left out so far.
func (d *Decoder) Stats() Stats {
	s := d.stats
	s.Skipped = d.scan.skipped
	return s
}

// Read fills dst with interleaved samples, nominally in [-1, 1] but not clipped, and returns
// how many values it wrote: a multiple of Channels, and fewer than len(dst) when a frame
// ends, so that sound isn't held back until more of the stream has come. It returns io.EOF
// at the end, where an incomplete frame is dropped, and a reader's error wrapped.
func (d *Decoder) Read(dst []float32) (int, error) {
	dst = dst[:len(dst)-len(dst)%d.channels]
	if len(dst) == 0 {
		return 0, nil
	}
	for len(d.pending) == 0 {
		if d.err == nil {
			d.err = d.decodeNext()
		}
		if d.err != nil && len(d.pending) == 0 {
			return 0, d.err
		}
	}
	n := copy(dst, d.pending)
	d.pending = d.pending[n:]
	return n, nil
}

// Reset goes on with r, which is at any place of the same stream, as after a seek. Nothing
// is trimmed from there on, and the first frames may be muted for lack of the data that
// they share with those before. Samples and the format stay; Stats go on, with the bytes up
// to the first whole frame as skipped.
func (d *Decoder) Reset(r io.Reader) {
	d.scan.reset(r)
	d.dec.reset()
	d.trim = trimmer{}
	d.pending = nil
	d.err = nil
}

// decodeNext decodes a frame into pending, which stays empty if all of it is trimmed.
func (d *Decoder) decodeNext() error {
	frame, h, lost, err := d.scan.next()
	if err != nil {
		return err
	}
	if lost {
		d.dec.reservoir.reset()
	}
	if info, ok := parseInfo(frame, h); ok {
		// Streams put one behind the other each have their own delay and padding.
		d.trim.begin(info, h.samplesPerFrame())
		return nil
	}
	d.stats.Frames++
	if !d.dec.decode(frame, h, d.pcm[:], d.channels) {
		d.stats.Concealed++
		d.stats.Muted += int64(h.samplesPerFrame())
	}
	from, to := d.trim.next(h.samplesPerFrame())
	d.stats.TrimmedStart += int64(from)
	d.stats.TrimmedEnd += int64(h.samplesPerFrame() - to)
	d.pending = d.pcm[from*d.channels : to*d.channels]
	return nil
}
