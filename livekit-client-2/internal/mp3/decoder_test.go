package mp3

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"testing/iotest"
)

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name + ".mp3")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// frameOffsets are the places of all frames, with the end of the last one.
func frameOffsets(t testing.TB, data []byte) []int {
	t.Helper()
	var at []int
	for pos := 0; pos < len(data); {
		h, ok := parseHeader(data[pos:])
		if !ok {
			t.Fatalf("no header at %d", pos)
		}
		at = append(at, pos)
		pos += h.frameSize()
	}
	return append(at, len(data))
}

func TestFormatIsKnownAtOnce(t *testing.T) {
	d, err := NewDecoder(bytes.NewReader(fixture(t, "cbr128-joint")))
	if err != nil {
		t.Fatal(err)
	}
	if d.SampleRate() != 44100 || d.Channels() != 2 || d.Samples() != 13230 || d.Bitrate()/1000 != 127 && d.Bitrate()/1000 != 128 {
		t.Errorf("%d Hz, %d channels, %d samples, %d bit/s", d.SampleRate(), d.Channels(), d.Samples(), d.Bitrate())
	}
}

// TestFMT2_DelayAndPaddingAreCut: 0.3 s of sound come out as exactly that.
func TestFMT2_DelayAndPaddingAreCut(t *testing.T) {
	for name, want := range map[string]int{"cbr128-joint": 13230, "vbr2-joint": 13230, "48000-cbr96": 14400, "22050-joint": 6615} {
		d, got := decodeAll(t, fixture(t, name))
		if len(got)/d.Channels() != want || d.Samples() != int64(want) {
			t.Errorf("%s: %d samples, %d announced, want %d", name, len(got)/d.Channels(), d.Samples(), want)
		}
	}
}

func TestSmallReadsGiveTheSameSound(t *testing.T) {
	for _, name := range []string{"cbr128-joint", "free240", "24000-speech", "random-44100-both"} {
		data := fixture(t, name)
		_, want := decodeAll(t, data)
		for reader, r := range map[string]io.Reader{
			"one byte": iotest.OneByteReader(bytes.NewReader(data)),
			"half":     iotest.HalfReader(bytes.NewReader(data)),
			"with EOF": iotest.DataErrReader(bytes.NewReader(data)),
		} {
			d, err := NewDecoder(r)
			if err != nil {
				t.Fatal(err)
			}
			if got := readAll(t, d); !slices.Equal(got, want) {
				t.Errorf("%s, %s: differs", name, reader)
			}
		}
	}
}

func TestReadTakesAnyLength(t *testing.T) {
	data := fixture(t, "cbr128-joint")
	_, want := decodeAll(t, data)
	d, err := NewDecoder(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	var got []float32
	buf := make([]float32, 8)
	for i := 0; ; i++ {
		n, err := d.Read(buf[:i%8])
		if n%2 != 0 {
			t.Fatalf("%d values of stereo", n)
		}
		got = append(got, buf[:n]...)
		if err == io.EOF {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Error("differs")
	}
}

// tightReader fails the test if more than allowed bytes are asked for.
type tightReader struct {
	t       *testing.T
	data    []byte
	pos     int
	allowed int
}

func (r *tightReader) Read(p []byte) (int, error) {
	if r.pos >= r.allowed {
		r.t.Fatalf("read on at byte %d", r.pos)
	}
	n := copy(p, r.data[r.pos:r.allowed])
	r.pos += n
	return n, nil
}

// TestFramesDecodeAsSoonAsTheyAreThere: the first frame needs the header behind it, later
// ones nothing but themselves, the last one no end of file.
func TestFramesDecodeAsSoonAsTheyAreThere(t *testing.T) {
	data := fixture(t, "cbr128-notag")
	at := frameOffsets(t, data)
	r := &tightReader{t: t, data: data, allowed: at[1] + headerSize}
	d, err := NewDecoder(r)
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]float32, 1152*2)
	for i := 1; i < len(at); i++ {
		r.allowed = max(r.allowed, at[i])
		if n, err := d.Read(buf); n != len(buf) || err != nil {
			t.Fatalf("frame %d: %d values, %v", i, n, err)
		}
	}
}

