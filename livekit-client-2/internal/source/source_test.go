package source

import (
	"encoding/binary"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"

	"server-playback/livekit-client-2/internal/decode/wavout"
	"server-playback/livekit-client-2/internal/fault"
	"server-playback/livekit-client-2/internal/fetch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait of these tests.
const patience = 20 * time.Second

// reader is what both sources are to their consumer.
type reader interface {
	Ready() <-chan struct{}
	Read([]float32) (int, bool)
	Buffered() time.Duration
	Err() error
	Close()
}

// readAll reads a sound to its end.
func readAll(t testing.TB, s reader) []float32 {
	t.Helper()
	var all []float32
	block := make([]float32, 960)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		n, ended := s.Read(block)
		all = append(all, block[:n]...)
		if ended {
			return all
		}
		if n == 0 {
			time.Sleep(100 * time.Microsecond)
		}
	}
	t.Fatal("the sound does not end")
	return nil
}

func await(t testing.TB, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatal("waited in vain for: " + what)
	}
}

func assertCode(t testing.TB, err error, want fault.Code) {
	t.Helper()
	if fault.CodeOf(err) != want {
		t.Errorf("ended with %v, want code %q", err, want)
	}
}

// sine is frames of a tone of 440 Hz, the channels at different levels, as s16le.
func sine(rate, channels, frames int) []byte {
	out := make([]byte, 0, 2*frames*channels)
	for i := range frames {
		x := math.Sin(2 * math.Pi * 440 * float64(i) / float64(rate))
		for c := range channels {
			out = binary.LittleEndian.AppendUint16(out, uint16(int16(16000*x/float64(c+1))))
		}
	}
	return out
}

func wav(rate, channels int, data []byte) []byte {
	format := wavout.Format{SampleRate: rate, Channels: channels}
	return append(wavout.Header(format, int64(len(data)/format.FrameSize())), data...)
}

func serve(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func serveFile(t testing.TB, file []byte) string {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(file)))
		w.Write(file)
	})
}

// endless is the WAV of a tone that goes on for as long as somebody listens.
func endless(w http.ResponseWriter, _ *http.Request) {
	second := sine(48000, 1, 48000)
	w.Write(wavout.Header(wavout.Format{SampleRate: 48000, Channels: 1}, -1))
	for {
		if _, err := w.Write(second); err != nil {
			return
		}
	}
}

func open(t testing.TB, o Options) *Stream {
	t.Helper()
	client := fetch.NewClient(fetch.Options{Allow: fetch.AllowAll()})
	if o.Channels == 0 {
		o.Channels = 1
	}
	s := Open(t.Context(), client, o)
	t.Cleanup(func() {
		s.Close()
		client.Close()
	})
	return s
}

func round(frames, rate int) int { return (2*frames*SampleRate + rate) / (2 * rate) }

func toFloat(data []byte) []float32 {
	out := make([]float32, len(data)/2)
	for i := range out {
		out[i] = float32(int16(binary.LittleEndian.Uint16(data[2*i:]))) / (1 << 15)
	}
	return out
}

func assertSamples(t testing.TB, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d values, want %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("value %d is %v, want %v", i, got[i], want[i])
		}
	}
}

func TestFMT2_LengthsAreExactAtEveryRate(t *testing.T) {
	for _, rate := range []int{8000, 11025, 12000, 16000, 22050, 24000, 32000, 37800, 44100, 48000, 64000, 88200, 96000, 176400, 192000} {
		for _, frames := range []int{0, 1, 2, 7, 480, rate/10 + 1, rate / 2} {
			for _, channels := range []int{1, 2, 6} {
				url := serveFile(t, wav(rate, channels, sine(rate, channels, frames)))
				for _, published := range []int{1, 2} {
					s := open(t, Options{URL: url, Channels: published})
					got := readAll(t, s)
					if want := round(frames, rate) * published; len(got) != want {
						t.Errorf("%d frames of %d channels at %d Hz gave %d values of %d channels, want %d",
							frames, channels, rate, len(got), published, want)
					}
					if s.Err() != nil {
						t.Error(s.Err())
					}
				}
			}
		}
	}
}

