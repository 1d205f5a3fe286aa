package mp3

import (
	"bytes"
	"encoding/binary"
)

const (
	id3v1Size = 128
	id3v2Head = 10
	apeHead   = 32
	// tagHead is how many bytes tell a tag and its length.
	tagHead = apeHead
)

// tagSize returns the length in bytes of the metadata tag at the start of b: ID3v1, ID3v2,
// or APE; 0 if there is none. b may be short at the end of the
// stream.
func tagSize(b []byte) int {
	switch {
	case len(b) >= id3v2Head && bytes.HasPrefix(b, []byte("ID3")):
		return id3v2Size(b)
	case len(b) >= apeHead && bytes.HasPrefix(b, []byte("APETAGEX")):
		return apeSize(b)
	case bytes.HasPrefix(b, []byte("TAG")):
		return id3v1Size
	}
	return 0
}

// id3v2Size is the whole length of an ID3v2 tag (id3v2.4.0-structure, 3.1).
func id3v2Size(b []byte) int {
	if b[3] == 0xff || b[4] == 0xff || (b[6]|b[7]|b[8]|b[9])&0x80 != 0 {
		return 0
	}
	size := id3v2Head + int(b[6])<<21 + int(b[7])<<14 + int(b[8])<<7 + int(b[9])
	if b[5]&0x10 != 0 { // footer
		size += id3v2Head
	}
	return size
}

// apeSize is the length from here on of an APE tag of which b is the header or, if the tag
// has no header, the footer.
func apeSize(b []byte) int {
	const isHeader = 1 << 29
	if binary.LittleEndian.Uint32(b[20:])&isHeader == 0 {
		return apeHead
	}
	size := binary.LittleEndian.Uint32(b[12:])
	if size > 1<<28 {
		return 0
	}
	return apeHead + int(size)
}

// streamInfo is what the tag frame at the start of a stream tells about it.
type streamInfo struct {
	frames  int64 // audio frames, the tag's own not counted; 0: unknown
	bytes   int64 // of these frames and the tag's; 0: unknown
	delay   int   // samples that the encoder put before the sound
	padding int   // samples that it put behind it
	trimmed bool  // delay and padding are known
}

// Flags of a Xing tag: which fields are there.
const (
	xingFrames = 1 << iota
	xingBytes
	xingTOC
	xingQuality
)

const xingTOCSize = 100

// vbriOffset is where a VBRI tag starts, behind 32 bytes for the side info.
const vbriOffset = headerSize + 32

// parseInfo reads the Xing, Info (with LAME's extension) or VBRI tag of a frame; false if it
// has none and so is audio.
func parseInfo(frame []byte, h header) (streamInfo, bool) {
	at := headerSize + h.sideInfoSize()
	for _, at := range [2]int{at, at + crcSize} {
		if len(frame) < at+8 {
			continue
		}
		id := frame[at : at+4]
		if bytes.Equal(id, []byte("Xing")) || bytes.Equal(id, []byte("Info")) {
			return parseXing(frame[at+4:]), true
		}
	}
	if len(frame) >= vbriOffset+18 && bytes.Equal(frame[vbriOffset:vbriOffset+4], []byte("VBRI")) {
		return streamInfo{
			bytes:  int64(binary.BigEndian.Uint32(frame[vbriOffset+10:])),
			frames: int64(binary.BigEndian.Uint32(frame[vbriOffset+14:])),
		}, true
	}
	return streamInfo{}, false
}

// parseXing reads a Xing tag from its flags on.
func parseXing(b []byte) streamInfo {
	var info streamInfo
	flags := binary.BigEndian.Uint32(b)
	b = b[4:]
	field := func(flag uint32, size int) []byte {
		if flags&flag == 0 || len(b) < size {
			return nil
		}
		f := b[:size]
		b = b[size:]
		return f
	}
	if f := field(xingFrames, 4); f != nil {
		info.frames = int64(binary.BigEndian.Uint32(f))
	}
	if f := field(xingBytes, 4); f != nil {
		info.bytes = int64(binary.BigEndian.Uint32(f))
	}
	field(xingTOC, xingTOCSize)
	field(xingQuality, 4)
	// LAME's extension: an encoder name of 9 bytes, 12 bytes of settings, then delay and
	// padding with 12 bits each.
	if len(b) >= 24 && b[0] != 0 {
		info.delay = int(b[21])<<4 | int(b[22])>>4
		info.padding = int(b[22]&15)<<8 | int(b[23])
		info.trimmed = info.delay != 0 || info.padding != 0
	}
	return info
}