func TestTagsAreSkippedAnywhere(t *testing.T) {
	data := fixture(t, "cbr128-notag")
	at := frameOffsets(t, data)
	_, want := decodeAll(t, data)
	id3v2 := append([]byte("ID3\x04\x00\x00\x00\x00\x02\x01"), make([]byte, 257)...)
	copy(id3v2[20:], data[:8]) // looks like a frame inside
	big := append([]byte("ID3\x04\x00\x10\x00\x04\x00\x00"), bytes.Repeat([]byte{0xff, 0xfb}, 32768+5)...)
	id3v1 := append([]byte("TAG"), make([]byte, 125)...)
	ape := append([]byte("APETAGEX\xd0\x07\x00\x00\x40\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\xa0"), make([]byte, 8+32)...)
	ape = append(ape, append([]byte("APETAGEX\xd0\x07\x00\x00\x40\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x80"), make([]byte, 8)...)...)
	for name, tag := range map[string][]byte{"ID3v2": id3v2, "big ID3v2 with footer": big, "ID3v1": id3v1, "APE": ape} {
		for _, place := range []int{0, 3, len(at) - 1} {
			d, got := decodeAll(t, slices.Insert(slices.Clone(data), at[place], tag...))
			if !slices.Equal(got, want) || d.Stats().Skipped != 0 {
				t.Errorf("%s at frame %d: %d of %d values, %+v", name, place, len(got), len(want), d.Stats())
			}
		}
	}
}

func TestGarbageInFrontIsSkippedUpToTheLimit(t *testing.T) {
	data := fixture(t, "cbr128-notag")
	_, want := decodeAll(t, data)
	r := rand.New(rand.NewPCG(5, 5))
	for _, size := range []int{1, 1000, maxLeadingGarbage - 4096} {
		garbage := make([]byte, size)
		for i := range garbage {
			garbage[i] = byte(r.Uint32())
		}
		d, got := decodeAll(t, append(garbage, data...))
		if !slices.Equal(got, want) || d.Stats().Skipped != int64(size) {
			t.Errorf("%d bytes: %d of %d values, %+v", size, len(got), len(want), d.Stats())
		}
	}
	endless := io.MultiReader(bytes.NewReader(make([]byte, 2*maxLeadingGarbage)), bytes.NewReader(data))
	if _, err := NewDecoder(endless); !errors.Is(err, ErrNotMP3) {
		t.Errorf("too much garbage: %v", err)
	}
}

