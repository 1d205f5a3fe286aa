package decode

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"server-playback/livekit-client-2/internal/fault"
)

// wavFormat is what a test's header says, true or not.
type wavFormat struct {
	tag, channels, rate, bits int
	extensible                bool
}

func (f wavFormat) chunk() []byte {
	var body []byte
	tag := f.tag
	if f.extensible {
		tag = wavExtensible
	}
	body = binary.LittleEndian.AppendUint16(body, uint16(tag))
	body = binary.LittleEndian.AppendUint16(body, uint16(f.channels))
	body = binary.LittleEndian.AppendUint32(body, uint32(f.rate))
	body = binary.LittleEndian.AppendUint32(body, 0)
	body = binary.LittleEndian.AppendUint16(body, 0)
	body = binary.LittleEndian.AppendUint16(body, uint16(f.bits))
	if f.extensible {
		body = append(body, 22, 0, byte(f.bits), 0, 0, 0, 0, 0)
		body = binary.LittleEndian.AppendUint16(body, uint16(f.tag))
		body = append(body, wavSubFormat...)
	}
	return chunkOf("fmt ", body)
}

func chunkOf(id string, body []byte) []byte {
	chunk := binary.LittleEndian.AppendUint32([]byte(id), uint32(len(body)))
	chunk = append(chunk, body...)
	if len(body)%2 == 1 {
		chunk = append(chunk, 0)
	}
	return chunk
}

func riff(chunks ...[]byte) []byte {
	body := append([]byte("WAVE"), bytes.Join(chunks, nil)...)
	return chunkOf("RIFF", body)
}

func wavOf(f wavFormat, data []byte) []byte { return riff(f.chunk(), chunkOf("data", data)) }

// withDataSize overwrites the length of the data chunk, the file's last.
func withDataSize(file []byte, data int, size uint32) []byte {
	file = bytes.Clone(file)
	binary.LittleEndian.PutUint32(file[len(file)-data-4:], size)
	return file
}

func le(width int, values ...uint64) []byte {
	var out []byte
	for _, v := range values {
		for range width {
			out = append(out, byte(v))
			v >>= 8
		}
	}
	return out
}

func negative(v int64) uint64 { return uint64(-v) }

func TestFMT1_WAVSampleFormats(t *testing.T) {
	f32 := func(x float32) uint64 { return uint64(math.Float32bits(x)) }
	f64 := math.Float64bits
	tests := map[string]struct {
		tag, bits int
		data      []byte
		want      []float32
	}{
		"pcm_u8":          {wavPCM, 8, []byte{0, 64, 128, 192}, []float32{-1, -0.5, 0, 0.5}},
		"pcm_s16le":       {wavPCM, 16, le(2, negative(32768), 0, 16384, 1), []float32{-1, 0, 0.5, 1.0 / 32768}},
		"pcm_s24le":       {wavPCM, 24, le(3, negative(1<<23), 0, 1<<22, 1), []float32{-1, 0, 0.5, 1.0 / (1 << 23)}},
		"pcm_s24le of 20": {wavPCM, 20, le(3, negative(1<<23), 0, 1<<22, 16), []float32{-1, 0, 0.5, 16.0 / (1 << 23)}},
		"pcm_s32le":       {wavPCM, 32, le(4, negative(1<<31), 0, 1<<30, 1<<8), []float32{-1, 0, 0.5, 1.0 / (1 << 23)}},
		"pcm_f32le":       {wavFloat, 32, le(4, f32(-1), f32(0), f32(0.5), f32(1.25)), []float32{-1, 0, 0.5, 1.25}},
		"pcm_f64le":       {wavFloat, 64, le(8, f64(-1), f64(0), f64(0.5), f64(1.25)), []float32{-1, 0, 0.5, 1.25}},
		"pcm_f32le insane": {wavFloat, 32,
			le(4, f32(float32(math.NaN())), f32(float32(math.Inf(1))), f32(float32(math.Inf(-1))), f32(1e30)), []float32{0, 16, -16, 16}},
		// Values of ITU-T G.711, tables 1 and 2, on a scale of 16 bits.
		"pcm_alaw": {wavALaw, 8, []byte{0xd5, 0x55, 0xaa, 0x2a},
			[]float32{8.0 / 32768, -8.0 / 32768, 32256.0 / 32768, -32256.0 / 32768}},
		"pcm_mulaw": {wavMuLaw, 8, []byte{0xff, 0x7f, 0x80, 0x00},
			[]float32{0, 0, 32124.0 / 32768, -32124.0 / 32768}},
	}
	for name, test := range tests {
		for _, extensible := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				file := wavOf(wavFormat{test.tag, 2, 44100, test.bits, extensible}, test.data)
				info, got, err := decodeAll(t, file)
				if err != io.EOF {
					t.Fatal(err)
				}
				codec, _, _ := strings.Cut(name, " ")
				if want := (Info{"wav", codec, 44100, 2, 2}); info != want {
					t.Errorf("found %+v, want %+v", info, want)
				}
				assertNear(t, got, test.want, 0)
			})
		}
	}
}

