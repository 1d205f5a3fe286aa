package main

import (
	"bytes"
	"fmt"
	"math"
	"net/http"
	"slices"
	"testing"
	"time"

	"server-playback/livekit-client-2/internal/oggtest"
)

// stairs is a tone whose pitch says where in it one is: 500 Hz in its first 500 ms, 600 in the next.
func stairs(steps int) []byte {
	var data []byte
	for i := range steps {
		data = append(data, sine(stairHz(i), 48000, 1, 24000)...)
	}
	return data
}

func stairHz(step int) float64 { return 500 + 100*float64(step) }

func serveStairs(t *testing.T, steps int) string { return serveBytes(t, wav(48000, 1, stairs(steps))) }

// heardSteps gives the stairs that pcm goes through, as it is heard packet by packet.
func heardSteps(pcm []float32) (steps []int) {
	for ; len(pcm) >= 1920; pcm = pcm[960:] {
		best, most := -1, 0.0
		for step := range 20 {
			if power := tonePower(pcm[:1920], stairHz(step)); power > most {
				best, most = step, power
			}
		}
		if most > 0.01 && (len(steps) == 0 || steps[len(steps)-1] != best) {
			steps = append(steps, best)
		}
	}
	return steps
}

// tonePower is how much of pcm is a tone, from 0 to 0.25 for full scale.
func tonePower(pcm []float32, hz float64) float64 {
	var re, im float64
	for i, x := range pcm {
		sin, cos := math.Sincos(2 * math.Pi * hz * float64(i) / 48000)
		re, im = re+float64(x)*cos, im+float64(x)*sin
	}
	n := float64(len(pcm))
	return (re*re + im*im) / (n * n)
}

func (s *stage) command(action, id string, more map[string]any) {
	s.t.Helper()
	message := map[string]any{"action": action, "requestId": id}
	for k, v := range more {
		message[k] = v
	}
	s.send(message)
}

func (s *stage) seek(id string, ms float64) {
	s.t.Helper()
	s.command("seek_playback", id, map[string]any{"positionMs": ms})
}

// awaitPackets waits until so many packets have been heard.
func (s *stage) awaitPackets(n int) {
	s.t.Helper()
	await(s.t, "the sound", func() bool { return s.listener.count() >= n })
}

func TestBR71_ASeekGoesForthAndBack(t *testing.T) {
	s := newStage(t, nil)
	s.play("r1", serveStairs(t, 12), nil)
	s.awaitPackets(10)
	s.seek("r1", 4100)
	first := s.expect("play_seeked", "r1")
	s.awaitPackets(25)
	s.seek("r1", 1100)
	second := s.expectNth(2, "play_seeked", "r1")
	s.awaitPackets(40)
	s.seek("r1", 5850)
	third := s.expectNth(3, "play_seeked", "r1")
	complete := s.expect("play_complete", "r1")
	packets := s.listener.settle(t)
	assertUnbroken(t, packets)
	if steps, want := heardSteps(decodeAll(t, packets)), []int{0, 8, 2, 11}; !slices.Equal(steps, want) {
		t.Errorf("steps %v were heard, want %v", steps, want)
	}
	if *first.PositionMs != 4100 || *second.PositionMs != 1100 || *third.PositionMs != 5850 {
		t.Errorf("%+v, %+v, %+v", first.Event, second.Event, third.Event)
	}
	// What was heard is as long as what is reported: before the last place, and 150 ms of it.
	if want := *third.PlayedMs + 150; !*complete.Success || math.Abs(*complete.DurationMs-want) > 0.01 {
		t.Errorf("%+v, want %v ms", complete.Event, want)
	}
	if heard := float64(20 * len(packets)); heard < *complete.DurationMs || heard > *complete.DurationMs+4*20 {
		t.Errorf("%v ms of packets, %v reported", heard, *complete.DurationMs)
	}
}

