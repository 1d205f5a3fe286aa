package opus

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/thesyncim/gopus"
)

func usual() Config { return Default(1) }

func mustEncoder(t testing.TB, c Config) Encoder {
	t.Helper()
	e, err := NewEncoder(c)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func mustDecoder(t testing.TB, channels int) Decoder {
	t.Helper()
	d, err := NewDecoder(channels)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// encodeAll encodes the whole packets of pcm.
func encodeAll(t testing.TB, e Encoder, c Config, pcm []float32) (packets [][]byte) {
	t.Helper()
	for ; len(pcm) >= c.Samples(); pcm = pcm[c.Samples():] {
		packet := make([]byte, MaxPacketBytes)
		n, err := e.Encode(packet, pcm[:c.Samples()])
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, packet[:n])
	}
	return packets
}

func decodeAll(t testing.TB, d Decoder, channels int, packets [][]byte) (pcm []float32) {
	t.Helper()
	buf := make([]float32, MaxFrames*channels)
	for _, p := range packets {
		n, err := d.Decode(buf, p)
		if err != nil {
			t.Fatal(err)
		}
		pcm = append(pcm, buf[:n*channels]...)
	}
	return pcm
}

func TestRoundTripKeepsTheSignal(t *testing.T) {
	for _, tc := range []struct {
		c   Config
		snr float64 // dB
	}{
		{Config{Channels: 1, Bitrate: 64000, Complexity: 5, FrameMs: 20}, 13},
		{Config{Channels: 1, Bitrate: 64000, Complexity: 1, FrameMs: 20}, 13},
		{Config{Channels: 1, Bitrate: 64000, Complexity: 5, FrameMs: 10}, 12.5},
		{Config{Channels: 1, Bitrate: 96000, Complexity: 10, FrameMs: 20}, 14.5},
		{Config{Channels: 2, Bitrate: 128000, Complexity: 5, FrameMs: 20}, 13.5},
		{Config{Channels: 1, Bitrate: 64000, Complexity: 5, FrameMs: 20, Application: LowDelay}, 13.5},
	} {
		t.Run(fmt.Sprintf("%+v", tc.c), func(t *testing.T) {
			pcm := busy(3*SampleRate, tc.c.Channels)
			e := mustEncoder(t, tc.c)
			packets := encodeAll(t, e, tc.c, pcm)
			got := decodeAll(t, mustDecoder(t, tc.c.Channels), tc.c.Channels, packets)
			if len(got) != len(packets)*tc.c.Samples() {
				t.Fatalf("%d samples came back, want %d", len(got), len(packets)*tc.c.Samples())
			}
			late := e.Lookahead() * tc.c.Channels
			if q := snr(pcm[:len(got)-late], got[late:]); q < tc.snr {
				t.Errorf("SNR %.1f dB, want at least %.1f", q, tc.snr)
			} else {
				t.Logf("SNR %.1f dB", q)
			}
		})
	}
}

func TestLookaheadIsTheDelay(t *testing.T) {
	for _, application := range []Application{Audio, LowDelay} {
		c := usual()
		c.Application = application
		e := mustEncoder(t, c)
		pcm := busy(SampleRate/2, 1)
		got := decodeAll(t, mustDecoder(t, 1), 1, encodeAll(t, e, c, pcm))
		if lag := delay(pcm, got, 600); lag != e.Lookahead() {
			t.Errorf("%v: %d frames late, Lookahead says %d", application, lag, e.Lookahead())
		}
	}
}

func TestLevelIsKept(t *testing.T) {
	for _, hz := range []float64{200, 1000, 6000} {
		c := usual()
		pcm := sine(2*SampleRate, hz, 0.5)
		got := decodeAll(t, mustDecoder(t, 1), 1, encodeAll(t, mustEncoder(t, c), c, pcm))
		change := 10 * math.Log10(power(got[SampleRate:])/power(pcm[SampleRate:]))
		if math.Abs(change) > 0.1 {
			t.Errorf("%v Hz: the level changed by %.3f dB", hz, change)
		}
	}
}

func TestBitrateIsMetOnAverage(t *testing.T) {
	pcm := busy(5*SampleRate, 1)
	for _, bitrate := range []int{32000, 64000, 96000} {
		c := usual()
		c.Bitrate = bitrate
		total := 0
		for _, p := range encodeAll(t, mustEncoder(t, c), c, pcm) {
			total += len(p)
		}
		if got := float64(total) * 8 / 5; math.Abs(got/float64(bitrate)-1) > 0.05 {
			t.Errorf("%.0f bit/s, want %d", got, bitrate)
		}
	}
}

// A packet with one frame of the configured length is what every WebRTC receiver takes.
func TestPacketHoldsOneFrame(t *testing.T) {
	for _, ms := range []int{10, 20} {
		c := usual()
		c.FrameMs = ms
		for _, p := range encodeAll(t, mustEncoder(t, c), c, busy(SampleRate/2, 1)) {
			info, err := gopus.ParsePacket(p)
			if err != nil || info.FrameCount != 1 || info.TOC.FrameSize != c.Frames() {
				t.Fatalf("%d ms: %d frames of %d samples, error %v", ms, info.FrameCount, info.TOC.FrameSize, err)
			}
		}
	}
}

func TestSilenceStaysSilent(t *testing.T) {
	c := usual()
	packets := encodeAll(t, mustEncoder(t, c), c, make([]float32, SampleRate))
	if got := decodeAll(t, mustDecoder(t, 1), 1, packets); power(got) != 0 {
		t.Errorf("silence came back with a power of %g", power(got))
	}
}

func TestSilenceBeforeTheFirstSoundIsAPacketOfItsLength(t *testing.T) {
	for _, ms := range []int{10, 20} {
		for channels := 1; channels <= 2; channels++ {
			c := Default(channels)
			c.FrameMs = ms
			e, d := mustEncoder(t, c), mustDecoder(t, channels)
			signal := busy(SampleRate/5, channels)
			packets := encodeAll(t, e, c, append(make([]float32, 3*c.Samples()), signal...))
			info, err := gopus.ParsePacket(packets[0])
			if err != nil || info.TOC.FrameSize != c.Frames() || info.TOC.Stereo != (channels == 2) {
				t.Errorf("%d ms of %d channels: %+v, %v", ms, channels, info, err)
			}
			got := decodeAll(t, d, channels, packets)
			if power(got[:3*c.Samples()]) != 0 {
				t.Error("silence is heard")
			}
			late := (3*c.Frames() + e.Lookahead()) * channels
			if q := snr(signal[:len(got)-late], got[late:]); q < 11 {
				t.Errorf("%d ms of %d channels: what follows has an SNR of %.1f dB", ms, channels, q)
			}
		}
	}
}

func TestResetStartsAnew(t *testing.T) {
	c := usual()
	pcm := busy(SampleRate/2, 1)
	e := mustEncoder(t, c)
	first := encodeAll(t, e, c, pcm)
	e.Reset()
	if again := encodeAll(t, e, c, pcm); !slices.EqualFunc(first, again, bytes.Equal) {
		t.Error("an encoder that was reset encodes differently")
	}
	d := mustDecoder(t, 1)
	want := decodeAll(t, d, 1, first)
	d.Reset()
	if !slices.Equal(decodeAll(t, d, 1, first), want) {
		t.Error("a decoder that was reset decodes differently")
	}
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	for _, c := range []Config{
		{Channels: 1, Bitrate: 64000, Complexity: 5, FrameMs: 20},
		{Channels: 2, Bitrate: 128000, Complexity: 10, FrameMs: 20},
		{Channels: 1, Bitrate: 32000, Complexity: 10, FrameMs: 20, Application: VoIP},
		{Channels: 1, Bitrate: 64000, Complexity: 1, FrameMs: 10},
	} {
		e, d := mustEncoder(t, c), mustDecoder(t, c.Channels)
		pcm := busy(SampleRate, c.Channels)
		packet, out := make([]byte, MaxPacketBytes), make([]float32, MaxFrames*c.Channels)
		at := 0
		run := func() {
			n, err := e.Encode(packet, pcm[at:at+c.Samples()])
			if err != nil {
				t.Fatal(err)
			}
			if _, err := d.Decode(out, packet[:n]); err != nil {
				t.Fatal(err)
			}
			if at += c.Samples(); at+c.Samples() > len(pcm) {
				at = 0
			}
		}
		for range 50 {
			run()
		}
		if n := testing.AllocsPerRun(100, run); n != 0 {
			t.Errorf("%+v: %v allocations a packet", c, n)
		}
	}
}

func TestDecoderTakesEveryFrameLength(t *testing.T) {
	for _, ms10 := range []int{25, 50, 100, 200, 400, 600, 800, 1000, 1200} {
		for _, application := range []gopus.Application{gopus.ApplicationAudio, gopus.ApplicationVoIP} {
			frames := SampleRate / 1000 * ms10 / 10
			enc, err := gopus.NewEncoder(gopus.EncoderConfig{SampleRate: SampleRate, Channels: 2, Application: application})
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(enc.SetFrameSize(frames), enc.SetBitrate(48000)); err != nil {
				t.Fatal(err)
			}
			packet := make([]byte, 6*MaxPacketBytes)
			n, err := enc.Encode(busy(frames, 2), packet)
			if err != nil {
				t.Fatal(err)
			}
			for channels := 1; channels <= 2; channels++ {
				got, err := mustDecoder(t, channels).Decode(make([]float32, MaxFrames*channels), packet[:n])
				if err != nil || got != frames {
					t.Errorf("%g ms to %d channels: %d frames, error %v", float64(ms10)/10, channels, got, err)
				}
			}
		}
	}
}

func TestConfigMistakesAreNamed(t *testing.T) {
	for _, change := range []func(*Config){
		func(c *Config) { c.Channels = 3 },
		func(c *Config) { c.Channels = 0 },
		func(c *Config) { c.Bitrate = 0 },
		func(c *Config) { c.Bitrate = 1e6 },
		func(c *Config) { c.Complexity = 11 },
		func(c *Config) { c.FrameMs = 15 },
		func(c *Config) { c.Application = 9 },
		func(c *Config) { c.PacketLossPct = -1 },
	} {
		c := usual()
		change(&c)
		if _, err := NewEncoder(c); !errors.Is(err, ErrConfig) {
			t.Errorf("%+v: got %v", c, err)
		}
	}
	for _, channels := range []int{0, 3} {
		if _, err := NewDecoder(channels); !errors.Is(err, ErrConfig) {
			t.Errorf("a decoder for %d channels: got %v", channels, err)
		}
	}
}

func TestEncodeRefusesOtherFrameSizes(t *testing.T) {
	e := mustEncoder(t, usual())
	for _, n := range []int{0, 480, 959, 961, 1920} {
		if _, err := e.Encode(make([]byte, MaxPacketBytes), make([]float32, n)); !errors.Is(err, ErrFrameSize) {
			t.Errorf("%d samples: got %v", n, err)
		}
	}
}

func TestEncodeSurvivesBadSamples(t *testing.T) {
	c := usual()
	e, d := mustEncoder(t, c), mustDecoder(t, 1)
	bad := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 1e30, -5}
	pcm := busy(SampleRate, 1)
	clean := slices.Clone(pcm)
	for i, v := range bad {
		pcm[i*3000] = v
	}
	got := decodeAll(t, d, 1, encodeAll(t, e, c, pcm))
	late := e.Lookahead()
	after := SampleRate / 2 // the last bad sample is at 12000
	if q := snr(clean[after:len(got)-late], got[after+late:]); !(q > 10) {
		t.Errorf("the signal after bad samples has an SNR of %.1f dB", q)
	}
}

