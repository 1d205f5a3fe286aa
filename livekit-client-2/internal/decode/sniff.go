package decode

import (
	"bytes"
	"strings"

	"server-playback/livekit-client-2/internal/fault"
)

// magicSize is how many bytes tell the formats with a signature apart; textSize is how many are
// looked at to say what a file is that is no audio.
const (
	magicSize = 12
	textSize  = 512
)

// openFunc opens one format's decoder on an input at its first byte.
type openFunc func(*input) (Decoder, error)

// sniff finds the format by its first bytes. It waits for no more of them than it needs.
func sniff(in *input) (openFunc, error) {
	if err := skipID3(in); err != nil {
		return nil, err
	}
	head, _ := in.Peek(magicSize)
	switch {
	case len(head) == 0 && in.err == nil:
		return nil, unsupported("an empty file")
	case magic(head, 0, "RIFF", "RF64", "BW64") && magic(head, 8, "WAVE"):
		return openWAV, nil
	case magic(head, 0, "FORM") && magic(head, 8, "AIFF", "AIFC"):
		return openAIFF, nil
	case magic(head, 0, "fLaC"):
		return openFLAC, nil
	case magic(head, 0, "OggS"):
		return openOgg, nil
	}
	head, _ = in.Peek(textSize)
	if name := foreign(head); name != "" {
		return nil, unsupported(name)
	}
	return openMP3, nil
}

func unsupported(name string) error {
	return fault.New(fault.UnsupportedFormat, "%s, not audio that can be played", name)
}

// magic says whether one of words stands at head[at:].
func magic(head []byte, at int, words ...string) bool {
	for _, word := range words {
		if len(head) >= at+len(word) && string(head[at:at+len(word)]) == word {
			return true
		}
	}
	return false
}

// skipID3 skips ID3v2 tags (id3.org, ID3v2.4 section 3.1), which stand before any format.
func skipID3(in *input) error {
	for {
		head, _ := in.Peek(10)
		if len(head) < 10 || !magic(head, 0, "ID3") || (head[6]|head[7]|head[8]|head[9])&0x80 != 0 {
			return nil
		}
		size := int(head[6])<<21 | int(head[7])<<14 | int(head[8])<<7 | int(head[9])
		if head[5]&0x10 != 0 {
			size += 10 // the footer
		}
		if _, err := in.Discard(10 + size); err != nil {
			return err
		}
	}
}

// foreignMagic lists formats that are no playable audio, to name them in the message.
var foreignMagic = []struct {
	at         int
	word, name string
}{
	{4, "ftyp", "MP4"},
	{0, "\x1aE\xdf\xa3", "WebM or Matroska"},
	{0, "\x30\x26\xb2\x75", "Windows Media"},
	{0, "#!AMR", "AMR"},
	{0, "MThd", "MIDI"},
	{0, "ADIF", "AAC"},
	{0, "\x89PNG", "PNG"},
	{0, "\xff\xd8\xff", "JPEG"},
	{0, "GIF8", "GIF"},
	{0, "%PDF", "PDF"},
	{0, "PK\x03\x04", "ZIP"},
	{0, "\x1f\x8b", "gzip"},
	{0, "#EXTM3U", "an M3U playlist"},
	{0, "[playlist]", "a PLS playlist"},
}

// foreign names what a file is that is certainly no audio, or "".
func foreign(head []byte) string {
	for _, known := range foreignMagic {
		if magic(head, known.at, known.word) {
			return known.name
		}
	}
	if isADTS(head) {
		return "AAC"
	}
	return textKind(head)
}

// isADTS finds an AAC frame's syncword with layer 0 (ISO/IEC 13818-7, 6.2), which no MP3 has.
func isADTS(head []byte) bool {
	return len(head) >= 2 && head[0] == 0xff && head[1]&0xf6 == 0xf0
}

func textKind(head []byte) string {
	text := strings.ToLower(string(bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")))))
	switch {
	case strings.HasPrefix(text, "<!doctype html"), strings.HasPrefix(text, "<html"):
		return "HTML"
	case strings.HasPrefix(text, "<"):
		return "XML"
	case strings.HasPrefix(text, "{"), strings.HasPrefix(text, "["):
		return "JSON"
	case isText(head):
		return "text"
	}
	return ""
}

// isText says that no byte is a control character other than white space.
func isText(head []byte) bool {
	return bytes.IndexFunc(head, func(r rune) bool {
		return r == 0xfffd || r == 0x7f || r < ' ' && !strings.ContainsRune("\t\n\r\f\x1b", r)
	}) < 0
}
