package source

import (
	"sync/atomic"
	"time"

	"server-playback/livekit-client-2/internal/decode"
	"server-playback/livekit-client-2/internal/opus"
)

const (
	// preRoll is how much a decoder hears before what is used of it: twice what RFC 7845, section 4.6,
	// asks for at the least, which leaves 20 dB less of a difference.
	preRoll = 160 * SampleRate / 1000
	// settled is how many packets are decoded before any is passed on: a listener's decoder has
	// then heard the same for 80 ms, and stands where the packets' own encoder expects it.
	settled = 4
)

// opusSound reads packets of Opus: as samples, decoded when they are read, or as they are. While they
// are passed on nothing is decoded; the way back makes up for that by decoding what came just before.
//
// A packet passed on is heard without the delay of an encoder's look-ahead, so passing is ahead of
// reading by that much: where it goes on with a packet, reading goes on lookahead samples into it.
type opusSound struct {
	*packetRing
	queue     *queue // its end is the sound's
	channels  int
	frames    int // of a packet that can be passed on
	lookahead int // samples a channel

	decoder   opus.Decoder
	pcm       []float32    // what the packet taken last decoded to
	unread    []float32    // of it
	left      atomic.Int64 // values in unread, for others than the reader
	recalled  []float32    // the samples before unread, after a change to reading
	passing   bool
	since     int // packets decoded since the decoder started anew, or since a change to reading
	concealed atomic.Int64
	lost      atomic.Int64 // samples per channel of these
}

func newOpusSound(q *queue, p Packets, ahead time.Duration) (*opusSound, error) {
	decoder, err := opus.NewDecoder(q.channels)
	if err != nil {
		return nil, err
	}
	return &opusSound{
		packetRing: newPacketRing(ahead),
		queue:      q,
		channels:   q.channels,
		frames:     p.Frames,
		lookahead:  p.Lookahead,
		decoder:    decoder,
		pcm:        make([]float32, opus.MaxFrames*q.channels),
		recalled:   make([]float32, 0, p.Recalled*q.channels+opus.MaxFrames*q.channels),
	}, nil
}

// buffered is how much sound there is to be read. Any goroutine may ask.
func (s *opusSound) buffered() time.Duration {
	return s.queue.duration(s.left.Load()) + time.Duration(s.packetRing.frames.Load())*time.Second/SampleRate
}

// read is Stream.Read.
func (s *opusSound) read(dst []float32) (n int, ended bool) {
	done := s.queue.done.Load() // before looking: what was pushed before the end is then seen
	s.resume()
	for n < len(dst) && s.ready() {
		took := copy(dst[n:], s.unread)
		s.unread = s.unread[took:]
		n += took
	}
	ended = done && !s.ready()
	s.left.Store(int64(len(s.unread)))
	return n, ended
}

// ready decodes as many packets as it takes to have something to read.
func (s *opusSound) ready() bool {
	for len(s.unread) == 0 && s.waiting() > 0 {
		s.decode(s.take())
		s.since++
	}
	return len(s.unread) > 0
}

// decode decodes a packet, or makes as much silence of it.
func (s *opusSound) decode(packet *decode.OpusPacket) {
	if packet.Fresh {
		s.decoder.Reset()
		s.since = 0
	}
	whole := s.pcm[:packet.Frames*s.channels]
	if n, err := s.decodeSafely(packet.Data); err != nil || n != packet.Frames {
		s.concealed.Add(1)
		s.lost.Add(int64(packet.Frames))
		clear(whole)
	}
	s.unread = whole[packet.From*s.channels : packet.To*s.channels]
	if packet.Gain != 1 {
		for i := range s.unread {
			s.unread[i] *= packet.Gain
		}
	}
}

// decodeSafely keeps what strangers send from ending the process.
func (s *opusSound) decodeSafely(data []byte) (n int, err error) {
	defer func() {
		if recover() != nil {
			err = opus.ErrPacket
			s.decoder.Reset()
		}
	}()
	return s.decoder.Decode(s.pcm, data)
}

