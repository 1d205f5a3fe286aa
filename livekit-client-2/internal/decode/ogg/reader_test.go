package ogg

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"slices"
	"strings"
	"testing"
)

// build makes a page whose lacing values are given, with its checksum.
func build(flags byte, granule int64, serial, sequence uint32, lacing []byte, body []byte) []byte {
	page := append([]byte("OggS\x00"), flags)
	page = binary.LittleEndian.AppendUint64(page, uint64(granule))
	page = binary.LittleEndian.AppendUint32(page, serial)
	page = binary.LittleEndian.AppendUint32(page, sequence)
	page = append(page, 0, 0, 0, 0, byte(len(lacing)))
	page = append(append(page, lacing...), body...)
	binary.LittleEndian.PutUint32(page[22:], crc32(0, page))
	return page
}

// whole makes a page of whole packets, each shorter than 255 bytes.
func whole(flags byte, granule int64, serial, sequence uint32, packets ...string) []byte {
	var lacing []byte
	for _, packet := range packets {
		lacing = append(lacing, byte(len(packet)))
	}
	return build(flags, granule, serial, sequence, lacing, []byte(strings.Join(packets, "")))
}

// readAll reads a stream, and follows its first logical stream and those that start after its end.
func readAll(t *testing.T, pages ...[]byte) (packets []Packet) {
	t.Helper()
	reader := NewReader(bufio.NewReader(bytes.NewReader(slices.Concat(pages...))))
	following := false
	for {
		packet, err := reader.Next()
		if err == io.EOF {
			return packets
		}
		if err != nil {
			t.Fatal(err)
		}
		if packet.First && !following {
			reader.Follow(packet)
			following = true
		}
		following = following && !packet.Last
		packet.Data = bytes.Clone(packet.Data)
		packets = append(packets, packet)
	}
}

func assertData(t *testing.T, packets []Packet, want ...string) {
	t.Helper()
	var got []string
	for _, packet := range packets {
		got = append(got, string(packet.Data))
	}
	if !slices.Equal(got, want) {
		t.Errorf("packets %.60q, want %.60q", got, want)
	}
}

func TestChecksumIsTheStandards(t *testing.T) {
	if got := crc32(0, []byte("123456789")); got != 0x89a1897f {
		t.Errorf("checksum %#x", got)
	}
}

func TestPacketsAndTheirPositions(t *testing.T) {
	packets := readAll(t,
		whole(flagFirst, 0, 7, 0, "head"),
		whole(0, 100, 7, 1, "a", "", "bc"),
		whole(flagLast, 250, 7, 2, "d", "e"))
	assertData(t, packets, "head", "a", "", "bc", "d", "e")
	var granules []int64
	for _, packet := range packets {
		granules = append(granules, packet.Granule)
	}
	if want := []int64{0, -1, -1, 100, -1, 250}; !slices.Equal(granules, want) {
		t.Errorf("positions %v, want %v", granules, want)
	}
	if last := packets[4]; !last.Last || last.End != 250 || packets[3].Last || packets[3].Lost {
		t.Errorf("%+v", packets[3:5])
	}
}

func TestPacketsOverPages(t *testing.T) {
	long := strings.Repeat("x", 255)
	packets := readAll(t,
		whole(flagFirst, 0, 7, 0, "head"),
		build(0, -1, 7, 1, []byte{1, 255, 255}, []byte("a"+long+long)),
		build(flagContinued, -1, 7, 2, []byte{255}, []byte(long)),
		build(flagContinued|flagLast, 9, 7, 3, []byte{0, 1}, []byte("b")))
	assertData(t, packets, "head", "a", long+long+long, "b")
}

func TestOtherStreamsArePassedOver(t *testing.T) {
	packets := readAll(t,
		whole(flagFirst, 0, 7, 0, "sound"),
		whole(flagFirst, 0, 8, 0, "picture"),
		whole(0, 1, 8, 1, "p"),
		whole(0, 1, 7, 1, "s"),
		whole(flagLast, 2, 8, 2, "p"),
		whole(flagLast, 2, 7, 2, "s"),
		whole(flagFirst, 0, 9, 0, "chained"),
		whole(flagLast, 2, 9, 1, "t"))
	assertData(t, packets, "sound", "picture", "s", "s", "chained", "t")
}

func TestDamagedPagesAreSkipped(t *testing.T) {
	head, bad := whole(flagFirst, 0, 7, 0, "head"), whole(0, 1, 7, 1, "bad")
	bad[len(bad)-1] ^= 1
	packets := readAll(t, []byte("junk"), head, bad, []byte("OggOgg"), whole(flagLast, 2, 7, 2, "good"))
	assertData(t, packets, "head", "good")
	if !packets[1].Lost {
		t.Error("does not say that a page was lost")
	}
}

func TestThePartsAroundALostPageAreDropped(t *testing.T) {
	long := strings.Repeat("x", 255)
	packets := readAll(t,
		whole(flagFirst, 0, 7, 0, "head"),
		build(0, -1, 7, 1, []byte{255}, []byte(long)),
		build(flagContinued|flagLast, 9, 7, 3, []byte{1, 1}, []byte("xa")))
	assertData(t, packets, "head", "a")
}

func TestAPacketIsBounded(t *testing.T) {
	pages := [][]byte{whole(flagFirst, 0, 7, 0, "head")}
	body := bytes.Repeat([]byte("x"), 255*255)
	for i := range 10 {
		pages = append(pages, build(flagContinued*byte(min(i, 1)), -1, 7, uint32(i+1), bytes.Repeat([]byte{255}, 255), body))
	}
	pages = append(pages, build(flagContinued|flagLast, 1, 7, 11, []byte{0, 1}, []byte("a")))
	packets := readAll(t, pages...)
	if len(packets) != 3 || len(packets[1].Data) != MaxPacket || string(packets[2].Data) != "a" {
		t.Errorf("%d packets, the second of %d bytes", len(packets), len(packets[1].Data))
	}
}

func TestAStreamCutAnywhereEnds(t *testing.T) {
	file := slices.Concat(whole(flagFirst, 0, 7, 0, "head"), whole(flagLast, 2, 7, 1, "a", "b"))
	for cut := range file {
		if got := len(readAll(t, file[:cut])); got > 1 {
			t.Errorf("cut at %d: %d packets", cut, got)
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add(byte(3), []byte{255, 1}, []byte("some data"))
	f.Fuzz(func(t *testing.T, flags byte, lacing, body []byte) {
		lacing = lacing[:min(len(lacing), 255)]
		page := build(flags, 1, 7, 1, lacing, body)
		reader := NewReader(bufio.NewReader(io.MultiReader(
			bytes.NewReader(whole(flagFirst, 0, 7, 0, "head")), bytes.NewReader(page), bytes.NewReader(page))))
		for {
			packet, err := reader.Next()
			if err != nil {
				return
			}
			if packet.First {
				reader.Follow(packet)
			}
			if len(packet.Data) > MaxPacket {
				t.Fatalf("a packet of %d bytes", len(packet.Data))
			}
		}
	})
}