func TestWAVIsReadHoweverItsBytesCome(t *testing.T) {
	data := make([]byte, 3*2*50_001)
	for i := range data {
		data[i] = byte(i * i >> 3)
	}
	file := wavOf(wavFormat{tag: wavPCM, channels: 3, rate: 48000, bits: 16}, data)
	_, want, err := decodeAll(t, file)
	if err != io.EOF || len(want) != 3*50_001 {
		t.Fatal(len(want), err)
	}
	for name, reader := range map[string]io.Reader{
		"byte by byte": iotest.OneByteReader(bytes.NewReader(file)),
		"by halves":    iotest.HalfReader(bytes.NewReader(file)),
		"end at once":  iotest.DataErrReader(bytes.NewReader(file)),
	} {
		d, err := Open(reader)
		if err != nil {
			t.Fatal(name, err)
		}
		got, err := readAll(t, d, 7)
		if err != io.EOF {
			t.Error(name, err)
		}
		assertNear(t, got, want, 0)
	}
}

func TestWAVChunksAroundTheSamples(t *testing.T) {
	format := wavFormat{tag: wavPCM, channels: 1, rate: 8000, bits: 8}
	data := []byte{128, 192, 128}
	list, after := chunkOf("LIST", []byte("INFOodd")), chunkOf("id3 ", []byte("not sound"))
	ds64 := chunkOf("ds64", le(8, 0, 3, 3))
	wide := riff(ds64, format.chunk(), chunkOf("data", data), after)
	copy(wide, "RF64")
	binary.LittleEndian.PutUint32(wide[bytes.Index(wide, []byte("data"))+4:], math.MaxUint32)
	for name, file := range map[string][]byte{
		"before":       riff(list, format.chunk(), list, chunkOf("data", data)),
		"after":        riff(format.chunk(), chunkOf("data", data), after),
		"RF64":         wide,
		"behind a tag": append([]byte("ID3\x04\x00\x00\x00\x00\x00\x02xx"), wavOf(format, data)...),
	} {
		info, got, err := decodeAll(t, file)
		if err != io.EOF || info.Samples != 3 {
			t.Errorf("%s: %v, %d samples", name, err, info.Samples)
		}
		assertNear(t, got, []float32{0, 0.5, 0}, 0)
	}
}

func TestFMT1_WAVOfUnknownLengthEndsWithItsInput(t *testing.T) {
	data := le(2, 1, 2, 3)
	file := wavOf(wavFormat{tag: wavPCM, channels: 1, rate: 8000, bits: 16}, data)
	for _, size := range []uint32{0, 0xffffffff, 0x7ffff000, 0x7fffffff} {
		info, got, err := decodeAll(t, withDataSize(file, len(data), size))
		if err != io.EOF || info.Samples != -1 || len(got) != 3 {
			t.Errorf("length %#x: %d samples of %d, %v", size, len(got), info.Samples, err)
		}
	}
}

