package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"server-playback/livekit-client-2/internal/fetch"
	"server-playback/livekit-client-2/internal/mix"
	"server-playback/livekit-client-2/internal/source"
)

const soundFixtures = "internal/decode/testdata/"

func readSound(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(soundFixtures + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The fixtures hold half a second of 440 Hz at -6 dB on the left, and of 880 Hz at -12 dB on the right.
func TestFMT1_EveryFormatIsHeard(t *testing.T) {
	s := newStage(t, nil)
	mono := 0.5 / math.Sqrt2
	stereo := math.Hypot(0.25, 0.125) / math.Sqrt2
	// By BS.775, scaled to a sum of 1, and mixed to mono: left, right, centre, and the two surrounds.
	surround := math.Sqrt(0.25*0.25+0.125*0.125+0.0884*0.0884+2*0.0442*0.0442) / math.Sqrt2 / (1 + math.Sqrt2)
	for name, level := range map[string]float64{
		"flac16-44100-2.flac":  stereo,
		"flac16-48000-6.flac":  surround,
		"flac24-96000-1.flac":  mono,
		"mp3-22050-1.mp3":      mono,
		"mp3-44100-2.mp3":      stereo,
		"oggflac-44100-2.oga":  stereo,
		"opus-48000-6.opus":    surround,
		"opus2.5-48000-1.opus": mono,
		"opus60-48000-1.opus":  mono,
		"vorbis-44100-2.ogg":   stereo,
		"vorbis-48000-6.ogg":   surround,
	} {
		s.play(name, serveBytes(t, readSound(t, name)), nil)
		assertDB(t, name, s.heardLevel(name), level)
		if e := s.expect("play_complete", name); !*e.Success || *e.DurationMs != 500 || e.SkippedMs != nil {
			t.Errorf("%s: %+v", name, e.Event)
		}
	}
}

func TestFMT4_ADamagedStretchIsSaidInTheResult(t *testing.T) {
	s := newStage(t, nil)
	file := readSound(t, "flac16-44100-2.flac")
	for i := range 40 {
		file[len(file)/2+i] ^= 0x55
	}
	s.play("r1", serveBytes(t, file), nil)
	e := s.expect("play_complete", "r1")
	if !*e.Success || *e.DurationMs != 500 || e.SkippedMs == nil || *e.SkippedMs <= 0 || *e.SkippedMs >= 500 {
		t.Errorf("%+v", e.Event)
	}
	if !strings.Contains(s.bridge.log.String(), "the sound was damaged") {
		t.Error("the log does not say so")
	}
	assertContinuous(t, s.listener.settle(t))
}

// An old station: its status line is "ICY 200 OK", and titles stand between the sound.
func TestFMT3_AnEndlessStationIsPlayed(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			defer conn.Close()
			// An answer that comes before the request is refused by the client.
			if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
				return
			}
			broadcast(conn, readSound(t, "mp3-44100-2.mp3"))
		}
	}()
	s := newStage(t, nil)
	s.play("r1", "http://"+listener.Addr().String()+"/", nil)
	if e := s.expect("play_started", "r1"); e.Codec != "mp3" || e.ExpectedDurationMs != nil {
		t.Errorf("%+v", e.Event)
	}
	s.expect("play_progress", "r1")
	s.send(map[string]any{"action": "stop_playback", "requestId": "r1"})
	if e := s.expect("play_complete", "r1"); e.Error != "cancelled" || *e.DurationMs < 900 || e.SkippedMs != nil {
		t.Errorf("%+v", e.Event)
	}
	assertContinuous(t, s.listener.settle(t))
}

// broadcast sends a file's frames over and over until the listener hangs up.
func broadcast(conn net.Conn, file []byte) {
	const interval = 1000
	fmt.Fprintf(conn, "ICY 200 OK\r\nicy-metaint: %d\r\nContent-Type: audio/mpeg\r\n\r\n", interval)
	frames := file[bytes.LastIndex(file[:500], []byte{0xff, 0xfb}):] // without the tag, which tells a length
	title := append([]byte{1}, "StreamTitle='';\x00"...)
	for rest := frames; ; rest = append(rest[:len(rest):len(rest)], frames...) {
		for ; len(rest) >= interval; rest = rest[interval:] {
			if _, err := conn.Write(append(rest[:interval:interval], title...)); err != nil {
				return
			}
		}
	}
}

