// Package channels knows in which order formats put their channels.
package channels

// vorbis holds, for each channel count, which of the format's channels stands at each place of WAVE
// order (Vorbis I, section 4.3.9).
var vorbis = [...][]int{
	3: {0, 2, 1},
	5: {0, 2, 1, 3, 4},
	6: {0, 2, 1, 5, 3, 4},
	7: {0, 2, 1, 6, 5, 3, 4},
	8: {0, 2, 1, 7, 5, 6, 3, 4},
}

// Vorbis gives which of a Vorbis stream's channels stands at a place of WAVE order. Opus has the
// same order (RFC 7845, section 5.1.1.2).
func Vorbis(count, place int) int {
	if count < len(vorbis) && vorbis[count] != nil {
		return vorbis[count][place]
	}
	return place
}