func TestFMT9_LevelIsTrueBeforeOpus(t *testing.T) {
	want := 16000.0 / 32768 / math.Sqrt2
	for _, rate := range []int{8000, 11025, 16000, 22050, 44056, 44100, 48000, 96000, 192000} {
		for published := 1; published <= 2; published++ {
			url := serveFile(t, wav(rate, 1, sine(rate, 1, rate/2)))
			got := readAll(t, open(t, Options{URL: url, Channels: published}))
			sum, middle := 0.0, got[len(got)/4:len(got)*3/4]
			for _, x := range middle {
				sum += float64(x) * float64(x)
			}
			if off := 20 * math.Log10(math.Sqrt(sum/float64(len(middle)))/want); math.Abs(off) > 0.01 {
				t.Errorf("%d Hz to %d channels: the level is %.4f dB off", rate, published, off)
			}
		}
	}
}

func TestSamplesPassUnchangedAt48kHz(t *testing.T) {
	data := sine(48000, 2, 100_000)
	s := open(t, Options{URL: serveFile(t, wav(48000, 2, data)), Channels: 2})
	assertSamples(t, readAll(t, s), toFloat(data))
	if s.Err() != nil {
		t.Error(s.Err())
	}
}

func TestMonoIsHeardInBothChannels(t *testing.T) {
	data := sine(48000, 1, 5000)
	got := readAll(t, open(t, Options{URL: serveFile(t, wav(48000, 1, data)), Channels: 2}))
	for i, want := range toFloat(data) {
		if got[2*i] != want || got[2*i+1] != want {
			t.Fatalf("frame %d is %v, want %v", i, got[2*i:2*i+2], want)
		}
	}
}

func TestInfoAndExpectedDuration(t *testing.T) {
	url := serveFile(t, wav(44100, 2, sine(44100, 2, 44100)))
	tests := map[string]struct {
		options Options
		want    time.Duration
		known   bool
	}{
		"whole":       {Options{}, time.Second, true},
		"from 400 ms": {Options{Start: 400 * time.Millisecond}, 600 * time.Millisecond, true},
		"from beyond": {Options{Start: 4 * time.Second}, 0, true},
		"limited":     {Options{MaxDuration: 300 * time.Millisecond}, 300 * time.Millisecond, true},
		"looped":      {Options{Loop: true}, 0, false},
	}
	for name, test := range tests {
		test.options.URL = url
		s := open(t, test.options)
		await(t, "ready", s.Ready())
		if info := s.Info(); info.Codec != "pcm_s16le" || info.SampleRate != 44100 || info.Channels != 2 {
			t.Errorf("%s: found %+v", name, info)
		}
		if got, known := s.ExpectedDuration(); got != test.want || known != test.known {
			t.Errorf("%s: expects %v, %v", name, got, known)
		}
	}
}

func TestFailuresEndTheSoundWithTheirCode(t *testing.T) {
	whole := wav(48000, 1, sine(48000, 1, 48000))
	tests := map[string]struct {
		handler http.HandlerFunc
		want    fault.Code
		frames  int
	}{
		"404":   {http.NotFound, fault.HTTPStatus, 0},
		"HTML":  {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html></html>") }, fault.UnsupportedFormat, 0},
		"empty": {func(http.ResponseWriter, *http.Request) {}, fault.UnsupportedFormat, 0},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/" {
				http.Redirect(w, r, "/sound", http.StatusMovedPermanently)
				return
			}
			w.Write(whole)
		}, "", 48000},
		"a redirect to a file": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "file:///etc/hostname", http.StatusFound)
		}, fault.BlockedAddress, 0},
		"half a file": {func(w http.ResponseWriter, _ *http.Request) { w.Write(whole[:44+48000]) }, fault.DecodeFailed, 24000},
		"a connection cut": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(len(whole)))
			w.Write(whole[:44+48000])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, fault.FetchFailed, 24000},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := open(t, Options{URL: serve(t, test.handler)})
			got := readAll(t, s)
			assertCode(t, s.Err(), test.want)
			if len(got) != test.frames {
				t.Errorf("%d frames were heard, want %d", len(got), test.frames)
			}
		})
	}
}