func TestTruncatedWAVPlaysWhatIsThere(t *testing.T) {
	file := wavOf(wavFormat{tag: wavPCM, channels: 2, rate: 8000, bits: 16}, make([]byte, 32000))
	_, got, err := decodeAll(t, file[:44+16000+3])
	assertCode(t, err, fault.DecodeFailed, "500 of 1000 ms")
	if len(got) != 8000 {
		t.Errorf("%d values, want 8000", len(got))
	}
	for cut := range 44 {
		if cut == 0 {
			continue
		}
		if _, err := Open(bytes.NewReader(file[:cut])); err == nil {
			t.Errorf("opened the first %d bytes of a header", cut)
		}
	}
}

func TestFMT5_HostileWAVHeaders(t *testing.T) {
	data := make([]byte, 64)
	huge := riff(chunkOf("LIST", data))
	binary.LittleEndian.PutUint32(huge[16:], 0xfffffff0)
	format := func(f wavFormat) []byte { return wavOf(f, data) }
	tests := map[string]struct {
		file []byte
		code fault.Code
	}{
		"no channels":       {format(wavFormat{tag: wavPCM, rate: 8000, bits: 16}), fault.DecodeFailed},
		"many channels":     {format(wavFormat{tag: wavPCM, channels: 65535, rate: 8000, bits: 16}), fault.UnsupportedFormat},
		"0 Hz":              {format(wavFormat{tag: wavPCM, channels: 1, bits: 16}), fault.DecodeFailed},
		"negative Hz":       {format(wavFormat{tag: wavPCM, channels: 1, rate: -1, bits: 16}), fault.DecodeFailed},
		"a million Hz":      {format(wavFormat{tag: wavPCM, channels: 1, rate: 1e6, bits: 16}), fault.UnsupportedFormat},
		"0 bits":            {format(wavFormat{tag: wavPCM, channels: 1, rate: 8000}), fault.UnsupportedFormat},
		"odd floats":        {format(wavFormat{tag: wavFloat, channels: 1, rate: 8000, bits: 16}), fault.UnsupportedFormat},
		"ADPCM":             {format(wavFormat{tag: 0x11, channels: 1, rate: 8000, bits: 4}), fault.UnsupportedFormat},
		"short format":      {riff(chunkOf("fmt ", data[:15]), chunkOf("data", data)), fault.DecodeFailed},
		"no format":         {riff(chunkOf("data", data)), fault.DecodeFailed},
		"no samples":        {riff(wavFormat{tag: wavPCM, channels: 1, rate: 8000, bits: 16}.chunk()), fault.DecodeFailed},
		"a chunk of 4 GB":   {huge, fault.DecodeFailed},
		"chunks and chunks": {riff(bytes.Repeat(chunkOf("junk", make([]byte, 1<<20)), 20)), fault.DecodeFailed},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Open(bytes.NewReader(test.file))
			assertCode(t, err, test.code, "")
		})
	}
}

// TestG711IsMonotonous holds the whole tables: every code differs, and they rise with their magnitude.
func TestG711IsMonotonous(t *testing.T) {
	for code := 1; code < 128; code++ {
		if a, b := muLaw(byte(0xff-code)), muLaw(byte(0xff-code+1)); a <= b {
			t.Errorf("mu-law code %d gives %d after %d", code, a, b)
		}
		if a, b := aLaw(byte(0x80|code)^0x55), aLaw(byte(0x80|code-1)^0x55); a <= b {
			t.Errorf("A-law code %d gives %d after %d", code, a, b)
		}
	}
}

func TestReadingPCMDoesNotAllocate(t *testing.T) {
	d, err := Open(bytes.NewReader(wavOf(wavFormat{tag: wavPCM, channels: 2, rate: 48000, bits: 16}, make([]byte, 4_000_000))))
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]float32, 960)
	if allocs := testing.AllocsPerRun(500, func() { d.Read(dst) }); allocs != 0 {
		t.Errorf("%v allocations a read", allocs)
	}
}
