package main

import (
	"bytes"
	"math"
	"slices"
	"testing"
	"time"

	"server-playback/livekit-client-2/internal/fetch"
	"server-playback/livekit-client-2/internal/mix"
	"server-playback/livekit-client-2/internal/oggtest"
	"server-playback/livekit-client-2/internal/opus"
	"server-playback/livekit-client-2/internal/source"
)

const packetFrames = 960

var (
	celtMono   = opus.Default(1)
	celtStereo = opus.Default(2)
	silkMono   = opus.Config{Channels: 1, Bitrate: 16000, Complexity: 5, FrameMs: 20, Application: opus.VoIP}
	hybrid     = opus.Config{Channels: 1, Bitrate: 32000, Complexity: 5, FrameMs: 20, Application: opus.VoIP}
)

// rehearsal is a publisher whose loop is the test: a packet a turn, whatever the clock says.
type rehearsal struct {
	*Publisher
	t     testing.TB
	track *fakeTrack
	due   time.Time
}

func rehearse(t testing.TB, channels int) *rehearsal {
	t.Helper()
	track := &fakeTrack{}
	config := testConfig(t, func(c *Config) {
		c.PublishChannels = channels
		c.OpusBitrate = opus.Default(channels).Bitrate
	})
	p, err := newPublisher(config, track, newWallClock(time.Now()), newMetrics())
	if err != nil {
		t.Fatal(err)
	}
	p.runs = true // without wake
	t.Cleanup(p.Close)
	return &rehearsal{Publisher: p, t: t, track: track, due: time.Now()}
}

// turns sends so many packets.
func (r *rehearsal) turns(n int, sources ...*source.Stream) {
	r.t.Helper()
	for range n {
		for _, s := range sources {
			await(r.t, "data", func() bool { return s.Buffered() >= 200*time.Millisecond || s.Ended() })
		}
		r.mixer.Settle()
		r.step(r.due, 0)
		r.due = r.due.Add(r.frame)
	}
}

// opus plays a sound that is served.
func (r *rehearsal) opus(sound oggtest.Sound, cue mix.Cue) (*source.Stream, *mix.Voice) {
	r.t.Helper()
	client := fetch.NewClient(fetch.Options{Allow: fetch.AllowAll()})
	stream := source.Open(r.t.Context(), client, source.Options{
		URL: serveBytes(r.t, sound.File), Channels: sound.Config.Channels, Packets: r.passable,
	})
	r.t.Cleanup(func() {
		stream.Close()
		client.Close()
	})
	<-stream.Ready()
	return stream, r.mixer.Add(stream, cue)
}

// listenTo gives what a listener's decoder makes of packets.
func listenTo(t *testing.T, channels int, packets [][]byte) []float32 {
	t.Helper()
	decoder, err := opus.NewDecoder(channels)
	if err != nil {
		t.Fatal(err)
	}
	var all []float32
	pcm := make([]float32, opus.MaxFrames*channels)
	for _, p := range packets {
		n, err := decoder.Decode(pcm, p)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, pcm[:n*channels]...)
	}
	return all
}

func (f *fakeTrack) payloads() (all [][]byte) {
	for _, p := range f.take() {
		all = append(all, p.Payload)
	}
	return all
}

// passedOn tells of each packet sent whether it is the source's.
func passedOn(sent, packets [][]byte) []bool {
	same := make([]bool, len(sent))
	for i := range sent {
		same[i] = i < len(packets) && bytes.Equal(sent[i], packets[i])
	}
	return same
}

// TestBR27_ChangingToTheMixAndBackIsNotHeard makes a passed sound be mixed, with silence, now and then:
// what a listener hears is the same, so all that differs is what the encoder does to it, and what the
// change would.
func TestBR27_ChangingToTheMixAndBackIsNotHeard(t *testing.T) {
	for name, test := range map[string]struct {
		config  opus.Config
		pcm     []float32
		returns bool
		worst   float64 // error at a change, dB
	}{
		"music":        {celtMono, oggtest.Music(4*48000, 1), true, -8},
		"stereo music": {celtStereo, oggtest.Music(4*48000, 2), true, -8},
		"speech":       {celtMono, oggtest.Speech(4 * 48000), true, -8},
		// Between SILK and CELT a decoder bridges the change by 5 ms of its own (RFC 6716, section 4.5).
		"SILK speech":   {silkMono, oggtest.Speech(4 * 48000), false, -4},
		"hybrid speech": {hybrid, oggtest.Speech(4 * 48000), false, -4},
	} {
		t.Run(name, func(t *testing.T) {
			channels := test.config.Channels
			sound := oggtest.Encode(t, test.config, test.pcm)
			r := rehearse(t, channels)
			stream, _ := r.opus(sound, mix.Cue{Gain: 1})
			r.turns(35, stream)
			for range 4 {
				nothing := r.mixer.Add(newToneSound(channels, 300*time.Millisecond), mix.Cue{Gain: 0})
				r.turns(35, stream)
				nothing.Stop()
			}
			sent := r.track.payloads()
			same := passedOn(sent, sound.Packets)
			got, want := listenTo(t, channels, sent), listenTo(t, channels, sound.Packets)
			changes := 0
			for i := 1; i < len(same); i++ {
				if same[i] != same[i-1] {
					changes++
				}
			}
			if changes == 0 || test.returns && changes < 9 {
				t.Errorf("it changed over %d times", changes)
			}
			assertNoClick(t, got, want[:len(got)], same, channels, test.worst)
		})
	}
}