func TestBR71_ASeekWhilePausedPendingAndLooping(t *testing.T) {
	s := newStage(t, nil)
	url := serveStairs(t, 6)
	s.play("r1", url, map[string]any{"loop": true})
	s.awaitPackets(5)
	s.command("pause_playback", "r1", nil)
	s.expect("play_paused", "r1")
	s.listener.settle(t)
	s.seek("r1", 2300)
	if e := s.expect("play_seeked", "r1"); *e.PositionMs != 2300 {
		t.Errorf("%+v", e.Event)
	}
	if packets := s.listener.settle(t); len(packets) > 0 {
		t.Errorf("%d packets were heard while it was paused", len(packets))
	}
	s.command("resume_playback", "r1", nil)
	if e := s.expect("play_resumed", "r1"); *e.PositionMs != 2300 {
		t.Errorf("%+v", e.Event)
	}
	s.awaitPackets(60) // beyond the end, into the next pass
	s.command("pause_playback", "r1", nil)
	if e := s.expectNth(2, "play_paused", "r1"); *e.PositionMs < 200 || *e.PositionMs > 2000 {
		t.Errorf("after a pass it is at %v ms", *e.PositionMs)
	}
	packets := s.listener.settle(t)
	if steps := heardSteps(decodeAll(t, packets)); !slices.Equal(steps[:3], []int{4, 5, 0}) {
		t.Errorf("steps %v were heard", steps)
	}
	s.command("stop_playback", "r1", nil)
	s.expect("play_complete", "r1")

	open := make(chan struct{})
	held := serveHandler(t, func(w http.ResponseWriter, r *http.Request) {
		<-open
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(wav(48000, 1, stairs(6))))
	})
	s.play("r2", held, nil)
	s.seek("r2", 2600)
	s.flush()
	close(open)
	s.expect("play_complete", "r2")
	if e := s.expect("play_seeked", "r2"); *e.PositionMs != 2600 {
		t.Errorf("%+v", e.Event)
	}
	if steps := heardSteps(decodeAll(t, s.listener.settle(t))); !slices.Equal(steps, []int{5}) {
		t.Errorf("steps %v were heard", steps)
	}
}

func TestBR72_ASeekBeyondTheEndCompletesThePlay(t *testing.T) {
	s := newStage(t, nil)
	s.play("r1", serveStairs(t, 6), nil)
	s.awaitPackets(10)
	s.seek("r1", 3_600_000)
	sought, complete := s.expect("play_seeked", "r1"), s.expect("play_complete", "r1")
	packets := s.listener.settle(t)
	if *sought.PositionMs != 3000 || !*complete.Success || *complete.DurationMs < 190 || *complete.DurationMs > 20*float64(len(packets)) {
		t.Errorf("%+v, %+v, %d packets", sought.Event, complete.Event, len(packets))
	}
}

func TestBR72_WhatHasNoPlacesIsNotSought(t *testing.T) {
	s := newStage(t, nil)
	endless := serveHandler(t, func(w http.ResponseWriter, r *http.Request) {
		w.Write(wav(48000, 1, nil)[:40]) // and a length of nothing known
		w.Write([]byte{255, 255, 255, 255})
		for r.Context().Err() == nil {
			if _, err := w.Write(sine(440, 48000, 1, 4800)); err != nil {
				return
			}
		}
	})
	s.play("live", endless, nil)
	s.expect("play_started", "live")
	s.seek("live", 1000)
	s.command("start_pcm", "pcm", map[string]any{"sampleRate": 16000})
	s.seek("pcm", 1000)
	s.seek("nobody", 1000)
	for _, id := range []string{"live", "pcm", "nobody"} {
		if e := s.expect("error", id); e.Error != "invalid_command" || e.Field != "requestId" || e.Message == "" {
			t.Errorf("%s: %+v", id, e.Event)
		}
	}
	if n := len(s.all("play_complete", "")); n != 0 {
		t.Errorf("%d plays ended by that", n)
	}
	s.send(map[string]any{"action": "stop_playback"}) // else its server waits for the endless one
	s.expect("play_complete", "live")
}

