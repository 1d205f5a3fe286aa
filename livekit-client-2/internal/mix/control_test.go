package mix

import (
	"math"
	"slices"
	"testing"
	"time"
)

// ramp yields the frames' numbers, from one on: what it gives shows which frame it was.
type ramp struct {
	next, end int
	scale     float32
	endless   bool
}

func (s *ramp) Read(dst []float32) (n int, ended bool) {
	for ; n < len(dst) && s.next < s.end; n++ {
		dst[n] = float32(s.next) * s.scale
		s.next++
	}
	return n, s.next == s.end && !s.endless
}

func (s *ramp) Buffered() time.Duration { return lengthOf(int64(s.end - s.next)) }

// numbers is a ramp whose samples are the frames' numbers over 100,000.
func numbers(from, to int) *ramp { return &ramp{next: from, end: to, scale: 1e-5} }

// play gives what so many packets sound like.
func play(m *Mixer, packets int) (all []float32) {
	for range packets {
		packet := turn(m)
		if packet == nil {
			packet = make([]float32, frames)
		}
		all = append(all, packet...)
	}
	return all
}

func notes(v *Voice) (kinds []Kind) {
	for n, more := v.Next(); more; n, more = v.Next() {
		kinds = append(kinds, n.Kind)
	}
	return kinds
}

func assertKinds(t *testing.T, v *Voice, want ...Kind) {
	t.Helper()
	if got := notes(v); !slices.Equal(got, want) {
		t.Errorf("notes %v, want %v", got, want)
	}
}

func TestBR25_AQueuedSoundBeginsAtTheNextSample(t *testing.T) {
	for _, first := range []int{1, 479, 480, 959, 960, 961, 2000} {
		m := newMixer()
		a := add(m, numbers(0, first), 1, false)
		b := m.Add(numbers(first, 5000), Cue{Gain: 1, After: a})
		c := m.Add(numbers(5000, 6000), Cue{Gain: 1, After: b})
		for i, x := range play(m, 7)[:6000] {
			if want := float32(i) * 1e-5; x != want {
				t.Fatalf("after %d: sample %d is %v, want %v", first, i, x, want)
			}
		}
		turn(m)
		for name, v := range map[string]*Voice{"first": a, "second": b, "third": c} {
			if s := v.Status(); !s.Done || s.Stopped {
				t.Errorf("%s: %+v", name, s)
			}
		}
		if played := a.Status().Played + b.Status().Played + c.Status().Played; played.Round(time.Microsecond) != 125*time.Millisecond {
			t.Errorf("%v were played", played)
		}
	}
}

func TestAQueuedSoundWaitsForAPausedOne(t *testing.T) {
	m := newMixer()
	a := add(m, numbers(0, 9600), 1, false)
	b := m.Add(numbers(0, 9600), Cue{Gain: 1, After: a})
	turn(m)
	a.Pause()
	turn(m)
	turn(m)
	if m.Active() {
		t.Error("active while all wait")
	}
	b.Pause()
	b.Resume()
	if turn(m) != nil || b.Status().Began {
		t.Error("it has begun")
	}
	a.Stop()
	if turn(m) == nil {
		t.Fatal("it does not follow the one that was stopped")
	}
	assertKinds(t, b, Paused, Resumed, Began)
}

func TestAQueuedSoundFollowsAFade(t *testing.T) {
	m := newMixer()
	a := add(m, &fakeSource{level: 0.5, have: 10 * frames}, 1, false)
	b := m.Add(&fakeSource{level: 0.25, have: 10 * frames}, Cue{Gain: 1, After: a})
	turn(m)
	a.Stop()
	packet := turn(m)
	if packet[479] != 0 || packet[480] != 0.25 {
		t.Errorf("%v, then %v", packet[479], packet[480])
	}
	turn(m)
	if s := b.Status(); s.Played != 10*time.Millisecond {
		t.Errorf("%+v", s)
	}
}

