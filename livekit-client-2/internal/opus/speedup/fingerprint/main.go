// Fingerprint prints a hash of the packets that the codec makes of a varied signal in every
// mode, alone and with encoders taking turns, so that two builds of it can be compared.
package main

import (
	"crypto/sha256"
	"fmt"
	"log"
	"math"
	"math/rand/v2"

	"github.com/thesyncim/gopus"
)

const rate = 48000

func main() {
	hash := sha256.New()
	for channels := 1; channels <= 2; channels++ {
		pcm := signal(3*rate, channels)
		for _, application := range []gopus.Application{gopus.ApplicationAudio, gopus.ApplicationVoIP} {
			for _, bitrate := range []int{16000, 32000, 64000, 128000} {
				for _, complexity := range []int{0, 1, 3, 5, 10} {
					for _, frames := range []int{rate / 100, rate / 50} {
						encode(hash.Write, pcm, channels, application, bitrate, complexity, frames)
					}
				}
			}
		}
	}
	inTurns(hash.Write)
	fmt.Printf("%x\n", hash.Sum(nil))
}

func encode(sink func([]byte) (int, error), pcm []float32, channels int, application gopus.Application, bitrate, complexity, frames int) {
	s := newStream(pcm, channels, application, bitrate, complexity, frames)
	for s.packet(sink) {
	}
}

// inTurns encodes streams that differ in everything packet by packet: none may see another's memory.
func inTurns(sink func([]byte) (int, error)) {
	var streams []*stream
	for i := range 12 {
		channels := 1 + i%2
		application := []gopus.Application{gopus.ApplicationAudio, gopus.ApplicationVoIP}[i/2%2]
		pcm := signal(rate, channels)[i*3000:]
		streams = append(streams, newStream(pcm, channels, application, 12000*(i+1), i%11, rate/(50*(1+i%3%2))))
	}
	for going := true; going; {
		going = false
		for _, s := range streams {
			going = s.packet(sink) || going
		}
	}
}

// stream is a signal on its way through an encoder.
type stream struct {
	enc  *gopus.Encoder
	pcm  []float32
	size int // of a packet, in samples
}

func newStream(pcm []float32, channels int, application gopus.Application, bitrate, complexity, frames int) *stream {
	enc, err := gopus.NewEncoder(gopus.EncoderConfig{SampleRate: rate, Channels: channels, Application: application})
	check(err)
	check(enc.SetBitrate(bitrate))
	check(enc.SetComplexity(complexity))
	check(enc.SetFrameSize(frames))
	return &stream{enc: enc, pcm: pcm, size: frames * channels}
}

// packet encodes the next packet, if there is a whole one.
func (s *stream) packet(sink func([]byte) (int, error)) bool {
	if len(s.pcm) < s.size {
		return false
	}
	packet := make([]byte, 4000)
	n, err := s.enc.Encode(s.pcm[:s.size], packet)
	check(err)
	_, err = sink(packet[:n])
	check(err)
	s.pcm = s.pcm[s.size:]
	return true
}

// signal changes its kind five times a second: harmonics, noise, a sweep, clicks, silence.
func signal(frames, channels int) []float32 {
	rng := rand.New(rand.NewPCG(3, 5))
	out := make([]float32, frames*channels)
	for i := range frames {
		t := float64(i) / rate
		for c := range channels {
			out[i*channels+c] = float32(kind(int(t*5)%5, t, 1+0.003*float64(c), rng))
		}
	}
	return out
}

func kind(which int, t, detune float64, rng *rand.Rand) float64 {
	switch which {
	case 0:
		sum := 0.0
		for k := 1.0; k <= 20; k++ {
			sum += 0.25 / k * math.Sin(2*math.Pi*140*k*detune*(t+0.01*math.Sin(5*t)))
		}
		return sum
	case 1:
		return 0.2 * rng.NormFloat64()
	case 2:
		return 0.7 * math.Sin(2*math.Pi*6000*t*t*detune)
	case 3:
		return 0.9 * math.Exp(-300*math.Mod(t, 0.031)) * math.Cos(20000*t)
	}
	return 0
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