func TestFMT5_WhatIsNoSoundGetsACode(t *testing.T) {
	s := newStage(t, nil)
	header := wav(48000, 1, make([]byte, 96))
	absurd := func(at int, value ...byte) []byte {
		file := bytes.Clone(header)
		copy(file[at:], value)
		return file
	}
	for name, test := range map[string]struct {
		file []byte
		code string
	}{
		"no channels":   {absurd(22, 0, 0), "decode_failed"},
		"no rate":       {absurd(24, 0, 0, 0, 0), "decode_failed"},
		"a million Hz":  {absurd(24, 0x40, 0x42, 0x0f, 0), "unsupported_format"},
		"a 4 GB chunk":  {absurd(12, 'L', 'I', 'S', 'T', 0xff, 0xff, 0xff, 0xff), "decode_failed"},
		"HTML":          {[]byte("<!doctype html><p>gone"), "unsupported_format"},
		"nothing":       {nil, "unsupported_format"},
		"half a header": {header[:30], "decode_failed"},
	} {
		s.play(name, serveBytes(t, test.file), nil)
		if e := s.expect("play_complete", name); string(e.Error) != test.code || *e.DurationMs != 0 || e.Message == "" {
			t.Errorf("%s: %+v", name, e.Event)
		}
	}
	if n := len(s.listener.settle(t)); n != 0 {
		t.Errorf("%d packets were sent", n)
	}
}

func TestFMT7_TheBinaryDecodesEveryFormat(t *testing.T) {
	dir := t.TempDir()
	bin, out := filepath.Join(dir, "bridge"), filepath.Join(dir, "out.wav")
	build := exec.Command("go", "build", "-o", bin, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	server := httptest.NewServer(http.FileServer(http.Dir(soundFixtures)))
	defer server.Close()
	files, err := filepath.Glob(soundFixtures + "*-*-*.*")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for i, file := range files {
		input := file
		if i%4 == 0 { // a URL now and then
			input = server.URL + "/" + filepath.Base(file)
		}
		text, err := exec.Command(bin, "decode", input, out, "--json").Output()
		var found struct {
			OK           bool
			Codec        string
			DurationMs   float64
			SkippedBytes int64
			Output       struct{ SampleRate, Samples int }
		}
		if err != nil || json.Unmarshal(text, &found) != nil {
			t.Errorf("%s: %v, %s", file, err, text)
			continue
		}
		written, err := os.Stat(out)
		if err != nil || !found.OK || found.Codec == "" || found.Output.SampleRate != 48000 ||
			found.Output.Samples != int(math.Round(48*found.DurationMs)) || found.SkippedBytes != 0 || written.Size() < 4800 {
			t.Errorf("%s: %s", file, text)
		}
	}
	if err := exec.Command(bin, "decode", "formats_test.go").Run(); err == nil {
		t.Error("a text was decoded")
	}
	var stdout, stderr bytes.Buffer
	if code := run([]string{"decode"}, os.Getenv, &stdout, &stderr); code != 2 || !strings.Contains(stderr.String(), "usage:") {
		t.Errorf("exit %d, %s", code, stderr.String())
	}
}

// BenchmarkFetchedPacket is what a packet takes from the audio server's socket to the network library: fetching,
// decoding MP3, resampling, mixing and encoding, in whichever goroutine.
func BenchmarkFetchedPacket(b *testing.B) {
	file, err := os.ReadFile(soundFixtures + "mp3-44100-2.mp3")
	if err != nil {
		b.Fatal(err)
	}
	frames := bytes.Repeat(file[bytes.LastIndex(file[:500], []byte{0xff, 0xfb}):], 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(frames); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	config, err := loadConfig(environment(map[string]string{"FETCH_ALLOW": "127.0.0.1"}))
	if err != nil {
		b.Fatal(err)
	}
	p, err := newPublisher(config, discard{}, newWallClock(time.Now()), newMetrics())
	if err != nil {
		b.Fatal(err)
	}
	client := fetch.NewClient(fetch.Options{Allow: fetch.AllowAll()})
	defer client.Close()
	stream := source.Open(b.Context(), client, source.Options{URL: server.URL, Channels: 1})
	defer stream.Close()
	<-stream.Ready()
	p.runs = true // without wake: the benchmark is the loop
	p.mixer.Add(urlSound{stream}, mix.Cue{Gain: 1})
	b.ReportAllocs()
	for b.Loop() {
		for stream.Buffered() < p.frame {
			if err := stream.Err(); err != nil {
				b.Fatal(err)
			}
			runtime.Gosched()
		}
		p.mixer.Settle()
		p.step(time.Now(), 0)
	}
}
