package decode

import (
	"errors"
	"io"

	"server-playback/livekit-client-2/internal/mp3"
)

// mp3Decoder adapts package mp3.
type mp3Decoder struct {
	*mp3.Decoder
	container string
}

func openMP3(in *input) (Decoder, error) { return newMP3(in.Reader, "mp3") }

func newMP3(r io.Reader, container string) (Decoder, error) {
	decoder, err := mp3.NewDecoder(r)
	switch {
	case errors.Is(err, mp3.ErrNotMP3):
		return nil, unsupported("unknown content")
	case errors.Is(err, mp3.ErrUnsupportedLayer):
		return nil, unsupported("MPEG audio of Layer I or II")
	case err != nil:
		return nil, err
	}
	return &mp3Decoder{decoder, container}, nil
}

func (d *mp3Decoder) Info() Info {
	return Info{
		Container:  d.container,
		Codec:      "mp3",
		SampleRate: d.SampleRate(),
		Channels:   d.Channels(),
		Samples:    d.Samples(),
	}
}

func (d *mp3Decoder) Report() Report {
	stats := d.Stats()
	return Report{
		TrimmedStart: stats.TrimmedStart,
		TrimmedEnd:   stats.TrimmedEnd,
		SkippedBytes: stats.Skipped,
		Concealed:    stats.Concealed,
		Lost:         stats.Muted,
	}
}