func TestAStalledSourceEndsAsSuch(t *testing.T) {
	client := fetch.NewClient(fetch.Options{Allow: fetch.AllowAll(), IdleTimeout: 20 * time.Millisecond})
	defer client.Close()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Write(wav(48000, 1, sine(48000, 1, 48000))[:44+9600])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	s := Open(t.Context(), client, Options{URL: url, Channels: 1})
	defer s.Close()
	if got := readAll(t, s); len(got) != 4800 {
		t.Errorf("%d frames were heard, want 4800", len(got))
	}
	assertCode(t, s.Err(), fault.SourceStalled)
}

// TestASlowSourceUnderrunsAndGoesOn also shows that sound is there before the download's end.
func TestASlowSourceUnderrunsAndGoesOn(t *testing.T) {
	more := make(chan struct{})
	data := sine(48000, 1, 9600)
	file := wav(48000, 1, data)
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Write(file[:44+9600])
		w.(http.Flusher).Flush()
		<-more
		w.Write(file[44+9600:])
	})
	s := open(t, Options{URL: url})
	await(t, "ready", s.Ready())
	got := make([]float32, 9600)
	have := 0
	for deadline := time.Now().Add(patience); have < 4800 && time.Now().Before(deadline); {
		n, ended := s.Read(got[have:])
		have += n
		if ended {
			t.Fatal("ended too early")
		}
	}
	if n, ended := s.Read(got[have:]); n != 0 || ended {
		t.Errorf("read %d values, ended %v, where there can be none yet", n, ended)
	}
	close(more)
	assertSamples(t, append(got[:have], readAll(t, s)...), toFloat(data))
}

func TestMaxDurationIsExact(t *testing.T) {
	for _, loop := range []bool{false, true} {
		handler := endless
		if loop {
			file := wav(44100, 1, sine(44100, 1, 4410))
			handler = func(w http.ResponseWriter, _ *http.Request) { w.Write(file) }
		}
		s := open(t, Options{URL: serve(t, handler), Channels: 2, Loop: loop, MaxDuration: 1234 * time.Millisecond})
		if got := readAll(t, s); len(got) != 2*59232 {
			t.Errorf("%d values, want %d", len(got), 2*59232)
		}
		assertCode(t, s.Err(), fault.MaxDuration)
	}
}

func TestASoundAsLongAsAllowedIsComplete(t *testing.T) {
	for _, rate := range []int{48000, 44100} {
		s := open(t, Options{URL: serveFile(t, wav(rate, 1, sine(rate, 1, rate))), MaxDuration: time.Second})
		if got := readAll(t, s); len(got) != 48000 || s.Err() != nil {
			t.Errorf("%d values, %v", len(got), s.Err())
		}
	}
}

func TestDecodingRunsABoundedTimeAhead(t *testing.T) {
	const ahead = 200 * time.Millisecond
	s := open(t, Options{URL: serve(t, endless), Ahead: ahead})
	for deadline := time.Now().Add(patience); s.Buffered() < ahead && time.Now().Before(deadline); {
		time.Sleep(100 * time.Microsecond)
	}
	if got := s.Buffered(); got != ahead {
		t.Errorf("%v is buffered, want %v", got, ahead)
	}
	block := make([]float32, 960)
	for range 500 {
		s.Read(block)
		if got := s.Buffered(); got > ahead {
			t.Fatalf("%v is buffered", got)
		}
	}
}

