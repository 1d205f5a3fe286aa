package decode

import (
	"server-playback/livekit-client-2/internal/decode/flac"
)

// flacDecoder adapts package flac.
type flacDecoder struct{ *flac.Decoder }

func openFLAC(in *input) (Decoder, error) {
	decoder, err := flac.NewDecoder(in)
	if err != nil {
		return nil, err
	}
	return flacDecoder{decoder}, nil
}

func (d flacDecoder) Info() Info {
	return Info{
		Container:  "flac",
		Codec:      "flac",
		SampleRate: d.SampleRate(),
		Channels:   d.Channels(),
		Samples:    d.Samples(),
	}
}

func (d flacDecoder) Report() Report {
	return Report{SkippedBytes: d.Skipped(), Concealed: d.Damaged()}
}