func FuzzDecoder(f *testing.F) {
	c := usual()
	for _, p := range encodeAll(f, mustEncoder(f, c), c, busy(SampleRate/5, 1)) {
		f.Add(p, p[:len(p)/2])
	}
	f.Add([]byte{}, []byte{3})
	f.Fuzz(func(t *testing.T, first, second []byte) {
		d := mustDecoder(t, 2)
		pcm := make([]float32, 2*MaxFrames)
		for _, packet := range [][]byte{first, second, first} {
			n, err := d.Decode(pcm, packet)
			if err != nil && !errors.Is(err, ErrPacket) {
				t.Fatalf("an error of another kind: %v", err)
			}
			if n < 0 || n > MaxFrames {
				t.Fatalf("%d frames", n)
			}
		}
	})
}

// surround51 is the usual mapping of 5.1 (RFC 7845, section 5.1.1.2), in its own channel order.
var surround51 = Surround{Streams: 4, Coupled: 2, Mapping: []byte{0, 4, 1, 2, 3, 5}}

func surroundPackets(t testing.TB) (packets [][]byte) {
	t.Helper()
	enc, err := gopus.NewMultistreamEncoderDefault(SampleRate, 6, gopus.ApplicationAudio)
	if err != nil {
		t.Fatal(err)
	}
	pcm := busy(SampleRate/5, 6)
	for ; len(pcm) >= 960*6; pcm = pcm[960*6:] {
		packet := make([]byte, 6*MaxPacketBytes)
		n, err := enc.Encode(pcm[:960*6], packet)
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, packet[:n])
	}
	return packets
}