// lead is how many frames of silence before what is read next put the packets' boundaries, less the
// look-ahead, on those of packets of s.frames.
func (s *opusSound) lead() int {
	if s.passing || !s.ready() {
		return 0
	}
	early := (len(s.unread)/s.channels - (s.frames - s.lookahead)) % s.frames
	return (2*s.frames - early) % s.frames
}

// pass gives the next packet if it can be passed on; see mix.Passer.
func (s *opusSound) pass(clean bool) []byte {
	next := s.taken.Load()
	switch {
	case s.passing:
		if s.waiting() < 2 || !s.isWhole(next) {
			return nil
		}
	case next == 0:
		if !clean || !s.mayBegin() {
			return nil
		}
	default: // the packet decoded last is passed on after all
		if !s.mayReturn(next-1) || !s.follows(next) {
			return nil
		}
		s.passing, s.unread = true, nil
		s.left.Store(0)
		return s.at(next - 1).Data
	}
	if !s.follows(next + 1) {
		return nil
	}
	s.passing = true
	return s.take().Data
}

// mayBegin tells whether the sound's first packet can be passed on. With the SILK layer it can where
// that starts anew in a listener's decoder; a CELT packet would lean on what was heard before.
func (s *opusSound) mayBegin() bool {
	if s.waiting() < 2 {
		return false
	}
	first := s.at(0)
	return first.From == s.lookahead && first.To == s.frames && first.Frames == s.frames && first.Gain == 1 &&
		opus.IsSimple(first.Data, s.channels) && !opus.IsCELT(first.Data)
}

// mayReturn tells whether reading stands where passing packet i on would.
func (s *opusSound) mayReturn(i int64) bool {
	return s.since >= settled && s.isWhole(i) && opus.IsCELT(s.at(i).Data) &&
		len(s.unread) == (s.frames-s.lookahead)*s.channels
}

// isWhole tells whether packet i may be passed on, its length and its samples being those of a packet.
func (s *opusSound) isWhole(i int64) bool {
	p := s.at(i)
	return !p.Fresh && p.Frames == s.frames && p.From == 0 && p.To == s.frames && p.Gain == 1 &&
		opus.IsSimple(p.Data, s.channels)
}

// follows tells whether packet i is there to go on with: the way back to reading needs its beginning.
func (s *opusSound) follows(i int64) bool {
	if i >= s.written.Load() {
		return false
	}
	p := s.at(i)
	return !p.Fresh && p.From == 0 && p.To >= s.lookahead
}

// recall is Stream.Recall.
func (s *opusSound) recall(dst []float32) {
	s.resume()
	clear(dst)
	n := min(len(dst), len(s.recalled))
	copy(dst[len(dst)-n:], s.recalled[len(s.recalled)-n:])
}

// resume goes from passing on to reading: the decoder hears what it has missed, as far as it matters.
func (s *opusSound) resume() {
	if !s.passing {
		return
	}
	s.passing = false
	s.recalled = s.recalled[:0]
	s.decoder.Reset()
	next := s.taken.Load()
	for i := s.rollFrom(next); i < next; i++ {
		s.decode(s.at(i))
		s.remember(s.unread)
	}
	s.decode(s.take())
	skip := s.lookahead * s.channels
	s.remember(s.unread[:skip])
	s.unread = s.unread[skip:]
	s.since = 0
}

// remember adds to what can be recalled, and forgets the oldest for it.
func (s *opusSound) remember(samples []float32) {
	if over := len(s.recalled) + len(samples) - cap(s.recalled); over > 0 {
		s.recalled = append(s.recalled[:0], s.recalled[over:]...)
	}
	s.recalled = append(s.recalled, samples...)
}

// rollFrom is the packet from which on those before next take preRoll, and one more.
func (s *opusSound) rollFrom(next int64) int64 {
	i, rolled := next-1, 0
	for i > 0 && next-i < history && rolled < preRoll && !s.at(i).Fresh {
		i--
		rolled += s.at(i).Frames
	}
	return i
}