// A seek that cannot be carried out leaves the play where it is.
func TestBR72_ASeekThatFailsIsSaidAndThePlayGoesOn(t *testing.T) {
	s := newStage(t, nil)
	file, opened := wav(48000, 1, stairs(3)), 0
	url := serveHandler(t, func(w http.ResponseWriter, r *http.Request) {
		if opened++; opened > 1 {
			http.Error(w, "gone", http.StatusGone)
			return
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(file))
	})
	s.play("r1", url, nil)
	s.awaitPackets(5)
	s.seek("r1", 1200)
	if e := s.expect("error", "r1"); e.Error != "http_status" {
		t.Errorf("%+v", e.Event)
	}
	if e := s.expect("play_complete", "r1"); !*e.Success || *e.DurationMs != 1500 {
		t.Errorf("%+v", e.Event)
	}
	if n := len(s.listener.settle(t)); n < 75 || n > 76 {
		t.Errorf("%d packets were heard", n)
	}
}

func TestBR74_AStartIsWhereItSays(t *testing.T) {
	s := newStage(t, nil)
	s.play("r1", serveStairs(t, 4), map[string]any{"startMs": 1100})
	s.awaitPackets(10)
	s.command("set_volume", "r1", map[string]any{"volume": 0.5, "rampMs": 100})
	volume := s.expect("play_volume", "r1")
	complete := s.expect("play_complete", "r1")
	if *volume.Volume != 0.5 || *volume.PositionMs < 1300 || *volume.PositionMs > 1900 || math.Mod(*volume.PositionMs-1100, 20) != 0 {
		t.Errorf("%+v", volume.Event)
	}
	if *complete.DurationMs != 900 {
		t.Errorf("%+v", complete.Event)
	}
	pcm := decodeAll(t, s.listener.settle(t))
	if steps := heardSteps(pcm); !slices.Equal(steps, []int{2, 3}) {
		t.Errorf("steps %v were heard", steps)
	}
	at := int(*volume.PositionMs-1100)*48 + 312 // the encoder's look-ahead
	assertDB(t, "before", rms(pcm[at-4800:at]), 0.5/math.Sqrt2)
	assertDB(t, "after", rms(pcm[at+4800:at+9600]), 0.25/math.Sqrt2)
}

func TestBR25_BR35_AQueuedPlayFollowsWithoutAGap(t *testing.T) {
	s := newStage(t, nil)
	whole := sine(440, 48000, 1, 48000)
	const cut = 2 * 24_567 // in the middle of a packet
	first, second := serveBytes(t, wav(48000, 1, whole[:cut])), serveBytes(t, wav(48000, 1, whole[cut:]))
	s.play("other", s.tone(5000), map[string]any{"trackId": 1, "volume": 0})
	s.play("r1", first, nil)
	s.play("r2", second, map[string]any{"queue": true, "stopOther": true})
	if e := s.expect("play_complete", "other"); e.Reason != "replaced" {
		t.Errorf("%+v", e.Event)
	}
	for id, ms := range map[string]float64{"r1": 511.81, "r2": 488.19} {
		if e := s.expect("play_complete", id); !*e.Success || *e.DurationMs != ms {
			t.Errorf("%s: %+v", id, e.Event)
		}
	}
	packets := s.listener.settle(t)
	assertUnbroken(t, packets)
	if n := len(packets); n < 51 || n > 53 { // the silent one may have been first
		t.Errorf("%d packets were heard", n)
	}
	pcm := decodeAll(t, packets)
	begin, _ := sounding(pcm)
	if off := residual(pcm[begin+24_567-2400:begin+24_567+2400], 440); off > -30 {
		t.Errorf("around the change %.1f dB are no tone", off)
	}
}

// residual is how much of pcm is not a tone, in dB.
func residual(pcm []float32, hz float64) float64 {
	rest := math.Pow(rms(pcm), 2) - 2*tonePower(pcm, hz)
	return 10 * math.Log10(max(rest, 1e-12)/math.Pow(rms(pcm), 2))
}