func TestBR71_ASeekGoesOnWithTheNextPacketWithoutAStep(t *testing.T) {
	m := newMixer()
	v := m.Add(&fakeSource{level: 0.5, have: 100 * frames}, Cue{Gain: 1})
	turn(m)
	v.Expect(true)
	if !v.Seek(&fakeSource{level: -0.25, have: 2 * frames, ended: true}, time.Minute) {
		t.Fatal("refused")
	}
	if s := v.Status(); s.Position != 0 {
		t.Errorf("%+v", s)
	}
	all := play(m, 2)
	for i := 1; i < len(all); i++ {
		if step := math.Abs(float64(all[i] - all[i-1])); step > 0.002 {
			t.Fatalf("a step of %v at %d", step, i)
		}
	}
	if all[0] < 0.49 || all[479] != 0 || all[959] != 0 || all[len(all)-1] != -0.25 {
		t.Errorf("%v, %v, %v, %v", all[0], all[479], all[959], all[len(all)-1])
	}
	assertKinds(t, v, Began, Sought)
	turn(m)
	if s := v.Status(); s.Position != time.Minute+20*time.Millisecond || s.Played != 50*time.Millisecond {
		t.Errorf("%+v", s)
	}
	turn(m)
	turn(m)
	if s := v.Status(); !s.Done || s.Stopped || s.Played != 70*time.Millisecond {
		t.Errorf("%+v", s)
	}
	if v.Seek(&fakeSource{}, 0) {
		t.Error("a voice that has ended was sought")
	}
}