func TestStartIsExact(t *testing.T) {
	data := sine(48000, 2, 48000)
	url := serveFile(t, wav(48000, 2, data))
	for start, frame := range map[time.Duration]int{
		0: 0, time.Millisecond: 48, 10 * time.Microsecond: 0, 11 * time.Microsecond: 1,
		500 * time.Millisecond: 24000, time.Second: 48000, time.Hour: 48000,
	} {
		s := open(t, Options{URL: url, Channels: 2, Start: start})
		assertSamples(t, readAll(t, s), toFloat(data)[2*frame:])
		if s.Err() != nil {
			t.Error(s.Err())
		}
	}
}

// loopTwice reads two and a half passes of a looped sound.
func loopTwice(t *testing.T, s *Stream, data []float32) {
	t.Helper()
	want := slices.Concat(data, data, data[:len(data)/2])
	got := make([]float32, 0, len(want))
	block := make([]float32, 480)
	for deadline := time.Now().Add(patience); len(got) < len(want) && time.Now().Before(deadline); {
		n, ended := s.Read(block[:min(len(block), len(want)-len(got))])
		got = append(got, block[:n]...)
		if ended {
			t.Fatal("the loop ended: ", s.Err())
		}
	}
	assertSamples(t, got, want)
}

func TestALoopHasNoGap(t *testing.T) {
	for name, frames := range map[string]int{"short": 3000, "long": 200_000} {
		t.Run(name, func(t *testing.T) {
			data := sine(48000, 1, frames)
			file := wav(48000, 1, data)
			fetches := 0
			url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				fetches++
				w.Write(file)
			})
			s := open(t, Options{URL: url, Loop: true})
			loopTwice(t, s, toFloat(data))
			s.Close()
			if short := len(file) < keepLimit; short != (fetches == 1) {
				t.Errorf("fetched %d times", fetches)
			}
		})
	}
}

func TestALoopOverNothingEnds(t *testing.T) {
	s := open(t, Options{URL: serveFile(t, wav(48000, 1, nil)), Loop: true})
	readAll(t, s)
	assertCode(t, s.Err(), fault.DecodeFailed)
}

func TestCloseAtAnyTime(t *testing.T) {
	fetching := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for name, handler := range map[string]http.HandlerFunc{"fetching": fetching, "decoding": endless} {
		for _, waitForReady := range []bool{false, true} {
			if waitForReady && name == "fetching" {
				continue
			}
			t.Run(name, func(t *testing.T) {
				s := open(t, Options{URL: serve(t, handler)})
				if waitForReady {
					await(t, "ready", s.Ready())
				}
				s.Close()
				s.Close()
				await(t, "ready after the close", s.Ready())
				readAll(t, s)
				assertCode(t, s.Err(), fault.Cancelled)
			})
		}
	}
}

func TestReadDoesNotAllocate(t *testing.T) {
	s := open(t, Options{URL: serve(t, endless)})
	await(t, "ready", s.Ready())
	block := make([]float32, 960)
	if allocs := testing.AllocsPerRun(1000, func() { s.Read(block); s.Buffered() }); allocs >= 1 {
		t.Errorf("%v allocations a read", allocs)
	}
}

func TestABandwidthLimitRemovesWhatIsAbove(t *testing.T) {
	frames := 48000
	var data []byte
	for i := range frames {
		x := 16000 * math.Sin(2*math.Pi*12000*float64(i)/48000+1)
		data = binary.LittleEndian.AppendUint16(data, uint16(int16(x)))
	}
	got := readAll(t, open(t, Options{URL: serveFile(t, wav(48000, 1, data)), Bandwidth: 8000}))
	for i, x := range got[4800 : len(got)-4800] {
		if x > 0.001 || x < -0.001 {
			t.Fatalf("12 kHz are left: %v at %d", x, i)
		}
	}
	if len(got) != frames {
		t.Errorf("%d frames", len(got))
	}
}
