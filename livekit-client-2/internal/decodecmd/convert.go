package decodecmd

import (
	"context"
	"io"

	"server-playback/livekit-client-2/internal/decode"
	"server-playback/livekit-client-2/internal/decode/wavout"
	"server-playback/livekit-client-2/internal/dsp"
	"server-playback/livekit-client-2/internal/fault"
	"server-playback/livekit-client-2/internal/fetch"
)

// blockFrames is how much is converted at a time, per channel.
const blockFrames = 4096

// convert decodes the input into the output, and tells what it found as far as it came.
func convert(ctx context.Context, o options) (*findings, error) {
	found := &findings{}
	client := fetch.NewClient(fetch.Options{Allow: fetch.AllowAll()}) // whoever calls it has the machine's network anyway
	defer client.Close()
	body, err := open(ctx, client, o.input)
	if err != nil {
		return found, err
	}
	defer body.Close()
	decoder, err := decode.Open(body)
	if err != nil {
		return found, err
	}
	found.begin(decoder.Info())
	out, err := newWriter(o, decoder.Info())
	if err != nil {
		return found, err
	}
	err = found.pump(decoder, out)
	if closeErr := out.close(); err == nil {
		err = closeErr
	}
	found.OK = err == nil
	found.Output = &output{SampleRate: out.format.SampleRate, Channels: out.format.Channels, Samples: out.frames}
	return found, err
}

// pump moves a sound to its end, and what came of a broken one too.
func (f *findings) pump(decoder decode.Decoder, out *writer) error {
	channels := decoder.Info().Channels
	block := make([]float32, blockFrames*channels)
	var values int64
	var peak float32
	for {
		n, err := decoder.Read(block)
		values += int64(n)
		for _, x := range block[:n] {
			peak = max(peak, x, -x)
		}
		f.end(values/int64(channels), peak, decoder.Report())
		if writeErr := out.write(block[:n]); writeErr != nil {
			return fault.Wrap(fault.Internal, writeErr, "writing failed: %v", writeErr)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// newWriter makes the output for a sound.
func newWriter(o options, info decode.Info) (*writer, error) {
	w := &writer{
		from:   info.Channels,
		format: wavout.Format{SampleRate: info.SampleRate, Channels: info.Channels, Float: o.float},
	}
	if o.rate != 0 {
		// What a room could get: no more than the resampler's channels.
		if w.format.Channels > dsp.MaxChannels {
			w.format.Channels = 2
		}
		w.format.SampleRate = o.rate
		resampler, err := dsp.NewResampler(dsp.ResamplerConfig{
			InRate: info.SampleRate, OutRate: o.rate, Channels: w.format.Channels,
		})
		if err != nil {
			return nil, fault.Wrap(fault.UnsupportedFormat, err, "%d Hz cannot be resampled", info.SampleRate)
		}
		w.resampler = resampler
	}
	return w, w.create(o.output)
}