func TestBR25_BR34_TheQueueIsBoundedAndAStopEmptiesIt(t *testing.T) {
	s := newStage(t, nil)
	url := s.tone(5000)
	s.play("first", url, nil)
	s.expect("play_started", "first")
	for i := range maxQueued + 1 {
		s.play(fmt.Sprint("q", i), url, map[string]any{"queue": true})
	}
	if e := s.expect("play_complete", fmt.Sprint("q", maxQueued)); e.Error != "at_capacity" || e.Message == "" {
		t.Errorf("%+v", e.Event)
	}
	s.play("other layer", s.tone(100), map[string]any{"queue": true, "trackId": 1})
	if e := s.expect("play_complete", "other layer"); !*e.Success {
		t.Errorf("%+v", e.Event)
	}
	s.command("stop_playback", "first", nil)
	s.expect("play_started", "q0")
	s.command("stop_playback", "q1", nil)
	if e := s.expect("play_complete", "q1"); *e.DurationMs != 0 {
		t.Errorf("%+v", e.Event)
	}
	s.send(map[string]any{"action": "stop_playback", "trackId": 0})
	for i := range maxQueued {
		if e := s.expect("play_complete", fmt.Sprint("q", i)); e.Error != "cancelled" {
			t.Errorf("%+v", e.Event)
		}
	}
}

func TestBR24_SpeechIsHeardAboveTheOthers(t *testing.T) {
	s := newStage(t, func(c *Config) { c.DuckDB, c.DuckAttack, c.DuckRelease = 12, 40*time.Millisecond, 80*time.Millisecond })
	s.play("music", serveBytes(t, wav(48000, 1, sine(440, 48000, 1, 96000))), nil)
	s.awaitPackets(15)
	s.play("speech", serveBytes(t, wav(48000, 1, sine(1500, 48000, 1, 24000))), map[string]any{"trackId": 2})
	s.expect("play_complete", "speech")
	s.expect("play_complete", "music")
	pcm := decodeAll(t, s.listener.settle(t))
	levels := func(hz float64) (out []float64) {
		for at := 4800; at+2400 < len(pcm)-4800; at += 2400 {
			out = append(out, 10*math.Log10(tonePower(pcm[at:at+2400], hz)+1e-9))
		}
		return out
	}
	music, speech := levels(440), levels(1500)
	var alone, below []float64
	for i := 2; i < len(speech)-2; i++ {
		switch {
		case slices.Min(speech[i-2:i+2]) > -20:
			below = append(below, music[i])
		case slices.Max(speech[i-2:i+3]) < -40:
			alone = append(alone, music[i])
		}
	}
	if len(alone) == 0 || len(below) == 0 {
		t.Fatalf("music %.1f, speech %.1f", music, speech)
	}
	if duck := slices.Max(alone) - slices.Max(below[1:]); math.Abs(duck-12) > 1 {
		t.Errorf("ducked by %.1f dB: %.1f, %.1f", duck, alone, below)
	}
	if back := slices.Max(alone) - alone[len(alone)-1]; back > 0.5 {
		t.Errorf("%.1f dB are missing in the end", back)
	}
}

func TestBR23_FullScaleSoundsAreHeardUnclipped(t *testing.T) {
	s := newStage(t, nil)
	for i, hz := range []float64{330, 517, 811, 1203} {
		s.play(fmt.Sprint(i), serveBytes(t, wav(48000, 1, sine(hz, 48000, 1, 48000))), map[string]any{"gain": 2})
	}
	for i := range 4 {
		s.expect("play_complete", fmt.Sprint(i))
	}
	peak := 0.0
	for _, x := range decodeAll(t, s.listener.settle(t)) {
		peak = max(peak, math.Abs(float64(x)))
	}
	t.Logf("peak at a listener: %.3f", peak)
	if peak > 1.3 { // what Opus adds to a peak of 1
		t.Errorf("a peak of %v", peak)
	}
}

func TestBR22_StereoIsHeardWithItsSidesApart(t *testing.T) {
	s := newStage(t, func(c *Config) { c.PublishChannels, c.OpusBitrate = 2, 96000 })
	var data []byte
	left, right := sine(440, 48000, 1, 24000), sine(1500, 48000, 1, 24000)
	for i := 0; i < len(left); i += 2 {
		data = append(append(data, left[i:i+2]...), right[i:i+2]...)
	}
	s.play("r1", serveBytes(t, wav(48000, 2, data)), nil)
	s.expect("play_complete", "r1")
	pcm := listenTo(t, 2, payloads(s.listener.settle(t)))
	for c, hz := range []float64{440, 1500} {
		var side []float32
		for i := 2*4800 + c; i < 2*19200; i += 2 {
			side = append(side, pcm[i])
		}
		assertDB(t, "a side", rms(side), 0.5/math.Sqrt2)
		if off := residual(side, hz); off > -25 {
			t.Errorf("channel %d: %.1f dB are not its own", c, off)
		}
	}
}

