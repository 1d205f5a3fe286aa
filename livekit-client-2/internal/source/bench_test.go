package source

import (
	"net/http"
	"testing"
	"time"

	"server-playback/livekit-client-2/internal/decode/wavout"
	"server-playback/livekit-client-2/internal/fetch"
)

// BenchmarkReady is the time from Open to the first sound, of a local server.
func BenchmarkReady(b *testing.B) {
	url := serveFile(b, wav(44100, 2, sine(44100, 2, 10*44100)))
	client := fetch.NewClient(fetch.Options{Allow: fetch.AllowAll()})
	defer client.Close()
	for b.Loop() {
		s := Open(b.Context(), client, Options{URL: url, Channels: 1})
		<-s.Ready()
		s.Close()
	}
}

// BenchmarkSecond is what a second of 44.1 kHz stereo costs, the fetch included; its time is work
// of this process and its server.
func BenchmarkSecond(b *testing.B) {
	second := sine(44100, 2, 44100)
	url := serve(b, func(w http.ResponseWriter, _ *http.Request) {
		w.Write(wavout.Header(wavout.Format{SampleRate: 44100, Channels: 2}, -1))
		for {
			if _, err := w.Write(second); err != nil {
				return
			}
		}
	})
	s := open(b, Options{URL: url, Ahead: time.Second})
	<-s.Ready()
	block := make([]float32, 960)
	b.ReportAllocs()
	for b.Loop() {
		for left := SampleRate; left > 0; {
			n, _ := s.Read(block[:min(left, len(block))])
			left -= n
		}
	}
}
