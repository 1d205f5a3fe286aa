package mp3

// Versions as coded in the header's ID field and the MPEG-2.5 extension bit before it.
const (
	mpeg25 = 0
	mpeg2  = 2
	mpeg1  = 3
)

// Layers as coded in the header.
const (
	layerIII = 1
	layerII  = 2
	layerI   = 3
)

// Channel modes as coded in the header.
const (
	modeJoint = 1
	modeMono  = 3
)

const (
	headerSize   = 4
	crcSize      = 2
	linesPerGr   = 576 // frequency lines, and samples per channel, of a granule
	maxFrameSize = 6144
)

// header is a parsed frame header (ISO/IEC 11172-3, 2.4.1.3 and 2.4.2.3).
type header struct {
	version    uint8
	layer      uint8
	protected  bool // a CRC follows the header
	bitrate    int  // bit/s; 0: free format
	sampleRate int  // Hz
	padding    int  // slots: 1 byte, 4 in Layer I
	mode       uint8
	modeExt    uint8
}

// bitratesV1 and bitratesV2 hold the bit rates in kbit/s by layer code, MPEG-1 and LSF.
var (
	bitratesV1 = [4][15]int{
		layerI:   {0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448},
		layerII:  {0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384},
		layerIII: {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320},
	}
	bitratesV2 = [4][15]int{
		layerI:   {0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256},
		layerII:  {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
		layerIII: {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160},
	}
	sampleRates = [4][3]int{
		mpeg25: {11025, 12000, 8000},
		mpeg2:  {22050, 24000, 16000},
		mpeg1:  {44100, 48000, 32000},
	}
)

// parseHeader reads the four bytes of b; false if they are no header of any layer.
func parseHeader(b []byte) (header, bool) {
	if len(b) < headerSize || b[0] != 0xff || b[1]&0xe0 != 0xe0 {
		return header{}, false
	}
	h := header{
		version:   b[1] >> 3 & 3,
		layer:     b[1] >> 1 & 3,
		protected: b[1]&1 == 0,
		padding:   int(b[2] >> 1 & 1),
		mode:      b[3] >> 6,
		modeExt:   b[3] >> 4 & 3,
	}
	rate, freq := b[2]>>4, b[2]>>2&3
	if h.version == 1 || h.layer == 0 || rate == 15 || freq == 3 {
		return header{}, false
	}
	h.sampleRate = sampleRates[h.version][freq]
	if h.version == mpeg1 {
		h.bitrate = bitratesV1[h.layer][rate] * 1000
	} else {
		h.bitrate = bitratesV2[h.layer][rate] * 1000
	}
	return h, true
}

// sameStream tells whether h and o can belong to one stream: the bit rate, unless it's free,
// and the channel mode may vary from frame to frame, the rest may not.
func (h header) sameStream(o header) bool {
	return h.version == o.version && h.layer == o.layer && h.sampleRate == o.sampleRate &&
		(h.bitrate == 0) == (o.bitrate == 0)
}

// frameSize is the frame's length in bytes, header included (2.4.3.1); 0 for free format.
func (h header) frameSize() int {
	switch {
	case h.bitrate == 0:
		return 0
	case h.layer == layerI:
		return (12*h.bitrate/h.sampleRate + h.padding) * 4
	case h.layer == layerIII && h.version != mpeg1:
		return 72*h.bitrate/h.sampleRate + h.padding
	default:
		return 144*h.bitrate/h.sampleRate + h.padding
	}
}

func (h header) channels() int {
	if h.mode == modeMono {
		return 1
	}
	return 2
}

func (h header) granules() int {
	if h.version == mpeg1 {
		return 2
	}
	return 1
}

// lsf tells whether the frame has the low sampling frequency syntax of MPEG-2.
func (h header) lsf() bool { return h.version != mpeg1 }

// samplesPerFrame is per channel.
func (h header) samplesPerFrame() int { return h.granules() * linesPerGr }

func (h header) sideInfoSize() int {
	switch {
	case h.version == mpeg1 && h.mode != modeMono:
		return 32
	case h.version == mpeg1 || h.mode != modeMono:
		return 17
	default:
		return 9
	}
}

// sideInfoOffset is where the side info starts within the frame.
func (h header) sideInfoOffset() int {
	if h.protected {
		return headerSize + crcSize
	}
	return headerSize
}

// midSide and intensity tell which joint stereo methods are on (2.4.2.3, mode_extension).
func (h header) midSide() bool   { return h.mode == modeJoint && h.modeExt&2 != 0 }
func (h header) intensity() bool { return h.mode == modeJoint && h.modeExt&1 != 0 }
