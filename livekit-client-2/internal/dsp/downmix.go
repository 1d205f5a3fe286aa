package dsp

import (
	"fmt"
	"math"
)

// toStereo holds each layout's share in the left output, for 3 to 8 channels in WAVE order
// (front left, front right, centre, LFE, back left, back right, side left, side right; back
// centre before the sides with 7). After ITU-R BS.775-4, annex 4: centre and surrounds at
// -3 dB, no LFE. The right output is the mirror image.
var toStereo = [...]struct{ left, right []float32 }{
	3: layout("L R C"),
	4: layout("L R l r"),
	5: layout("L R C l r"),
	6: layout("L R C - l r"),
	7: layout("L R C - c l r"),
	8: layout("L R C - l r l r"),
}

// layout turns a list of places into each output's coefficients, scaled so that their sum
// is 1: then no input within full scale clips.
func layout(places string) (m struct{ left, right []float32 }) {
	const minus3dB = math.Sqrt2 / 2
	var sum float32
	for i := 0; i < len(places); i += 2 {
		var left, right float32
		switch places[i] {
		case 'L':
			left = 1
		case 'R':
			right = 1
		case 'C':
			left, right = minus3dB, minus3dB
		case 'l':
			left = minus3dB
		case 'r':
			right = minus3dB
		case 'c':
			left, right = minus3dB*minus3dB, minus3dB*minus3dB
		}
		m.left, m.right = append(m.left, left), append(m.right, right)
		sum += left
	}
	for i := range m.left {
		m.left[i] /= sum
		m.right[i] /= sum
	}
	return m
}

// Downmix converts the interleaved frames of src to dst, which has room for as many.
//
// The channels come in WAVE order (which FLAC shares, Vorbis and Opus do not). Equal counts
// are copied, mono goes to every channel, stereo to mono is (L+R)/2. 3 to 8 channels go to
// stereo by ITU-R BS.775, and to mono as the mean of that; the coefficients of each output are
// scaled to a sum of 1, so a downmix never clips and a lone front channel gets quieter (by
// 7.7 dB from 5.1). More than 8 channels have no known layout: each output is their mean.
//
// It panics for more than 2 outputs other than those cases, which is a mistake of the caller.
func Downmix(dst, src []float32, srcChannels, dstChannels int) {
	switch {
	case srcChannels == dstChannels:
		copy(dst, src)
	case srcChannels == 1:
		spread(dst, src, dstChannels)
	case dstChannels > 2:
		panic(fmt.Sprintf("dsp: no downmix from %d to %d channels", srcChannels, dstChannels))
	case srcChannels == 2:
		stereoToMono(dst, src)
	case srcChannels < len(toStereo):
		matrix(dst, src, srcChannels, dstChannels)
	default:
		mean(dst, src, srcChannels, dstChannels)
	}
}

func spread(dst, src []float32, channels int) {
	for i, x := range src {
		for c := range channels {
			dst[i*channels+c] = x
		}
	}
}

func stereoToMono(dst, src []float32) {
	dst = dst[:len(src)/2]
	for i := range dst {
		dst[i] = (src[2*i] + src[2*i+1]) * 0.5
	}
}

func matrix(dst, src []float32, srcChannels, dstChannels int) {
	m := toStereo[srcChannels]
	for i := 0; len(src) >= srcChannels; i, src = i+1, src[srcChannels:] {
		var left, right float32
		for c, x := range src[:srcChannels] {
			left += x * m.left[c]
			right += x * m.right[c]
		}
		if dstChannels == 1 {
			dst[i] = (left + right) * 0.5
			continue
		}
		dst[2*i], dst[2*i+1] = left, right
	}
}

func mean(dst, src []float32, srcChannels, dstChannels int) {
	for i := 0; len(src) >= srcChannels; i, src = i+1, src[srcChannels:] {
		var sum float32
		for _, x := range src[:srcChannels] {
			sum += x
		}
		for c := range dstChannels {
			dst[i*dstChannels+c] = sum / float32(srcChannels)
		}
	}
}