func TestOtherThingsAreNotMP3(t *testing.T) {
	riff := append([]byte("RIFF\x24\x00\x00\x00WAVEfmt "), make([]byte, 5000)...)
	adts := bytes.Repeat(append([]byte{0xff, 0xf1, 0x50, 0x80, 0x02, 0x1f, 0xfc}, make([]byte, 9)...), 300)
	for name, data := range map[string][]byte{
		"nothing": nil, "text": bytes.Repeat([]byte("<html>\xff\xfe"), 500), "WAV": riff, "AAC": adts,
		"header only": {0xff, 0xfb, 0x90, 0x64}, "tag only": append([]byte("TAG"), make([]byte, 125)...),
	} {
		if _, err := NewDecoder(bytes.NewReader(data)); !errors.Is(err, ErrNotMP3) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLayersIAndII(t *testing.T) {
	for _, second := range []byte{0xfd, 0xff, 0xf5} { // MPEG-1 II and I, MPEG-2 II
		hb := []byte{0xff, second, 0x94, 0x00}
		h, ok := parseHeader(hb)
		if !ok {
			t.Fatal("no header")
		}
		frame := append(hb, make([]byte, h.frameSize()-headerSize)...)
		if _, err := NewDecoder(bytes.NewReader(bytes.Repeat(frame, 3))); !errors.Is(err, ErrUnsupportedLayer) {
			t.Errorf("%x: %v", hb, err)
		}
	}
}

func TestReadErrorsPassThrough(t *testing.T) {
	cause := errors.New("connection lost")
	if _, err := NewDecoder(iotest.ErrReader(cause)); !errors.Is(err, cause) {
		t.Errorf("at once: %v", err)
	}
	data := fixture(t, "cbr128-notag")
	_, want := decodeAll(t, data)
	for _, cause := range []error{cause, io.ErrUnexpectedEOF} {
		d, err := NewDecoder(io.MultiReader(bytes.NewReader(data), iotest.ErrReader(cause)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := make([]float32, len(want)+1000), error(nil)
		n := 0
		for err == nil {
			var m int
			m, err = d.Read(got[n:])
			n += m
		}
		if n != len(want) || !errors.Is(err, cause) {
			t.Errorf("after all frames: %d of %d values, %v", n, len(want), err)
		}
	}
	if _, err := NewDecoder(stalled{}); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("reader without progress: %v", err)
	}
}

type stalled struct{}

func (stalled) Read([]byte) (int, error) { return 0, nil }

// TestFMT5_TruncationAnywhere cuts a stream at every byte: whole frames decode, the rest is
// dropped and counted, and the end is io.EOF.
func TestFMT5_TruncationAnywhere(t *testing.T) {
	data := fixture(t, "22050-joint")
	at := frameOffsets(t, data)
	for cut := range data {
		d, err := NewDecoder(bytes.NewReader(data[:cut]))
		if err != nil {
			if !errors.Is(err, ErrNotMP3) {
				t.Fatalf("cut at %d: %v", cut, err)
			}
			continue
		}
		readAll(t, d)
		whole, _ := slices.BinarySearch(at, cut+1)
		s := d.Stats()
		if tail := cut - at[whole-1]; s.Frames != int64(whole-2) || s.Skipped != int64(tail) {
			t.Fatalf("cut at %d: %+v, want %d frames and a tail of %d", cut, s, whole-2, tail)
		}
	}
}

// TestBitErrors flips bits at random: decoding goes on to the end and stays finite.
func TestFMT5_BitErrors(t *testing.T) {
	for _, name := range []string{"cbr128-joint", "cbr160-crc", "22050-joint", "free240", "random-44100-both", "random-22050-intensity"} {
		data := fixture(t, name)
		for seed := range uint64(60) {
			r := rand.New(rand.NewPCG(seed, 1))
			broken := slices.Clone(data)
			for range 1 + seed/4 {
				bit := r.IntN(len(data) * 8)
				broken[bit/8] ^= 1 << (bit % 8)
			}
			d, err := NewDecoder(bytes.NewReader(broken))
			if err != nil {
				continue
			}
			for _, v := range readAll(t, d) {
				if v != v || v > 1e6 || v < -1e6 {
					t.Fatalf("%s, seed %d: sample %v", name, seed, v)
				}
			}
		}
	}
}

// TestResync breaks a header and puts garbage in the middle: the frames around are heard.
func TestResync(t *testing.T) {
	data := fixture(t, "cbr128-notag")
	at := frameOffsets(t, data)
	total := int64(len(at) - 1)
	header := slices.Clone(data)
	header[at[4]] = 0
	d, _ := decodeAll(t, header)
	if s := d.Stats(); s.Frames != total-1 || s.Skipped != int64(at[5]-at[4]) {
		t.Errorf("broken header: %+v", s)
	}
	// A lone header inside the garbage is no frame.
	garbage := append(append(bytes.Repeat([]byte{0xff}, 50), data[:4]...), make([]byte, 700)...)
	d, _ = decodeAll(t, slices.Insert(slices.Clone(data), at[4], garbage...))
	if s := d.Stats(); s.Frames != total || s.Skipped != int64(len(garbage)) {
		t.Errorf("garbage: %+v", s)
	}
	// Frames of another sampling frequency are no frames of this stream.
	d, _ = decodeAll(t, slices.Insert(slices.Clone(data), at[4], fixture(t, "48000-cbr96")...))
	if s := d.Stats(); s.Frames != total || d.SampleRate() != 44100 {
		t.Errorf("other sampling frequency: %+v", s)
	}
}

// TestWrongCRC mutes a frame if the stream's CRCs were right before.
func TestWrongCRC(t *testing.T) {
	data := fixture(t, "random-32000-stereo-crc")
	at := frameOffsets(t, data)
	broken := slices.Clone(data)
	broken[at[2]+headerSize] ^= 1
	if d, _ := decodeAll(t, broken); d.Stats().Concealed != 1 {
		t.Errorf("%+v", d.Stats())
	}
	for _, pos := range at[:len(at)-1] {
		broken[pos+headerSize] = data[pos+headerSize] ^ 1
	}
	_, want := decodeAll(t, data)
	if d, got := decodeAll(t, broken); d.Stats().Concealed != 0 || !slices.Equal(got, want) {
		t.Errorf("an encoder that gets all CRCs wrong: %+v", d.Stats())
	}
}

// TestStartInMidStream: frames whose main data began before the cut are muted, then all is
// as it would have been.
func TestStartInMidStream(t *testing.T) {
	data := fixture(t, "cbr128-notag")
	at := frameOffsets(t, data)
	_, want := decodeAll(t, data)
	const frame = 1152 * 2
	for first := 1; first < 5; first++ {
		d, got := decodeAll(t, data[at[first]:])
		muted := int(d.Stats().Concealed)
		if muted > 3 {
			t.Errorf("from frame %d: %d frames muted", first, muted)
		}
		settled := (muted + 2) * frame // overlap and the synthesis window reach back
		rms, _ := difference(got[settled:], want[first*frame+settled:])
		if rms > 1e-6 || len(got) != len(want)-first*frame {
			t.Errorf("from frame %d: %d values, RMS difference %g", first, len(got), rms)
		}
	}
}

func TestResetGoesOnElsewhere(t *testing.T) {
	data := fixture(t, "cbr128-joint")
	at := frameOffsets(t, data)
	d, _ := decodeAll(t, data)
	_, want := decodeAll(t, data[at[4]:])
	d.Reset(bytes.NewReader(data[at[4]-100:]))
	if got := readAll(t, d); !slices.Equal(got, want) {
		t.Errorf("%d values, want %d; %+v", len(got), len(want), d.Stats())
	}
}

// TestChannelsStay: a stream keeps the number of channels that it starts with.
func TestChannelsStay(t *testing.T) {
	mono, stereo := fixture(t, "random-44100-mono"), fixture(t, "random-44100-ms")
	d, got := decodeAll(t, append(slices.Clone(mono), stereo...))
	if d.Channels() != 1 || len(got) != 8*1152 {
		t.Errorf("stereo after mono: %d channels, %d values", d.Channels(), len(got))
	}
	_, lr := decodeAll(t, stereo)
	for i := 5 * 1152; i < len(got); i++ { // past the overlap of the two
		at := 2 * (i - 4*1152)
		wantNear(t, "mixed", i, got[i], float64(lr[at]+lr[at+1])/2)
	}
	d, got = decodeAll(t, append(slices.Clone(stereo), mono...))
	if d.Channels() != 2 || len(got) != 8*1152*2 {
		t.Errorf("mono after stereo: %d channels, %d values", d.Channels(), len(got))
	}
	for i := 4 * 1152 * 2; i < len(got); i += 2 {
		if got[i] != got[i+1] {
			t.Fatalf("mono after stereo: %v and %v", got[i], got[i+1])
		}
	}
}

// TestStreamsInARowAreEachTrimmed: sounds encoded one by one and sent as one stream follow
// each other without a gap.
func TestStreamsInARowAreEachTrimmed(t *testing.T) {
	one, two := fixture(t, "cbr128-joint"), fixture(t, "vbr2-joint")
	_, a := decodeAll(t, one)
	_, b := decodeAll(t, two)
	d, got := decodeAll(t, append(slices.Clone(one), two...))
	if len(got) != len(a)+len(b) || d.Stats().Skipped != 0 {
		t.Fatalf("%d values, want %d and %d", len(got), len(a), len(b))
	}
	if rms, _ := difference(got, append(a, b...)); rms > 1e-6 {
		t.Errorf("RMS difference %g", rms)
	}
}

func TestVBRITag(t *testing.T) {
	audio := fixture(t, "cbr128-notag")
	at := frameOffsets(t, audio)
	tag := make([]byte, at[1])
	copy(tag, audio[:4])
	copy(tag[vbriOffset:], "VBRI")
	binary.BigEndian.PutUint32(tag[vbriOffset+10:], uint32(len(audio)))
	binary.BigEndian.PutUint32(tag[vbriOffset+14:], uint32(len(at)-1))
	_, want := decodeAll(t, audio)
	d, got := decodeAll(t, append(tag, audio...))
	if !slices.Equal(got, want) || d.Samples() != int64(len(want)/2) {
		t.Errorf("%d values, %d samples announced, want %d values", len(got), d.Samples(), len(want))
	}
}

func TestNoAllocationPerFrame(t *testing.T) {
	for _, name := range []string{"cbr128-joint", "free240", "24000-speech", "random-44100-both", "random-22050-intensity"} {
		data := fixture(t, name)
		r := bytes.NewReader(data)
		d, err := NewDecoder(r)
		if err != nil {
			t.Fatal(err)
		}
		buf := make([]float32, 4096)
		allocs := testing.AllocsPerRun(20, func() {
			r.Reset(data)
			d.Reset(r)
			for {
				if _, err := d.Read(buf); err != nil {
					return
				}
			}
		})
		if allocs != 0 {
			t.Errorf("%s: %v allocations", name, allocs)
		}
	}
}
