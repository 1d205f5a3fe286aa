package vorbis

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math"
	"math/bits"
	"math/rand/v2"
	"os"
	"testing"

	"server-playback/livekit-client-2/internal/decode/ogg"
)

// packets reads the packets of one of decode's fixtures.
func packets(t testing.TB, name string) [][]byte {
	t.Helper()
	file, err := os.ReadFile("../testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	reader := ogg.NewReader(bufio.NewReader(bytes.NewReader(file)))
	var all [][]byte
	for {
		packet, err := reader.Next()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		if packet.First {
			reader.Follow(packet)
		}
		all = append(all, bytes.Clone(packet.Data))
	}
}

// decoder reads the three headers.
func decoder(t testing.TB, packets [][]byte) *Decoder {
	t.Helper()
	d, err := NewDecoder(packets[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, packet := range packets[1:3] {
		if header, err := d.Header(packet); !header || err != nil {
			t.Fatal(header, err)
		}
	}
	return d
}

func TestDCT4IsItsDefinition(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for block := 1 << minBlock; block <= 2048; block *= 2 {
		m := block / 2
		x, want := make([]float32, m), make([]float64, m)
		for k := range x {
			x[k] = random.Float32() - 0.5
		}
		for n := range want {
			for k, v := range x {
				want[n] += float64(v) * math.Cos(math.Pi/float64(m)*(float64(n)+0.5)*(float64(k)+0.5))
			}
		}
		newTransform(block).dct4(x)
		for n := range want {
			if d := math.Abs(float64(x[n]) - want[n]); d > 1e-5*math.Sqrt(float64(m)) {
				t.Fatalf("block %d: output %d is %v, want %v", block, n, x[n], want[n])
			}
		}
	}
}

// TestWindowedBlocksReconstruct sends a signal through MDCTs of changing block sizes and back.
func TestWindowedBlocksReconstruct(t *testing.T) {
	d := &Decoder{setup: setup{channels: 1, block: [2]int{64, 256}}}
	d.allocate()
	signal := make([]float64, 4096)
	for i := range signal {
		signal[i] = math.Sin(float64(i)*0.05) + 0.3*math.Sin(float64(i)*1.7)
	}
	sizes := []int{1, 1, 0, 0, 0, 1, 0, 1, 1, 1}
	center, at := 300, 300
	for i, size := range sizes {
		if i > 0 {
			center += (d.block[sizes[i-1]] + d.block[size]) / 4
		}
		left, right := size, size
		if i > 0 {
			left = min(size, sizes[i-1])
		}
		if i+1 < len(sizes) {
			right = min(size, sizes[i+1])
		}
		d.spectra[0] = analyse(signal, center, d.block[size], d.slopes[left], d.slopes[right])
		d.transforms[size].dct4(d.spectra[0])
		for _, got := range d.overlap(size, left, right) {
			if math.Abs(float64(got)-signal[at]) > 1e-5 {
				t.Fatalf("block %d: sample %d is %v, want %v", i, at, got, signal[at])
			}
			at++
		}
	}
	if at < 300+3*256 {
		t.Errorf("only %d samples", at-300)
	}
}

// analyse is the windowed MDCT by its definition, of a block around center.
func analyse(signal []float64, center, n int, left, right []float32) []float32 {
	m := n / 2
	out := make([]float32, m)
	for k := range out {
		var sum float64
		for i := range n {
			w := windowAt(i, n, left, right)
			sum += w * signal[center-m+i] * math.Cos(math.Pi/float64(m)*(float64(i)+0.5+float64(m)/2)*(float64(k)+0.5))
		}
		out[k] = float32(sum * 2 / float64(m))
	}
	return out
}

func windowAt(i, n int, left, right []float32) float64 {
	slope := left
	if i >= n/2 {
		slope, i = right, n-1-i
	}
	switch k := i - (n/4 - len(slope)/2); {
	case k < 0:
		return 0
	case k < len(slope):
		return float64(slope[k])
	}
	return 1
}

func TestBitsAreReadLowestFirst(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	data := make([]byte, 100)
	for i := range data {
		data[i] = byte(random.Uint32())
	}
	for range 100 {
		b := bitReader{data: data}
		for at := 0; at < 8*len(data); {
			n := min(random.IntN(33), 8*len(data)-at)
			var want uint32
			for i := range n {
				want |= uint32(data[(at+i)/8]>>((at+i)%8)&1) << i
			}
			if got := b.read(uint(n)); got != want {
				t.Fatalf("%d bits at %d are %#x, want %#x", n, at, got, want)
			}
			at += n
		}
		if b.over {
			t.Fatal("over within the data")
		}
		if b.read(1); !b.over {
			t.Fatal("not over behind the data")
		}
	}
}

func TestCodewordsAreTheSpecificationsExample(t *testing.T) {
	// Section 3.2.1: the lengths, and the codewords that they come to.
	lengths := []uint8{2, 4, 4, 4, 4, 2, 3, 3}
	words := []uint32{0b00, 0b0100, 0b0101, 0b0110, 0b0111, 0b10, 0b110, 0b111}
	var c codebook
	if err := c.assign(lengths); err != nil {
		t.Fatal(err)
	}
	for entry, word := range words {
		reversed := bits.Reverse32(word << (32 - lengths[entry]))
		b := bitReader{data: []byte{byte(reversed)}}
		if got := c.entry(&b); got != entry || b.have != 8-uint(lengths[entry]) {
			t.Errorf("codeword %b is entry %d, want %d", word, got, entry)
		}
	}
}

func TestCodewordsThatDoNotFitAreRefused(t *testing.T) {
	var c codebook
	if err := c.assign([]uint8{1, 1, 1}); err == nil {
		t.Error("took three codewords of one bit")
	}
}

func TestLongCodewords(t *testing.T) {
	lengths := make([]uint8, 33)
	for i := range lengths {
		lengths[i] = uint8(min(i+1, 32))
	}
	var c codebook
	if err := c.assign(lengths); err != nil {
		t.Fatal(err)
	}
	for entry := range lengths {
		ones := uint64(1)<<entry - 1
		b := bitReader{data: []byte{byte(ones), byte(ones >> 8), byte(ones >> 16), byte(ones >> 24), 0}}
		if got := c.entry(&b); got != entry {
			t.Errorf("%d ones are entry %d", entry, got)
		}
	}
}

func TestRoot(t *testing.T) {
	for _, test := range [][3]int{{81, 4, 3}, {80, 4, 2}, {1, 7, 1}, {65536, 2, 256}, {65535, 2, 255}, {7, 1, 7}, {5, 60000, 1}} {
		if got := root(test[0], test[1]); got != test[2] {
			t.Errorf("root %d of %d is %d, want %d", test[1], test[0], got, test[2])
		}
	}
}

// TestHostileSetups cuts and flips the setup header: refused, or decoded without harm.
func TestHostileSetups(t *testing.T) {
	all := packets(t, "vorbis-44100-2.ogg")
	for at := 7; at < len(all[2]); at += 3 {
		flipped := bytes.Clone(all[2])
		flipped[at] ^= 1 << (at % 8)
		for _, setup := range [][]byte{all[2][:at], flipped} {
			d, _ := NewDecoder(all[0])
			if _, err := d.Header(setup); err != nil {
				continue
			}
			for _, packet := range all[3:] {
				d.Decode(packet)
			}
		}
	}
}

func TestPacketsThatAreNoneAreRefused(t *testing.T) {
	all := packets(t, "vorbis-8000-1.ogg")
	d := decoder(t, all)
	for _, packet := range [][]byte{nil, all[0], {0xff}} {
		if _, err := d.Decode(packet); !errors.Is(err, ErrPacket) {
			t.Errorf("packet %x: %v", packet, err)
		}
	}
	fresh, err := NewDecoder(all[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fresh.Header(all[3]); err == nil {
		t.Error("took sound before the setup")
	}
	for _, first := range [][]byte{nil, all[1], all[0][:29]} {
		if _, err := NewDecoder(first); err == nil {
			t.Errorf("took %x for an identification", first)
		}
	}
}

func FuzzPackets(f *testing.F) {
	for _, name := range []string{"vorbis-44100-2.ogg", "vorbis-8000-1.ogg"} {
		all := packets(f, name)
		f.Add(all[0], all[2], all[4], all[5])
	}
	f.Fuzz(func(t *testing.T, first, setup, a, b []byte) {
		d, err := NewDecoder(first)
		if err != nil {
			return
		}
		if header, err := d.Header(setup); !header || err != nil {
			return
		}
		for _, packet := range [][]byte{a, b, a} {
			pcm, err := d.Decode(packet)
			if err == nil && len(pcm)%d.Channels() != 0 {
				t.Fatalf("%d samples of %d channels", len(pcm), d.Channels())
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	all := packets(b, "vorbis-44100-2.ogg")
	d := decoder(b, all)
	samples := 0
	b.ReportAllocs()
	for b.Loop() {
		for _, packet := range all[3:] {
			pcm, _ := d.Decode(packet)
			samples += len(pcm) / 2
		}
	}
	b.ReportMetric(float64(samples)/44100/b.Elapsed().Seconds(), "x-real-time")
}