// assertUnbroken fails if a packet is missing. RTP time may jump here, where a machine is held up.
func assertUnbroken(t *testing.T, packets []heard) {
	t.Helper()
	for i := 1; i < len(packets); i++ {
		if packets[i].SequenceNumber != packets[i-1].SequenceNumber+1 {
			t.Errorf("packet %d: sequence +%d", i, packets[i].SequenceNumber-packets[i-1].SequenceNumber)
		}
	}
}

func payloads(packets []heard) (all [][]byte) {
	for _, p := range packets {
		all = append(all, p.Payload)
	}
	return all
}

func TestBR26_OpusIsHeardPacketByPacketAsItIs(t *testing.T) {
	s := newStage(t, nil)
	sound := oggtest.Encode(t, celtMono, oggtest.Music(72_000, 1))
	s.play("r1", serveBytes(t, sound.File), nil)
	started, complete := s.expect("play_started", "r1"), s.expect("play_complete", "r1")
	packets := s.listener.settle(t)
	assertUnbroken(t, packets)
	if started.Codec != "opus" || !*complete.Success || *complete.DurationMs != 1500 {
		t.Errorf("%+v, %+v", started.Event, complete.Event)
	}
	same := 0
	for _, p := range passedOn(payloads(packets), sound.Packets) {
		if p {
			same++
		}
	}
	if want := len(sound.Packets) - 6; same < want {
		t.Errorf("%d of %d packets are the source's, want %d", same, len(packets), want)
	}
	assertAlike(t, decodeAll(t, packets), listenTo(t, 1, sound.Packets), 0.99)
}

func TestBR26_PassingOnCanBeTurnedOff(t *testing.T) {
	s := newStage(t, func(c *Config) { c.OpusPassthrough = false })
	sound := oggtest.Encode(t, celtMono, oggtest.Music(24_000, 1))
	s.play("r1", serveBytes(t, sound.File), nil)
	if e := s.expect("play_complete", "r1"); *e.DurationMs != 500 {
		t.Errorf("%+v", e.Event)
	}
	if n := counted(t, s.bridge.metrics, "bridge_passed_packets_total"); n != 0 {
		t.Errorf("%v packets were passed on", n)
	}
}

func TestBR27_AControlledOpusPlayIsHeardWhole(t *testing.T) {
	s := newStage(t, nil)
	sound := oggtest.Encode(t, celtMono, oggtest.Music(3*48000, 1))
	s.play("r1", serveBytes(t, sound.File), nil)
	s.awaitPackets(25)
	s.command("set_volume", "r1", map[string]any{"volume": 0.9, "rampMs": 20})
	s.awaitPackets(40)
	s.command("set_volume", "r1", map[string]any{"volume": 1, "rampMs": 20})
	s.awaitPackets(65)
	s.play("beside", s.tone(200), map[string]any{"volume": 0})
	complete := s.expect("play_complete", "r1")
	packets := s.listener.settle(t)
	assertUnbroken(t, packets)
	if *complete.DurationMs != 3000 || len(packets) != len(sound.Packets) {
		t.Errorf("%+v, %d packets of %d", complete.Event, len(packets), len(sound.Packets))
	}
	if n := counted(t, s.bridge.metrics, "bridge_passed_packets_total"); n < 60 {
		t.Errorf("%v packets were passed on", n)
	}
	assertAlike(t, decodeAll(t, packets), listenTo(t, 1, sound.Packets), 0.97)
	s.play("r2", serveBytes(t, sound.File), nil)
	s.awaitPackets(25)
	s.command("pause_playback", "r2", nil)
	s.expect("play_paused", "r2")
	before := s.listener.settle(t)
	if tail := decodeAll(t, before); rms(tail[len(tail)-48:]) > 0.01 {
		t.Error("the pause does not fade")
	}
	s.command("resume_playback", "r2", nil)
	s.awaitPackets(30)
	s.command("stop_playback", "r2", nil)
	s.expect("play_complete", "r2")
	after := s.listener.settle(t)
	if tail := decodeAll(t, after); rms(tail[len(tail)-48:]) > 0.01 {
		t.Error("the stop does not fade")
	}
	same := 0
	for _, p := range payloads(after) {
		if slices.ContainsFunc(sound.Packets, func(q []byte) bool { return bytes.Equal(p, q) }) {
			same++
		}
	}
	if same < 10 {
		t.Errorf("after the pause, %d packets are the source's", same)
	}
}

