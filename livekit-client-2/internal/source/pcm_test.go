package source

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"server-playback/livekit-client-2/internal/fault"
)

func newPCM(t testing.TB, o PCMOptions) *PCM {
	t.Helper()
	if o.Published == 0 {
		o.Published = o.Channels
	}
	p, err := NewPCM(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func TestPCMMayBeCutAnywhere(t *testing.T) {
	data := sine(48000, 2, 10_000)
	random := rand.New(rand.NewPCG(1, 2))
	for _, longest := range []int{1, 3, 5, 1000, 30_000} {
		p := newPCM(t, PCMOptions{SampleRate: 48000, Channels: 2})
		go func() {
			for rest := data; len(rest) > 0; {
				n := min(1+random.IntN(longest), len(rest))
				if err := p.Write(t.Context(), rest[:n]); err != nil {
					t.Error(err)
				}
				rest = rest[n:]
			}
			p.End()
		}()
		assertSamples(t, readAll(t, p), toFloat(data))
		if p.Err() != nil {
			t.Error(p.Err())
		}
	}
}

func TestPCMLengthsAreExact(t *testing.T) {
	for _, rate := range []int{8000, 16000, 22050, 24000, 44100, 48000} {
		for _, frames := range []int{0, 1, rate/100 + 1} {
			p := newPCM(t, PCMOptions{SampleRate: rate, Channels: 1, Published: 2})
			if err := p.Write(t.Context(), sine(rate, 1, frames)); err != nil {
				t.Fatal(err)
			}
			p.End()
			await(t, "ready", p.Ready())
			if got := readAll(t, p); len(got) != 2*round(frames, rate) {
				t.Errorf("%d frames at %d Hz gave %d values, want %d", frames, rate, len(got), 2*round(frames, rate))
			}
		}
	}
}

func TestAPartOfAFrameAtTheEndIsDropped(t *testing.T) {
	p := newPCM(t, PCMOptions{SampleRate: 48000, Channels: 2})
	p.Write(t.Context(), make([]byte, 4*10+3))
	p.End()
	if got := readAll(t, p); len(got) != 20 {
		t.Errorf("%d values, want 20", len(got))
	}
}

func TestPCMWriteWaitsWhileEnoughIsQueued(t *testing.T) {
	p := newPCM(t, PCMOptions{SampleRate: 48000, Channels: 1, Ahead: 100 * time.Millisecond})
	written := make(chan struct{})
	go func() {
		defer close(written)
		if err := p.Write(t.Context(), make([]byte, 2*48000)); err != nil {
			t.Error(err)
		}
		p.End()
	}()
	await(t, "ready", p.Ready())
	select {
	case <-written:
		t.Error("took a second of sound at once")
	default:
	}
	if got := readAll(t, p); len(got) != 48000 {
		t.Errorf("%d values", len(got))
	}
	await(t, "the write", written)
}

func TestAWaitingPCMWriteEnds(t *testing.T) {
	for name, stop := range map[string]func(*PCM, context.CancelFunc){
		"by Close":       func(p *PCM, _ context.CancelFunc) { p.Close(); p.Close() },
		"by its context": func(_ *PCM, cancel context.CancelFunc) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			p := newPCM(t, PCMOptions{SampleRate: 48000, Channels: 1})
			result := make(chan error)
			go func() { result <- p.Write(ctx, make([]byte, 10*48000)) }()
			await(t, "ready", p.Ready())
			stop(p, cancel)
			assertCode(t, <-result, fault.Cancelled)
			readAll(t, p)
			assertCode(t, p.Err(), fault.Cancelled)
		})
	}
}

func TestPCMMaxDurationIsExact(t *testing.T) {
	p := newPCM(t, PCMOptions{SampleRate: 16000, Channels: 1, MaxDuration: 100 * time.Millisecond})
	err := p.Write(t.Context(), sine(16000, 1, 16000))
	assertCode(t, err, fault.MaxDuration)
	assertCode(t, p.Write(t.Context(), make([]byte, 2)), fault.MaxDuration)
	p.End()
	if got := readAll(t, p); len(got) != 4800 {
		t.Errorf("%d values, want 4800", len(got))
	}
	assertCode(t, p.Err(), fault.MaxDuration)
}

func TestPCMAfterItsEndIsRefused(t *testing.T) {
	p := newPCM(t, PCMOptions{SampleRate: 48000, Channels: 1})
	p.End()
	p.End()
	assertCode(t, p.Write(t.Context(), make([]byte, 2)), fault.InvalidCommand)
	readAll(t, p)
	assertCode(t, p.Err(), "")
}

func TestPCMOptionsAreChecked(t *testing.T) {
	for _, o := range []PCMOptions{
		{SampleRate: 0, Channels: 1}, {SampleRate: 1e6, Channels: 1}, {SampleRate: -1, Channels: 1},
		{SampleRate: 48000, Channels: 0}, {SampleRate: 48000, Channels: 9}, {SampleRate: 48000, Channels: -1},
	} {
		o.Published = 1
		_, err := NewPCM(o)
		assertCode(t, err, fault.InvalidCommand)
	}
}

func TestPCMDoesNotAllocate(t *testing.T) {
	p := newPCM(t, PCMOptions{SampleRate: 44100, Channels: 2, Published: 1})
	data, block := make([]byte, 4*441), make([]float32, 480)
	pass := func() {
		p.Write(t.Context(), data)
		p.Read(block)
	}
	pass()
	if allocs := testing.AllocsPerRun(500, pass); allocs >= 1 {
		t.Errorf("%v allocations for 10 ms", allocs)
	}
}
