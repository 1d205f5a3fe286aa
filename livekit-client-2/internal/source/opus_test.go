package source

import (
	"math"
	"slices"
	"testing"
	"time"

	"server-playback/livekit-client-2/internal/oggtest"
	"server-playback/livekit-client-2/internal/opus"
)

const packetFrames = 960

// celt is what 64 kb/s of music comes as; silk what a voice message does.
var (
	celt = opus.Default(1)
	silk = opus.Config{Channels: 1, Bitrate: 16000, Complexity: 5, FrameMs: 20, Application: opus.VoIP}
)

func openOpus(t *testing.T, sound oggtest.Sound, o Options) *Stream {
	t.Helper()
	o.URL = serveFile(t, sound.File)
	o.Channels = sound.Config.Channels
	o.Packets = &Packets{Frames: packetFrames, Lookahead: sound.PreSkip, Recalled: packetFrames}
	s := open(t, o)
	await(t, "ready", s.Ready())
	if s.opus == nil {
		t.Fatal("it is not read as packets")
	}
	return s
}

// decoded is the sound as the other path gives it.
func decoded(t *testing.T, sound oggtest.Sound, o Options) []float32 {
	t.Helper()
	o.URL, o.Channels = serveFile(t, sound.File), sound.Config.Channels
	return readAll(t, open(t, o))
}

func TestPacketsOfOpusAreReadAsDecodedAhead(t *testing.T) {
	for name, config := range map[string]opus.Config{"celt": celt, "silk": silk, "stereo": opus.Default(2)} {
		t.Run(name, func(t *testing.T) {
			sound := oggtest.Encode(t, config, oggtest.Music(60_123, config.Channels))
			got := readAll(t, openOpus(t, sound, Options{}))
			if len(got) != 60_123*config.Channels {
				t.Errorf("%d values, want %d", len(got), 60_123*config.Channels)
			}
			assertSamples(t, got, decoded(t, sound, Options{}))
			limit := Options{MaxDuration: 300 * time.Millisecond}
			assertSamples(t, readAll(t, openOpus(t, sound, limit)), decoded(t, sound, limit))
		})
	}
}

func TestALoopOfOpusHasNoGap(t *testing.T) {
	sound := oggtest.Encode(t, celt, oggtest.Music(5000, 1))
	s := openOpus(t, sound, Options{Loop: true})
	loopTwice(t, s, decoded(t, sound, Options{}))
	if place := s.Place(250 * time.Millisecond); place != 250*time.Millisecond-2*(5000*time.Second/48000) {
		t.Errorf("250 ms on, it is at %v", place)
	}
}

// A decoder that begins in the middle needs some packets to come to what it would have been.
func TestAStartInOpusIsExactAndSettled(t *testing.T) {
	sound := oggtest.Encode(t, celt, oggtest.Music(2*48000, 1))
	whole := decoded(t, sound, Options{})
	for _, start := range []int{1, 648, 960, 12_345, 48_000, 95_000} {
		got := readAll(t, openOpus(t, sound, Options{Start: time.Duration(start) * time.Second / 48000}))
		want := whole[start:]
		if len(got) != len(want) {
			t.Fatalf("from %d: %d values, want %d", start, len(got), len(want))
		}
		if off := difference(got, want); off > -35 {
			t.Errorf("from %d: the difference is %.1f dB of the sound", start, off)
		}
	}
}

// difference is the level of a-b relative to that of b, in dB.
func difference(a, b []float32) float64 {
	var noise, signal float64
	for i := range b {
		noise += math.Pow(float64(a[i]-b[i]), 2)
		signal += math.Pow(float64(b[i]), 2)
	}
	return 10 * math.Log10((noise+1e-20)/(signal+1e-20))
}

// passAll passes on what can be, reads the rest, and gives the packets and how often it changed over.
func passAll(t *testing.T, s *Stream) (passed [][]byte, read int) {
	t.Helper()
	block := make([]float32, packetFrames*s.channels)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if s.waitingFor(3) {
			time.Sleep(100 * time.Microsecond)
			continue
		}
		if packet := s.Pass(true); packet != nil {
			passed = append(passed, append([]byte(nil), packet...))
			continue
		}
		n, ended := s.Read(block)
		if read += n / s.channels; ended {
			return passed, read
		}
	}
	t.Fatal("the sound does not end")
	return nil, 0
}

// waitingFor tells whether fewer packets are queued, and more are to come.
func (s *Stream) waitingFor(packets int64) bool { return !s.done.Load() && s.opus.waiting() < packets }