func TestBR71_ASeekInSilenceIsAtOnce(t *testing.T) {
	for name, prepare := range map[string]func(*Mixer) *Voice{
		"before it began": func(m *Mixer) *Voice { return m.Add(&fakeSource{level: 0.5, have: frames}, Cue{Gain: 1}) },
		"paused": func(m *Mixer) *Voice {
			v := add(m, &fakeSource{level: 0.5, have: 10 * frames}, 1, false)
			turn(m)
			v.Pause()
			turn(m)
			turn(m)
			notes(v)
			return v
		},
		"dry": func(m *Mixer) *Voice {
			v := add(m, &fakeSource{level: 0.5, have: frames}, 1, false)
			turn(m)
			turn(m)
			turn(m)
			notes(v)
			return v
		},
	} {
		m := newMixer()
		v := prepare(m)
		v.Seek(&fakeSource{level: 0.25, have: 10 * frames}, 5*time.Second)
		assertKinds(t, v, Sought)
		v.Resume()
		if packet := turn(m); packet == nil || packet[frames-1] != 0.25 {
			t.Errorf("%s: it does not go on there", name)
		}
		turn(m)
		if s := v.Status(); s.Position != 5*time.Second+20*time.Millisecond {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestAPauseDuringASeekHoldsTheNewPlace(t *testing.T) {
	m := newMixer()
	v := add(m, &fakeSource{level: 0.5, have: 10 * frames}, 1, false)
	turn(m)
	v.Seek(&fakeSource{level: 0.25, have: 10 * frames}, time.Second)
	v.Pause()
	turn(m)
	turn(m)
	assertKinds(t, v, Began, Sought, Paused)
	if s := v.Status(); !s.Paused || s.Position != time.Second {
		t.Errorf("%+v", s)
	}
}

// Where the sound ends before the place sought is there, it waits for it.
func TestAnExpectedSeekOutlivesTheSound(t *testing.T) {
	m := newMixer()
	v := add(m, numbers(0, 1000), 1, false)
	turn(m)
	v.Expect(true)
	for range 5 {
		turn(m)
	}
	if v.Status().Done {
		t.Fatal("done")
	}
	assertKinds(t, v, Began, RanDry)
	v.Seek(numbers(0, 960), 0)
	play(m, 3)
	assertKinds(t, v, Sought, WentOn)
	if s := v.Status(); !s.Done {
		t.Errorf("%+v", s)
	}
	v = add(m, numbers(0, 1000), 1, false)
	v.Expect(true)
	play(m, 4)
	v.Expect(false) // it has failed
	play(m, 2)
	if s := v.Status(); !s.Done {
		t.Errorf("%+v", s)
	}
}

func TestBR70_EveryPauseAndResumeIsAcknowledged(t *testing.T) {
	m := newMixer()
	v := add(m, &fakeSource{level: 0.5, have: 100 * frames}, 1, false)
	turn(m)
	v.Pause()
	v.Resume() // before the fade
	turn(m)
	v.Resume()
	v.Pause()
	turn(m)
	v.Resume() // while the fade is on its way out
	turn(m)
	v.Pause()
	turn(m)
	turn(m)
	v.Pause()
	assertKinds(t, v, Began, Paused, Resumed, Resumed, Paused, Resumed, Paused, Paused)
}

func TestBR75_ASoundThatRunsDrySaysSoAndWhenItGoesOn(t *testing.T) {
	m := newMixer()
	source := &fakeSource{level: 0.5, have: frames + 480}
	v := add(m, source, 1, false)
	play(m, 3)
	source.have = 10 * frames
	play(m, 2)
	const at = 30 * time.Millisecond
	want := []Note{{Kind: Began, At: time.Unix(1, 0)}, {Kind: RanDry, Position: at, Played: at}, {Kind: WentOn, Position: at, Played: at}}
	for _, w := range want {
		if n, _ := v.Next(); n != w {
			t.Errorf("%+v, want %+v", n, w)
		}
	}
	v.Pause()
	source.have = 0
	play(m, 2)
	v.Resume()
	play(m, 2)
	assertKinds(t, v, Paused, Resumed, RanDry)
}

func TestBR73_AVolumeMovesWithoutAStepFromThePositionTold(t *testing.T) {
	m := newMixer()
	v := add(m, &fakeSource{level: 0.5, have: 100 * frames}, 1, false)
	turn(m)
	if at := v.SetGain(0, 40*time.Millisecond); at != 20*time.Millisecond {
		t.Errorf("from %v on", at)
	}
	all := play(m, 3)
	for i := range 1920 {
		want := 0.5 * (1 - float64(i+1)/1920)
		if math.Abs(float64(all[i])-want) > 1e-6 {
			t.Fatalf("sample %d is %v, want %v", i, all[i], want)
		}
	}
	if slices.Max(all[1919:]) != 0 {
		t.Error("it is not silent after the ramp")
	}
	v.Pause()
	play(m, 2)
	v.SetGain(1, time.Hour)
	v.Resume()
	if packet := turn(m); packet[frames-1] != 0.5 {
		t.Errorf("a volume set while it was paused is %v", packet[frames-1]/0.5)
	}
}

const ducked = 0.25

func TestBR24_SpeechDucksTheOthersByRamps(t *testing.T) {
	m := newMixerOf(1, ducked)
	add(m, &fakeSource{level: 0.5, have: 1000 * frames}, 1, false)
	m.Add(&fakeSource{level: 0.2, have: 1000 * frames}, Cue{Layer: 1, Gain: 1})
	turn(m)
	m.Add(&fakeSource{level: 0.1, have: 10 * frames, ended: true}, Cue{Layer: SpeechLayer, Gain: 1})
	spoken := play(m, 10) // 200 ms
	after := play(m, 15)
	full, low := float32(0.7), float32(0.7*ducked)
	if got := spoken[4799] - 0.1; math.Abs(float64(got-low)) > 1e-6 {
		t.Errorf("100 ms after the speech began the others are at %v, want %v", got, low)
	}
	if got := after[9599]; math.Abs(float64(got-full)) > 1e-6 {
		t.Errorf("200 ms after it ended they are at %v, want %v", got, full)
	}
	all := append(spoken, after...)
	for i := 1; i < len(all); i++ {
		step := math.Abs(float64(all[i] - all[i-1]))
		if speechEnds := i == 9600; step > 2e-4 && !speechEnds {
			t.Fatalf("a step of %v at %d", step, i)
		}
	}
}

func TestBR24_SilentSpeechDucksNothingAndSpeechIsNotDucked(t *testing.T) {
	m := newMixerOf(1, ducked)
	v := add(m, &fakeSource{level: 0.5, have: 1000 * frames}, 1, false)
	silent := m.Add(&fakeSource{level: 0.3, have: 1000 * frames}, Cue{Layer: SpeechLayer})
	if all := play(m, 10); slices.Min(all) != 0.5 {
		t.Errorf("ducked to %v", slices.Min(all))
	}
	v.Stop()
	silent.Stop()
	turn(m)
	for range 2 {
		m.Add(&fakeSource{level: 0.3, have: 1000 * frames}, Cue{Layer: SpeechLayer, Gain: 1})
	}
	if all := play(m, 10); math.Abs(float64(slices.Min(all)-0.6)) > 1e-6 {
		t.Errorf("speech is ducked to %v", slices.Min(all))
	}
	// What begins while somebody speaks begins low, and what begins afterwards begins at its level.
	m = newMixerOf(1, ducked)
	speech := m.Add(&fakeSource{level: 0.1, have: 1000 * frames}, Cue{Layer: SpeechLayer, Gain: 1})
	turn(m)
	late := add(m, &fakeSource{level: 0.4, have: 1000 * frames}, 1, false)
	if packet := turn(m); math.Abs(float64(packet[0]-0.2)) > 1e-6 {
		t.Errorf("it begins at %v", packet[0]-0.1)
	}
	speech.Stop()
	late.Stop()
	play(m, 2)
	add(m, &fakeSource{level: 0.4, have: 1000 * frames}, 1, false)
	if packet := turn(m); packet[0] != 0.4 {
		t.Errorf("it begins at %v", packet[0])
	}
}

func TestBR23_SeveralFullScaleSoundsStayBelowFullScale(t *testing.T) {
	for sounds := 2; sounds <= 6; sounds++ {
		m := newMixer()
		for i := range sounds {
			add(m, &tone{hz: 100 * math.Pow(1.7, float64(i)), level: 1}, 1, false)
		}
		all := play(m, 150)
		var limited, sum []float64
		for i, x := range all {
			if x > 1 || x < -1 {
				t.Fatalf("%d sounds: sample %d is %v", sounds, i, x)
			}
			if i >= 50*frames {
				limited, sum = append(limited, float64(x)), append(sum, toneSum(sounds, i))
			}
		}
		clipped := make([]float64, len(sum))
		for i, x := range sum {
			clipped[i] = max(-1, min(1, x))
		}
		is, would := distortion(limited, sum), distortion(clipped, sum)
		t.Logf("%d sounds: distorted by %.1f dB, clipped it would be %.1f dB", sounds, is, would)
		if is > would-3 {
			t.Errorf("%d sounds: limited at %.1f dB, clipped at %.1f dB", sounds, is, would)
		}
	}
}

func toneSum(sounds, at int) (sum float64) {
	for i := range sounds {
		sum += math.Sin(2 * math.Pi * 100 * math.Pow(1.7, float64(i)) * float64(at) / SampleRate)
	}
	return sum
}

// distortion is what of a is no multiple of b, in dB of a.
func distortion(a, b []float64) float64 {
	var ab, aa, bb float64
	for i := range a {
		ab, aa, bb = ab+a[i]*b[i], aa+a[i]*a[i], bb+b[i]*b[i]
	}
	return 10 * math.Log10(1-ab*ab/(aa*bb))
}

// tone is an endless sine.
type tone struct {
	hz, level float64
	at        int
}

func (s *tone) Read(dst []float32) (int, bool) {
	for i := range dst {
		dst[i] = float32(s.level * math.Sin(2*math.Pi*s.hz*float64(s.at)/SampleRate))
		s.at++
	}
	return len(dst), false
}

func (*tone) Buffered() time.Duration { return time.Hour }

func TestASumIsTheSamplesSum(t *testing.T) {
	m := newMixer()
	sounds := []*tone{{hz: 210, level: 0.2}, {hz: 333, level: 0.3}, {hz: 1201, level: 0.15}}
	gains := []float64{1, 0.5, 0.7}
	for i, s := range sounds {
		m.Add(&tone{hz: s.hz, level: s.level}, Cue{Layer: i % 2, Gain: gains[i]})
	}
	for i, x := range play(m, 20) {
		want := 0.0
		for k, s := range sounds {
			want += gains[k] * s.level * math.Sin(2*math.Pi*s.hz*float64(i)/SampleRate)
		}
		if math.Abs(float64(x)-want) > 1e-6 {
			t.Fatalf("sample %d is %v, want %v", i, x, want)
		}
	}
}

func TestControlledVoicesDoNotAllocate(t *testing.T) {
	m := newMixerOf(2, ducked)
	var voices []*Voice
	for layer := range 3 {
		voices = append(voices, m.Add(&tone{hz: 300, level: 0.5}, Cue{Layer: layer, Gain: 0.9}))
	}
	packet := make([]float32, 2*frames)
	step := 0
	if n := testing.AllocsPerRun(200, func() {
		step++
		voices[0].SetGain(float64(step%10)/10, 100*time.Millisecond)
		voices[2].SetGain(float64(step/20%2), 0) // ducks, and does not
		m.Settle()
		m.Mix(packet)
		m.Sent(time.Time{})
	}); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}