// assertAlike fails if 100 ms anywhere are not correlated with what they should be.
func assertAlike(t *testing.T, got, want []float32, least float64) {
	t.Helper()
	n := min(len(got), len(want))
	for at := 0; at+4800 <= n; at += 4800 {
		var ab, aa, bb float64
		for i := at; i < at+4800; i++ {
			a, b := float64(got[i]), float64(want[i])
			ab, aa, bb = ab+a*b, aa+a*a, bb+b*b
		}
		if like := ab / math.Sqrt(aa*bb+1e-12); like < least {
			t.Errorf("at %d ms the likeness is %.3f", at/48, like)
		}
	}
}

func TestBR75_ASlowSourceSaysThatItHasNoDataAndThatItGoesOn(t *testing.T) {
	s := newStage(t, nil)
	file := wav(48000, 1, stairs(3))
	more := make(chan struct{})
	url := serveHandler(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(file)))
		w.Write(file[:44+48000])
		w.(http.Flusher).Flush()
		<-more
		w.Write(file[44+48000:])
	})
	s.play("r1", url, nil)
	buffering := s.expect("play_buffering", "r1")
	if n := len(s.listener.settle(t)); n < 25 || n > 26 {
		t.Errorf("%d packets were heard before", n)
	}
	close(more)
	resumed, complete := s.expect("play_resumed", "r1"), s.expect("play_complete", "r1")
	if *buffering.PositionMs != 500 || *resumed.PositionMs != 500 || !*complete.Success || *complete.DurationMs != 1500 {
		t.Errorf("%+v, %+v, %+v", buffering.Event, resumed.Event, complete.Event)
	}
	if n := len(s.listener.settle(t)); n < 50 || n > 51 {
		t.Errorf("%d packets were heard after", n)
	}
}

func TestBR76_ASourceThatStallsEndsThePlayAfterASettableTime(t *testing.T) {
	s := newStage(t, func(c *Config) { c.Fetch.IdleTimeout = 900 * time.Millisecond })
	file := wav(48000, 1, stairs(3))
	url := serveHandler(t, func(w http.ResponseWriter, r *http.Request) {
		w.Write(file[:44+48000])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	s.play("r1", url, nil)
	buffering, complete := s.expect("play_buffering", "r1"), s.expect("play_complete", "r1")
	if complete.Error != "source_stalled" || *complete.DurationMs != 500 || *buffering.PositionMs != 500 {
		t.Errorf("%+v, %+v", buffering.Event, complete.Event)
	}
	if n := len(s.all("play_resumed", "r1")); n != 0 {
		t.Error("it is said to have gone on")
	}
}

func TestBR13_TheStartTellsWhatTookTheTime(t *testing.T) {
	s := newStage(t, nil)
	file := wav(48000, 1, sine(440, 48000, 1, 24000))
	url := serveHandler(t, func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(60 * time.Millisecond) // the server thinks
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		time.Sleep(40 * time.Millisecond)
		w.Write(file)
	})
	s.play("r1", url, nil)
	e := s.expect("play_started", "r1")
	if *e.FetchMs < 60 || *e.DecodeMs < 40 || *e.FetchMs+*e.DecodeMs > *e.FirstFrameLatencyMs {
		t.Errorf("fetch %v ms, decode %v ms of %v ms", *e.FetchMs, *e.DecodeMs, *e.FirstFrameLatencyMs)
	}
	s.expect("play_complete", "r1")
}
