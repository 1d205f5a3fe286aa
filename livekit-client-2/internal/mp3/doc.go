// Package mp3 decodes MPEG audio Layer III: MPEG-1 (ISO/IEC 11172-3), MPEG-2 LSF
// (ISO/IEC 13818-3) and the MPEG-2.5 extension to 8, 11.025 and 12 kHz.
//
// A [Decoder] pulls frames from an io.Reader and hands out float32 samples. It needs no
// more of the stream than the frame it decodes (to lock on, also the header that follows),
// allocates nothing after construction and treats every input as hostile: what cannot be
// decoded is skipped or muted and counted in [Stats], never a panic.
//
// The path of a frame: scanner (sync.go), side info, scale factors and Huffman code,
// requantization, stereo, reordering, alias reduction and IMDCT, polyphase synthesis.
package mp3