// assertNoClick holds the sound around each change against the original's: the error against that of
// packets that are merely encoded, the level for a gap, and the curvature for a click.
func assertNoClick(t *testing.T, got, want []float32, same []bool, channels int, worst float64) {
	t.Helper()
	const window = 120 // 2.5 ms
	var steady, changing []float64
	dip := 0.0
	for at := 0; at+window*channels <= len(want); at += window * channels {
		packet := at / channels / packetFrames
		near := packet > 0 && same[packet] != same[packet-1] || packet > 1 && same[packet-1] != same[packet-2]
		diff := make([]float32, window*channels)
		for i := range diff {
			diff[i] = got[at+i] - want[at+i]
		}
		around := want[max(0, at-packetFrames*channels):min(len(want), at+packetFrames*channels)]
		ratio := decibels((rms(diff) + 1e-6) / (rms(around) + 0.01))
		switch {
		case near:
			changing = append(changing, ratio)
			if wide := want[at:min(len(want), at+4*window*channels)]; rms(wide) > 0.01 {
				dip = min(dip, decibels(rms(got[at:at+len(wide)])/rms(wide)))
			}
		case !same[packet]:
			steady = append(steady, ratio)
		}
	}
	usual, most := slices.Max(steady), slices.Max(changing)
	t.Logf("error: encoded at most %.1f dB, at changes at most %.1f dB of the sound; lowest level %.1f dB; curvature %.3f, originally %.3f",
		usual, most, dip, step(got, channels), step(want, channels))
	if most > max(usual+3, worst) {
		t.Errorf("at a change the error is %.1f dB, %.1f elsewhere", most, usual)
	}
	if dip < -3 {
		t.Errorf("a gap: the level falls by %.1f dB", -dip)
	}
	if a, b := step(got, channels), step(want, channels); a > 1.1*b {
		t.Errorf("a click: a curvature of %.3f, where the original has %.3f", a, b)
	}
}

func decibels(ratio float64) float64 { return 20 * math.Log10(ratio) }

// step is the greatest second difference, which a click stands out by.
func step(pcm []float32, channels int) (most float64) {
	for i := 2 * channels; i < len(pcm); i++ {
		most = max(most, math.Abs(float64(pcm[i]-2*pcm[i-channels]+pcm[i-2*channels])))
	}
	return most
}

func TestBR26_OpusAloneIsPassedOn(t *testing.T) {
	sound := oggtest.Encode(t, celtMono, oggtest.Music(2*48000+500, 1))
	r := rehearse(t, 1)
	stream, voice := r.opus(sound, mix.Cue{Gain: 1})
	r.turns(len(sound.Packets)+2, stream)
	sent := r.track.payloads()
	same := passedOn(sent, sound.Packets)
	passed := 0
	for i, s := range same {
		if s {
			passed++
		} else if i >= 4 && i < len(sound.Packets)-2 {
			t.Errorf("packet %d is not the source's", i)
		}
	}
	if n := counted(t, r.metrics, "bridge_passed_packets_total"); int(n) != passed {
		t.Errorf("%v packets are counted, %d were passed on", n, passed)
	}
	if s := voice.Status(); !s.Done || s.Played != (2*48000+500)*time.Second/48000 {
		t.Errorf("%+v", s)
	}
	if n := len(sent); n != len(sound.Packets) {
		t.Errorf("%d packets were sent, want %d", n, len(sound.Packets))
	}
}

// counted gives a counter's value.
func counted(t *testing.T, m *Metrics, name string) float64 {
	t.Helper()
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	t.Fatal("no metric ", name)
	return 0
}

// BenchmarkPassing is what a packet of one sound costs the sender: passed on, and decoded and encoded.
func BenchmarkPassing(b *testing.B) {
	sound := oggtest.Encode(b, celtMono, oggtest.Music(48000, 1))
	packets := slices.Repeat(sound.Packets, 400)
	sound.File = oggtest.File(packets, celtMono, sound.PreSkip, packetFrames*len(packets))
	for name, gain := range map[string]float64{"passed": 1, "encoded": 0.9} {
		b.Run(name, func(b *testing.B) {
			r := rehearse(b, 1)
			r.track.silent = true
			stream, _ := r.opus(sound, mix.Cue{Gain: gain})
			r.turns(10, stream)
			var spent time.Duration
			for range b.N {
				await(b, "data", func() bool { return stream.Buffered() >= 100*time.Millisecond })
				began := time.Now()
				r.turns(1)
				spent += time.Since(began)
			}
			b.ReportMetric(float64(spent.Nanoseconds())/float64(b.N), "ns/packet")
		})
	}
}