func TestSurroundConfigMistakesAreNamed(t *testing.T) {
	for _, s := range []Surround{
		{}, {Streams: 4, Coupled: 2}, {Streams: 4, Coupled: 2, Mapping: make([]byte, 9)},
		{Streams: 0, Coupled: 0, Mapping: []byte{0}}, {Streams: 1, Coupled: 2, Mapping: []byte{0}},
		{Streams: 1, Coupled: 0, Mapping: []byte{3}},
	} {
		if _, err := NewSurroundDecoder(s); !errors.Is(err, ErrConfig) {
			t.Errorf("%+v: got %v", s, err)
		}
	}
}

func FuzzSurroundDecoder(f *testing.F) {
	for _, p := range surroundPackets(f) {
		f.Add(p, p[:len(p)/2])
	}
	f.Add([]byte{}, []byte{3})
	f.Fuzz(func(t *testing.T, first, second []byte) {
		d, err := NewSurroundDecoder(surround51)
		if err != nil {
			t.Fatal(err)
		}
		pcm := make([]float32, 6*MaxFrames)
		for _, packet := range [][]byte{first, second, first} {
			n, err := d.Decode(pcm, packet)
			if err != nil && !errors.Is(err, ErrPacket) {
				t.Fatalf("an error of another kind: %v", err)
			}
			if n < 0 || n > MaxFrames {
				t.Fatalf("%d frames", n)
			}
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	for _, c := range []Config{
		{Channels: 1, Bitrate: 64000, Complexity: 1, FrameMs: 20},
		{Channels: 1, Bitrate: 64000, Complexity: 5, FrameMs: 20},
		{Channels: 1, Bitrate: 64000, Complexity: 10, FrameMs: 20},
		{Channels: 2, Bitrate: 96000, Complexity: 5, FrameMs: 20},
	} {
		b.Run(fmt.Sprintf("ch=%d/kbps=%d/complexity=%d", c.Channels, c.Bitrate/1000, c.Complexity), func(b *testing.B) {
			e, packet := mustEncoder(b, c), make([]byte, MaxPacketBytes)
			pcm := busy(5*SampleRate, c.Channels)
			at := 0
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Encode(packet, pcm[at:at+c.Samples()]); err != nil {
					b.Fatal(err)
				}
				if at += c.Samples(); at+c.Samples() > len(pcm) {
					at = 0
				}
			}
			audio := float64(b.N) * float64(c.FrameMs) / 1000
			b.ReportMetric(audio/b.Elapsed().Seconds(), "x-realtime")
		})
	}
}
