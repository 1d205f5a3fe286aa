package flac

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"testing"
	"testing/iotest"
)

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	file, err := os.ReadFile("../testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func decodeAll(t *testing.T, r io.Reader) (*Decoder, []float32) {
	t.Helper()
	d, err := NewDecoder(r)
	if err != nil {
		t.Fatal(err)
	}
	var all []float32
	block := make([]float32, 1000)
	for {
		n, err := d.Read(block)
		all = append(all, block[:n]...)
		if err == io.EOF {
			return d, all
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestChecksumsAreTheStandards(t *testing.T) {
	check := []byte("123456789")
	var crc uint8
	for _, b := range check {
		crc = crc8Table[crc^b]
	}
	if crc != 0xf4 || crc16(0, check) != 0xfee8 {
		t.Errorf("checksums %#x and %#x", crc, crc16(0, check))
	}
}

func TestBitsAreReadHighestFirst(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	data := make([]byte, bufferSize+100)
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	for _, source := range []io.Reader{bytes.NewReader(data), iotest.OneByteReader(bytes.NewReader(data))} {
		b := bitReader{src: source}
		for at := 0; at < 8*len(data); {
			n := min(random.IntN(57), 8*len(data)-at)
			var want uint64
			for i := range n {
				want = want<<1 | uint64(data[(at+i)/8]>>(7-(at+i)%8)&1)
			}
			if got := b.read(uint(n)); got != want {
				t.Fatalf("%d bits at %d are %#x, want %#x", n, at, got, want)
			}
			at += n
		}
		if b.err != nil {
			t.Fatal(b.err)
		}
		if b.read(1); b.err != io.EOF {
			t.Fatalf("%v behind the data", b.err)
		}
	}
}

func TestUnaryOverManyBytes(t *testing.T) {
	data := append(make([]byte, 40), 0x10, 0xff)
	b := bitReader{src: bytes.NewReader(data)}
	if got := b.unary(); got != 40*8+3 {
		t.Errorf("%d zeros", got)
	}
	if got := b.read(4); got != 0 {
		t.Errorf("then %#x", got)
	}
	for range 8 {
		b.unary()
	}
	if b.err != nil {
		t.Error(b.err)
	}
	if b.unary(); b.err != io.EOF {
		t.Errorf("%v behind the data", b.err)
	}
}

// TestEveryPredictorInvertsItself encodes noise by hand with each fixed predictor, and with linear ones.
func TestEveryPredictorInvertsItself(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	want := make([]int64, 64)
	for i := range want {
		want[i] = int64(random.IntN(1000) - 500)
	}
	fixed := [][]int64{{}, {1}, {2, -1}, {3, -3, 1}, {4, -6, 4, -1}}
	for order, coefficients := range fixed {
		var w bitWriter
		w.put(uint64(8+order)<<1, 8)
		w.predicted(want, coefficients, 0, func() {})
		assertSubframe(t, w.bytes(), want)
	}
	coefficients := []int64{900, -300, 70}
	var w bitWriter
	w.put(uint64(32+len(coefficients)-1)<<1, 8)
	w.predicted(want, coefficients, 9, func() {
		w.put(13, 4)
		w.put(9, 5)
		for _, c := range coefficients {
			w.put(uint64(c)&(1<<14-1), 14)
		}
	})
	assertSubframe(t, w.bytes(), want)
}

func assertSubframe(t *testing.T, data []byte, want []int64) {
	t.Helper()
	got := make([]int64, len(want))
	b := bitReader{src: bytes.NewReader(data)}
	if !b.subframe(got, 16) {
		t.Fatal("not decoded")
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("sample %d is %d, want %d", i, got[i], want[i])
		}
	}
}

// bitWriter writes what bitReader reads.
type bitWriter struct {
	data []byte
	have uint
}

func (w *bitWriter) put(v uint64, n uint) {
	for ; n > 0; n-- {
		if w.have%8 == 0 {
			w.data = append(w.data, 0)
		}
		w.data[len(w.data)-1] |= byte(v>>(n-1)&1) << (7 - w.have%8)
		w.have++
	}
}

func (w *bitWriter) bytes() []byte { return w.data }

// predicted writes the warm-up, what parameters does, and Rice-coded residuals in two partitions.
func (w *bitWriter) predicted(samples, coefficients []int64, shift uint, parameters func()) {
	order := len(coefficients)
	for _, v := range samples[:order] {
		w.put(uint64(v)&0xffff, 16)
	}
	parameters()
	w.put(0, 2)
	w.put(1, 4)
	const k = 6
	for i := order; i < len(samples); i++ {
		if i == order || i == len(samples)/2 {
			w.put(k, 4)
		}
		var sum int64
		for j, c := range coefficients {
			sum += c * samples[i-1-j]
		}
		residual := samples[i] - sum>>shift
		folded := uint64(residual<<1 ^ residual>>63)
		for range folded >> k {
			w.put(0, 1)
		}
		w.put(1, 1)
		w.put(folded, k)
	}
}

func TestADamagedFrameIsSilenceOfItsLength(t *testing.T) {
	file := fixture(t, "flac16-44100-2.flac")
	_, want := decodeAll(t, bytes.NewReader(file))
	damaged := bytes.Clone(file)
	damaged[len(damaged)/2+9] ^= 0xff
	d, got := decodeAll(t, bytes.NewReader(damaged))
	if len(got) != len(want) || d.Damaged() == 0 {
		t.Fatalf("%d values, want %d; %d damaged", len(got), len(want), d.Damaged())
	}
	silent := 0
	for i := range got {
		if got[i] == 0 && want[i] != 0 {
			silent++
		} else if got[i] != want[i] {
			t.Fatalf("value %d is %v, want %v", i, got[i], want[i])
		}
	}
	if silent == 0 || silent > 2*2*4096 {
		t.Errorf("%d values are silent", silent)
	}
}

func TestALostStretchIsSilenceOfItsLength(t *testing.T) {
	file := fixture(t, "flac16-44100-2.flac")
	_, want := decodeAll(t, bytes.NewReader(file))
	cut := append(bytes.Clone(file[:len(file)/2]), file[len(file)/2+1000:]...)
	if d, got := decodeAll(t, bytes.NewReader(cut)); len(got) != len(want) || d.Damaged() == 0 {
		t.Errorf("%d values, want %d; %d damaged", len(got), len(want), d.Damaged())
	}
}

func TestWhatStandsBehindTheSoundIsSkipped(t *testing.T) {
	file := append(fixture(t, "flac8-8000-2.flac"), "TAG and a title\xff\xf8\xff\xff\xff"...)
	if d, got := decodeAll(t, bytes.NewReader(file)); len(got) != 8000 || d.Skipped() == 0 || d.Damaged() != 0 {
		t.Errorf("%d values, %d bytes skipped, %d damaged", len(got), d.Skipped(), d.Damaged())
	}
}

func TestOtherStreamsAreRefused(t *testing.T) {
	file := fixture(t, "flac8-8000-2.flac")
	wrongBlock := bytes.Clone(file)
	wrongBlock[4] = 4
	for want, data := range map[error][]byte{
		ErrNotFLAC:    []byte("OggS and more of it"),
		ErrStreamInfo: wrongBlock,
		io.EOF:        file[:20],
	} {
		if _, err := NewDecoder(bytes.NewReader(data)); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
	}
	broken := errors.New("broken")
	if _, err := NewDecoder(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func FuzzFrames(f *testing.F) {
	for _, name := range []string{"flac16-44100-2.flac", "flac24-96000-1.flac", "flac8-8000-2.flac"} {
		f.Add(fixture(f, name))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		d, err := NewDecoder(bytes.NewReader(file))
		if err != nil {
			return
		}
		block := make([]float32, 4096)
		for range 1000 {
			n, err := d.Read(block)
			if err != nil {
				return
			}
			if n == 0 || n%d.Channels() != 0 {
				t.Fatalf("read %d values of %d channels", n, d.Channels())
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	file := fixture(b, "flac16-44100-2.flac")
	block := make([]float32, 2304)
	samples := 0
	for b.Loop() {
		d, err := NewDecoder(bytes.NewReader(file))
		for err == nil {
			var n int
			n, err = d.Read(block)
			samples += n / 2
		}
	}
	b.ReportMetric(float64(samples)/44100/b.Elapsed().Seconds(), "x-real-time")
}
