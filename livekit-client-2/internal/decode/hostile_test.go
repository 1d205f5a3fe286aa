package decode

import (
	"bytes"
	"encoding/binary"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"server-playback/livekit-client-2/internal/fault"
)

// absurd changes the bytes behind the first occurrence of a word.
func absurd(t *testing.T, file []byte, word string, at int, value ...byte) []byte {
	t.Helper()
	found := bytes.Index(file, []byte(word))
	if found < 0 {
		t.Fatalf("no %q", word)
	}
	file = bytes.Clone(file)
	copy(file[found+len(word)+at:], value)
	return file
}

// repaired gives every page of an Ogg file the checksum of what it holds now.
func repaired(file []byte) []byte {
	var all []byte
	for _, page := range pages(file) {
		clear(page[22:26])
		binary.LittleEndian.PutUint32(page[22:], oggSum(page))
		all = append(all, page...)
	}
	return all
}

// oggSum is the checksum of a page (RFC 3533, section 6).
func oggSum(page []byte) (sum uint32) {
	for _, b := range page {
		sum ^= uint32(b) << 24
		for range 8 {
			carry := sum>>31 != 0
			if sum <<= 1; carry {
				sum ^= 0x04c11db7
			}
		}
	}
	return sum
}

func TestFMT5_AbsurdHeadersGetACode(t *testing.T) {
	aiff := fixtures(t, "aiff-s16be")[0].data
	flac := fixtures(t, "flac16-44100")[0].data
	vorbis := fixtures(t, "vorbis-44100")[0].data
	opus := fixtures(t, "opus-48000-2")[0].data
	surround := fixtures(t, "opus-48000-6")[0].data
	ogg := func(file []byte, word string, at int, value ...byte) []byte {
		return repaired(absurd(t, file, word, at, value...))
	}
	for name, test := range map[string]struct {
		file []byte
		code fault.Code
	}{
		"AIFF without channels":      {absurd(t, aiff, "COMM", 4, 0, 0), fault.DecodeFailed},
		"AIFF of 65535 channels":     {absurd(t, aiff, "COMM", 4, 0xff, 0xff), fault.UnsupportedFormat},
		"AIFF of 0 bits":             {absurd(t, aiff, "COMM", 10, 0, 0), fault.UnsupportedFormat},
		"AIFF of 0 Hz":               {absurd(t, aiff, "COMM", 12, make([]byte, 10)...), fault.DecodeFailed},
		"AIFF of a huge rate":        {absurd(t, aiff, "COMM", 12, 0x7f, 0xff), fault.DecodeFailed},
		"AIFF of a million Hz":       {absurd(t, aiff, "COMM", 12, 0x40, 0x12, 0xf4, 0x24), fault.UnsupportedFormat},
		"AIFF with a chunk of 4 GB":  {absurd(t, aiff, "AIFF", 0, 'L', 'I', 'S', 'T', 0xff, 0xff, 0xff, 0xff), fault.DecodeFailed},
		"AIFF with a huge offset":    {absurd(t, aiff, "SSND", 4, 0xff, 0xff, 0xff, 0xff), fault.DecodeFailed},
		"FLAC of 0 Hz":               {absurd(t, flac, "fLaC", 14, 0, 0, 2), fault.DecodeFailed},
		"FLAC of a million Hz":       {absurd(t, flac, "fLaC", 14, 0xf4, 0x24, 0x02), fault.UnsupportedFormat},
		"FLAC without STREAMINFO":    {absurd(t, flac, "fLaC", 0, 4), fault.DecodeFailed},
		"FLAC with a block of 16 MB": {absurd(t, flac, "fLaC", 38, 4, 0xff, 0xff, 0xff), fault.DecodeFailed},
		"Vorbis without channels":    {ogg(vorbis, "\x01vorbis", 4, 0), fault.DecodeFailed},
		"Vorbis of 255 channels":     {ogg(vorbis, "\x01vorbis", 4, 255), fault.UnsupportedFormat},
		"Vorbis of 0 Hz":             {ogg(vorbis, "\x01vorbis", 5, 0, 0, 0, 0), fault.DecodeFailed},
		"Vorbis of a million Hz":     {ogg(vorbis, "\x01vorbis", 5, 0x40, 0x42, 0x0f, 0), fault.UnsupportedFormat},
		"Vorbis with odd blocks":     {ogg(vorbis, "\x01vorbis", 21, 0xff), fault.DecodeFailed},
		"Opus without channels":      {ogg(opus, "OpusHead", 1, 0), fault.DecodeFailed},
		"Opus of a later version":    {ogg(opus, "OpusHead", 0, 16), fault.UnsupportedFormat},
		"Opus of an unknown family":  {ogg(opus, "OpusHead", 10, 7), fault.UnsupportedFormat},
		"Opus of 255 channels":       {ogg(surround, "OpusHead", 1, 255), fault.UnsupportedFormat},
		"Opus without streams":       {ogg(surround, "OpusHead", 11, 0), fault.DecodeFailed},
		"Opus of wrong streams":      {ogg(surround, "OpusHead", 13, 77), fault.DecodeFailed},
		"an endless tag":             {[]byte("ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + strings.Repeat("x", 1000)), fault.DecodeFailed},
	} {
		_, err := Open(bytes.NewReader(test.file))
		if fault.CodeOf(err) != test.code || strings.Contains(err.Error(), "panicked") {
			t.Errorf("%s: %v, want %s", name, err, test.code)
		}
	}
}

// TestFMT5_MemoryIsBounded decodes every file, and each with its header full of ones, and holds what
// that takes against a bound that a lie in a header would break.
func TestFMT5_MemoryIsBounded(t *testing.T) {
	const most = 24 << 20
	for _, f := range fixtures(t) {
		for at := 0; at < min(len(f.data), 120); at += 3 {
			lie := bytes.Clone(f.data)
			for i := range lie[at:min(at+4, len(lie))] {
				lie[at+i] = 0xff
			}
			if strings.HasSuffix(f.name, ".ogg") || strings.HasSuffix(f.name, ".opus") {
				lie = repaired(lie)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			drain(lie)
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > most {
				t.Errorf("%s with a lie at %d: %d MB", f.name, at, used>>20)
			}
		}
	}
}

// drain decodes a file into nothing, a second of it at most.
func drain(file []byte) {
	d, err := Open(bytes.NewReader(file))
	if err != nil {
		return
	}
	dst := make([]float32, 8192)
	for left := d.Info().SampleRate * d.Info().Channels; left > 0 && err == nil; {
		var n int
		n, err = d.Read(dst)
		left -= max(n, 1)
	}
}

// TestFMT5_ASourceThatBreaksAnywhereKeepsItsCode: what the network says is not taken for damage.
func TestFMT5_ASourceThatBreaksAnywhereKeepsItsCode(t *testing.T) {
	stall := fault.New(fault.SourceStalled, "nothing for 5s")
	for _, f := range fixtures(t) {
		for cut := 0; cut < len(f.data); cut += max(1, len(f.data)/23) {
			d, err := Open(io.MultiReader(bytes.NewReader(f.data[:cut]), iotest.ErrReader(stall)))
			if err == nil {
				_, err = readAll(t, d, 4096)
			}
			if fault.CodeOf(err) != fault.SourceStalled {
				t.Errorf("%s broken at %d: %v", f.name, cut, err)
			}
		}
	}
}
