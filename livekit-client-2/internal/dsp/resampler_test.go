package dsp

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// What the project promises of a conversion.
const (
	flatWithin = 0.1 // dB, in the pass band
	downBy     = 90.0
)

var usualRates = []int{
	8000, 11025, 12000, 16000, 18900, 22050, 24000, 32000, 37800, 44056, 44100, 47952, 48000, 48048, 50000, 64000,
	88200, 96000, 128000, 176400, 192000,
}

// oddRates have too many phases for one filter each; the last are drawn, the same every time.
var oddRates = append([]int{7350, 8001, 11111, 44099, 47999, 48001, 95999, 191999}, drawnRates(16)...)

func drawnRates(n int) []int {
	rng := rand.New(rand.NewPCG(48000, 1))
	rates := make([]int, n)
	for i := range rates {
		rates[i] = int(8000 * math.Pow(24, rng.Float64())) // 8 to 192 kHz, as many in each octave
	}
	return rates
}

func mustResampler(t testing.TB, c ResamplerConfig) *Resampler {
	t.Helper()
	r, err := NewResampler(c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// convert runs a whole signal through, in blocks of the given number of frames.
func convert(r *Resampler, src []float32, block int) []float32 {
	var out []float32
	for len(src) > 0 {
		n := min(block*r.channels, len(src))
		out = r.Process(out, src[:n])
		src = src[n:]
	}
	return r.Flush(out)
}

// response is how a converter treats one sine.
type response struct {
	gain  float64 // dB
	delay float64 // s, of the output against the input
	spur  float64 // RMS of all that is not the sine, dB below the input's RMS
	total float64 // RMS of the whole output, dB against the input's RMS
}

func respond(r *Resampler, c ResamplerConfig, hz float64) response {
	const amplitude, phase = 0.9, 0.3
	seconds := 0.12 + 40/hz
	in := tone(int(seconds*float64(c.InRate)), c.InRate, hz, amplitude, phase)
	out := convert(r, in, c.InRate/100)
	// The edges hold the switching on and off of the sine, which is no part of a steady tone.
	edge := int(float64(r.Lookahead())/float64(c.InRate)*float64(c.OutRate)) + 8
	middle := out[edge : len(out)-edge]
	inRMS := amplitude / math.Sqrt2
	res := response{total: decibel(rms(middle) / inRMS)}
	if 2*hz >= float64(c.OutRate) {
		return res
	}
	f := fitSine(middle, c.OutRate, hz)
	start := 2 * math.Pi * hz * float64(edge) / float64(c.OutRate)
	turn := math.Remainder(f.phase-phase-start, 2*math.Pi)
	res.gain = decibel(f.amplitude / amplitude)
	res.delay = -turn / (2 * math.Pi * hz)
	res.spur = decibel(f.residual / inRMS)
	return res
}

func TestFMT6_ResamplerFrequencyResponse(t *testing.T) {
	var configs []ResamplerConfig
	for _, rate := range append(slices.Clone(usualRates), oddRates...) {
		configs = append(configs, ResamplerConfig{InRate: rate, OutRate: 48000, Channels: 1})
	}
	for _, rate := range []int{8000, 16000, 24000, 44100} {
		configs = append(configs, ResamplerConfig{InRate: 48000, OutRate: rate, Channels: 1})
	}
	configs = append(configs,
		ResamplerConfig{InRate: 48000, OutRate: 48000, Channels: 1, Bandwidth: 8000},
		ResamplerConfig{InRate: 44100, OutRate: 48000, Channels: 1, Bandwidth: 8000},
		ResamplerConfig{InRate: 44100, OutRate: 48000, Channels: 1, Bandwidth: 4000},
		ResamplerConfig{InRate: 192000, OutRate: 48000, Channels: 1, Bandwidth: 12000},
	)
	for _, c := range configs {
		name := fmt.Sprintf("%d-%d", c.InRate, c.OutRate)
		if c.Bandwidth != 0 {
			name += fmt.Sprintf("/%d", c.Bandwidth)
		}
		t.Run(name, func(t *testing.T) { checkResponse(t, c) })
	}
}

func checkResponse(t *testing.T, c ResamplerConfig) {
	r := mustResampler(t, c)
	stop := float64(min(c.InRate, c.OutRate)) / 2
	if c.Bandwidth != 0 {
		stop = min(stop, float64(c.Bandwidth))
	}
	pass := min(0.9*stop, 20000)
	ripple, spur, alias, delay := 0.0, math.Inf(-1), math.Inf(-1), 0.0
	for _, share := range []float64{0.005, 0.05, 0.11, 0.23, 0.37, 0.5, 0.61, 0.72, 0.83, 0.9, 0.95, 0.98, 0.995, 1} {
		got := respond(r, c, share*pass)
		ripple = max(ripple, math.Abs(got.gain))
		delay = max(delay, math.Abs(got.delay))
		spur = max(spur, got.spur)
	}
	for _, share := range []float64{0.1, 0.3, 0.5, 0.7, 0.9, 0.99} { // the transition: no images from there either
		hz := pass + share*(stop-pass)
		if 2*hz < float64(c.OutRate)-200 {
			spur = max(spur, respond(r, c, hz).spur)
		}
	}
	if top := float64(c.InRate) / 2 * 0.999; top > stop && r.bank != nil {
		for i := range 24 {
			hz := stop * math.Pow(top/stop, float64(i)/23)
			alias = max(alias, respond(r, c, hz).total)
		}
	}
	t.Logf("pass band to %.0f Hz: ripple %.5f dB, delay %.1e s; spurious %.1f dB; stop band from %.0f Hz: %.1f dB",
		pass, ripple, delay, spur, stop, alias)
	if ripple > flatWithin {
		t.Errorf("the pass band deviates by %.3f dB", ripple)
	}
	if spur > -downBy {
		t.Errorf("images and noise at %.1f dB", spur)
	}
	if alias > -downBy {
		t.Errorf("the stop band is only %.1f dB down", alias)
	}
	if delay > 1e-8 {
		t.Errorf("the output is late by %.2g s", delay)
	}
}

func TestFMT2_ResamplerLengthIsExact(t *testing.T) {
	for _, rate := range append(slices.Clone(usualRates), oddRates...) {
		for _, frames := range []int{0, 1, 2, 63, 441, 1023, 1024, 1025, 44100, 100003} {
			r := mustResampler(t, ResamplerConfig{InRate: rate, OutRate: 48000, Channels: 2})
			got := len(convert(r, make([]float32, 2*frames), 480)) / 2
			want := int(math.Floor(float64(frames)*48000/float64(rate) + 0.5))
			if got != want {
				t.Errorf("%d frames at %d Hz gave %d, want %d", frames, rate, got, want)
			}
		}
	}
}

func TestResamplerEqualRatesCopy(t *testing.T) {
	r := mustResampler(t, ResamplerConfig{InRate: 48000, OutRate: 48000, Channels: 2, Bandwidth: 24000})
	src := noise(9600)
	if got := convert(r, src, 480); !slices.Equal(got, src) {
		t.Error("the copy differs")
	}
}

func TestResamplerBlocksDoNotMatter(t *testing.T) {
	for _, rate := range []int{8000, 44100, 44056, 192000} {
		r := mustResampler(t, ResamplerConfig{InRate: rate, OutRate: 48000, Channels: 2})
		src := noise(20000)
		want := convert(r, src, len(src)/2)
		for _, block := range []int{1, 7, 441, 1024, 3000} {
			if got := convert(r, src, block); !slices.Equal(got, want) {
				t.Errorf("%d Hz in blocks of %d frames differs from one block", rate, block)
			}
		}
	}
}

func TestResamplerChannelsAreIndependent(t *testing.T) {
	for _, rate := range []int{44100, 44056} {
		for channels := 2; channels <= 8; channels++ {
			parts := make([][]float32, channels)
			for c := range parts {
				parts[c] = noise(3000)
			}
			mono := mustResampler(t, ResamplerConfig{InRate: rate, OutRate: 48000, Channels: 1})
			many := mustResampler(t, ResamplerConfig{InRate: rate, OutRate: 48000, Channels: channels})
			got := convert(many, interleave(parts...), 441)
			for c, part := range parts {
				if !slices.Equal(channel(got, channels, c), convert(mono, part, 441)) {
					t.Errorf("channel %d of %d at %d Hz differs from the same as mono", c, channels, rate)
				}
			}
		}
	}
}

func TestResamplerResetStartsAnew(t *testing.T) {
	r := mustResampler(t, ResamplerConfig{InRate: 22050, OutRate: 48000, Channels: 1})
	src := noise(5000)
	want := convert(r, src, 500)
	r.Process(nil, src[:1234])
	r.Reset()
	if !slices.Equal(convert(r, src, 500), want) {
		t.Error("something of the old stream was left")
	}
}

func TestResamplerAllocatesNothing(t *testing.T) {
	for _, rate := range []int{8000, 44100, 44056, 48000, 192000} {
		r := mustResampler(t, ResamplerConfig{InRate: rate, OutRate: 48000, Channels: 2})
		src := noise(2 * 960)
		dst := make([]float32, 0, r.MaxOutput(len(src)))
		if n := testing.AllocsPerRun(100, func() { r.Process(dst, src) }); n != 0 {
			t.Errorf("%d Hz: %v allocations a block", rate, n)
		}
	}
}

func TestResamplerMaxOutputHolds(t *testing.T) {
	for _, rate := range append(slices.Clone(usualRates), oddRates...) {
		r := mustResampler(t, ResamplerConfig{InRate: rate, OutRate: 48000, Channels: 2})
		for i := range 500 {
			src := make([]float32, 2*(i*7%601))
			if got := len(r.Process(nil, src)); got > r.MaxOutput(len(src)) {
				t.Fatalf("%d Hz: %d samples out, at most %d expected", rate, got, r.MaxOutput(len(src)))
			}
		}
	}
}

func TestResamplerRefusesNonsense(t *testing.T) {
	for _, c := range []ResamplerConfig{
		{},
		{InRate: 0, OutRate: 48000, Channels: 1},
		{InRate: 1000000, OutRate: 48000, Channels: 1},
		{InRate: 44100, OutRate: -1, Channels: 1},
		{InRate: 44100, OutRate: 48000, Channels: 0},
		{InRate: 44100, OutRate: 48000, Channels: 9},
		{InRate: 44100, OutRate: 48000, Channels: 1, Bandwidth: 10},
		{InRate: 44100, OutRate: 48000, Channels: 1, Bandwidth: -8000},
	} {
		if _, err := NewResampler(c); !errors.Is(err, ErrResamplerConfig) {
			t.Errorf("%+v: got %v", c, err)
		}
	}
}

func TestResamplerMemoryIsBounded(t *testing.T) {
	const most = 1 << 20
	for _, c := range []ResamplerConfig{
		{InRate: 44056, OutRate: 48000}, {InRate: 383999, OutRate: 48000}, {InRate: 4001, OutRate: 48000},
		{InRate: 383999, OutRate: 383998}, {InRate: 48000, OutRate: 48000, Bandwidth: MinBandwidth},
		{InRate: 191999, OutRate: 48000, Bandwidth: MinBandwidth},
	} {
		stop, _ := c.stop()
		b := newBank(bankKey{c.InRate, c.OutRate, stop})
		if size := 4 * len(b.rows); size > most {
			t.Errorf("%+v: a bank of %d bytes", c, size)
		}
	}
}

func TestBankCacheSharesAndForgets(t *testing.T) {
	c := bankCache{entries: make(map[bankKey]*bankEntry)}
	key := func(i int) bankKey { return bankKey{inRate: 24000 + 1000*i, outRate: 48000, stop: 12000} }
	first := c.get(key(0))
	for i := range 3 * bankCacheSize {
		c.get(key(i))
		if c.get(key(0)) != first {
			t.Fatal("a bank in use was designed twice")
		}
	}
	if len(c.entries) != bankCacheSize {
		t.Errorf("%d banks are held, want %d", len(c.entries), bankCacheSize)
	}
}

func TestBankCacheIsSafeForManyStreams(t *testing.T) {
	c := bankCache{entries: make(map[bankKey]*bankEntry)}
	got := make(chan *bank)
	for range 16 {
		go func() { got <- c.get(bankKey{44100, 48000, 22050}) }()
	}
	first := <-got
	for range 15 {
		if <-got != first {
			t.Error("two banks for one ratio")
		}
	}
}

func noise(n int) []float32 {
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	out := make([]float32, n)
	for i := range out {
		out[i] = rng.Float32()*2 - 1
	}
	return out
}

func BenchmarkResampler(b *testing.B) {
	for _, c := range []struct{ rate, channels, block, bandwidth int }{
		{44100, 1, 480, 0}, {44100, 1, 960, 0}, {44100, 2, 480, 0}, {44100, 2, 960, 0},
		{8000, 1, 160, 0}, {22050, 1, 480, 0}, {44056, 1, 480, 0}, {96000, 1, 960, 0}, {192000, 1, 1920, 0},
		{48000, 1, 480, 8000},
	} {
		b.Run(fmt.Sprintf("%d/ch=%d/block=%d/bw=%d", c.rate, c.channels, c.block, c.bandwidth), func(b *testing.B) {
			r := mustResampler(b, ResamplerConfig{InRate: c.rate, OutRate: 48000, Channels: c.channels, Bandwidth: c.bandwidth})
			src := noise(c.block * c.channels)
			dst := make([]float32, 0, r.MaxOutput(len(src)))
			for b.Loop() {
				r.Process(dst, src)
			}
			audio := float64(b.N) * float64(c.block) / float64(c.rate)
			b.ReportMetric(audio/b.Elapsed().Seconds(), "x-realtime")
		})
	}
}

func BenchmarkBankDesign(b *testing.B) {
	for _, rate := range []int{8000, 11025, 44100, 44056, 192000} {
		b.Run(fmt.Sprint(rate), func(b *testing.B) {
			for b.Loop() {
				runtime.KeepAlive(newBank(bankKey{rate, 48000, min(rate, 48000) / 2}))
			}
		})
	}
}