func TestPacketsArePassedOnAsTheyCame(t *testing.T) {
	for name, test := range map[string]struct {
		config    opus.Config
		from, off int // the first packet passed on, and how many at the end are not
	}{
		// A sound in CELT begins decoded, until a listener's decoder has settled.
		"celt":   {celt, 3, 1},
		"silk":   {silk, 0, 1},
		"stereo": {opus.Default(2), 3, 1},
	} {
		t.Run(name, func(t *testing.T) {
			sound := oggtest.Encode(t, test.config, oggtest.Music(60_123, test.config.Channels))
			if opus.IsCELT(sound.Packets[9]) == (name == "silk") {
				t.Fatal("the encoder chose another mode")
			}
			passed, read := passAll(t, openOpus(t, sound, Options{}))
			if want := sound.Packets[test.from : len(sound.Packets)-test.off]; len(passed) != len(want) {
				t.Fatalf("%d packets of %d were passed on, want %d", len(passed), len(sound.Packets), len(want))
			}
			for i, packet := range passed {
				if string(packet) != string(sound.Packets[test.from+i]) {
					t.Fatalf("packet %d is another", i)
				}
			}
			if total := read + len(passed)*packetFrames; total != 60_123 {
				t.Errorf("%d frames in all, want 60123", total)
			}
		})
	}
}

func TestReadingGoesOnWherePassingWas(t *testing.T) {
	for name, config := range map[string]opus.Config{"celt": celt, "silk": silk, "stereo": opus.Default(2)} {
		t.Run(name, func(t *testing.T) {
			sound := oggtest.Encode(t, config, oggtest.Music(2*48000, config.Channels))
			whole := decoded(t, sound, Options{})
			s := openOpus(t, sound, Options{})
			block := make([]float32, packetFrames*s.channels)
			at, passes := 0, 0
			for i := 0; at+2*len(block) <= len(whole); i++ {
				for s.waitingFor(3) {
					time.Sleep(100 * time.Microsecond)
				}
				if i%12 >= 6 || i == 0 {
					if s.Pass(true) != nil {
						at += len(block)
						passes++
						continue
					}
				}
				recalls := s.opus.passing
				if recalls {
					s.Recall(block)
					if off := difference(block, whole[at-len(block):at]); off > -30 {
						t.Errorf("block %d: recalled with a difference of %.1f dB", i, off)
					}
				}
				if n, _ := s.Read(block); n != len(block) {
					t.Fatalf("block %d: read %d values", i, n)
				}
				if off := difference(block, whole[at:at+len(block)]); off > -30 {
					t.Errorf("block %d: read with a difference of %.1f dB, after passing %v", i, off, recalls)
				}
				at += len(block)
			}
			if passes == 0 {
				t.Error("nothing was passed on")
			}
		})
	}
}

func TestOtherOpusIsNotPassedOn(t *testing.T) {
	music := oggtest.Music(48_000, 1)
	short := celt
	short.FrameMs = 10
	if sound := oggtest.Encode(t, short, music); true {
		if passed, read := passAll(t, openOpus(t, sound, Options{})); len(passed) != 0 || read != len(music) {
			t.Errorf("shorter packets: %d were passed on, %d frames read", len(passed), read)
		}
	}
	plain := oggtest.Encode(t, celt, music)
	for name, o := range map[string]Options{
		"another number of channels": {Channels: 2, Packets: &Packets{Frames: packetFrames, Lookahead: 312}},
		"a limited bandwidth":        {Channels: 1, Bandwidth: 8000, Packets: &Packets{Frames: packetFrames, Lookahead: 312}},
		"not wanted":                 {Channels: 1},
	} {
		o.URL = serveFile(t, plain.File)
		s := open(t, o)
		await(t, "ready", s.Ready())
		if s.opus != nil || s.Pass(true) != nil || s.Lead() != 0 {
			t.Errorf("%s: it is read as packets", name)
		}
	}
}

func TestOpusDoesNotAllocate(t *testing.T) {
	sound := oggtest.Encode(t, celt, oggtest.Music(48000, 1))
	long := slices.Repeat(sound.Packets, 20)
	sound.File = oggtest.File(long, celt, sound.PreSkip, len(long)*packetFrames)
	s := openOpus(t, sound, Options{})
	block := make([]float32, packetFrames)
	turn := 0
	if allocs := testing.AllocsPerRun(400, func() {
		for s.waitingFor(3) {
			time.Sleep(10 * time.Microsecond)
		}
		if turn++; turn%20 < 10 || s.Pass(true) == nil {
			s.Read(block)
		}
	}); allocs >= 1 {
		t.Errorf("%v allocations a packet", allocs)
	}
}
