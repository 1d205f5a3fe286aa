package source

import (
	"bufio"
	"context"
	"io"
	"runtime"
	"time"

	"server-playback/livekit-client-2/internal/decode"
	"server-playback/livekit-client-2/internal/fault"
)

// play carries the sound from the network to the queue, up to its end or its failure. What came of
// a sound that broke off is played to its last sample.
func (s *Stream) play(ctx context.Context) {
	passes := &passes{stream: s, body: &s.body}
	err := passes.all(ctx)
	if passes.feed == nil { // nothing came, or packets
		s.end(nil, err)
		return
	}
	passes.feed.finish(err)
}

// passes plays a sound from its beginning to its end, several times for a loop.
type passes struct {
	stream *Stream
	body   *opener
	feed   *feed
	block  []float32
	opus   *packetFeed // instead of feed
}

// sniffSize is enough to recognise Opus in Ogg. What is read in greater pieces is not buffered.
const sniffSize = 64

var errOtherFormat = fault.New(fault.DecodeFailed, "the sound changed its format while it was looped")

func (p *passes) all(ctx context.Context) error {
	frames, err := p.next(ctx, p.stream.options.Start)
	if err == nil {
		p.stream.length.Store(int64(decode.Duration(frames, p.stream.info.SampleRate)))
	}
	for p.stream.options.Loop && err == nil {
		if frames, err = p.next(ctx, 0); err == nil && frames == 0 {
			err = fault.New(fault.DecodeFailed, "nothing to loop over")
		}
	}
	return err
}

// next plays one pass from start on, and returns how many frames it had.
func (p *passes) next(ctx context.Context, start time.Duration) (frames int64, err error) {
	body, err := p.body.open(ctx)
	if err != nil {
		return 0, err
	}
	defer body.Close()
	frames, err = p.pass(ctx, body, start)
	if keeper, ok := body.(*keeper); ok && err == nil {
		keeper.rest()
	}
	return frames, err
}

// pass plays what comes out of body: as packets of Opus, if that is what it is and they are wanted.
func (p *passes) pass(ctx context.Context, body io.Reader, start time.Duration) (frames int64, err error) {
	if o := p.stream.options; o.Packets != nil && o.Bandwidth == 0 && p.feed == nil {
		head := bufio.NewReaderSize(body, sniffSize)
		packets, err := decode.OpenOpus(head, o.Channels)
		if err != nil {
			return 0, err
		}
		if packets != nil {
			return p.packets(ctx, packets, start)
		}
		body = head
	}
	if p.opus != nil {
		return 0, errOtherFormat
	}
	decoder, err := decode.Open(body)
	if err != nil {
		return 0, err
	}
	if err := p.prepare(decoder.Info()); err != nil {
		return 0, err
	}
	frames, err = p.pump(ctx, decoder, framesIn(start, decoder.Info().SampleRate))
	p.stream.report = p.stream.report.Plus(decoder.Report())
	return frames, err
}

// packets queues what comes out of body as it is.
func (p *passes) packets(ctx context.Context, packets *decode.OpusPackets, start time.Duration) (frames int64, err error) {
	if p.opus == nil {
		if p.opus, err = newPacketFeed(p.stream.queue, p.stream.options); err != nil {
			return 0, err
		}
		p.stream.info, p.stream.opus = packets.Info(), p.opus.sound
	}
	frames, err = p.opus.pump(ctx, packets, framesIn(start, SampleRate))
	p.stream.report = p.stream.report.Plus(packets.Report())
	return frames, err
}

// prepare makes the feed by the first pass; the later ones continue it.
func (p *passes) prepare(info decode.Info) error {
	known := p.stream.info
	if p.feed != nil {
		if info.SampleRate != known.SampleRate || info.Channels != known.Channels {
			return errOtherFormat
		}
		return nil
	}
	feed, err := newFeed(p.stream.queue, feedConfig{
		rate: info.SampleRate, channels: info.Channels,
		bandwidth: p.stream.options.Bandwidth, maxDuration: p.stream.options.MaxDuration,
	})
	p.stream.info, p.feed = info, feed
	p.block = make([]float32, blockFrames*info.Channels)
	return err
}

// pump feeds what comes out of a decoder, without its first skip frames.
func (p *passes) pump(ctx context.Context, decoder decode.Decoder, skip int64) (frames int64, err error) {
	channels := int64(decoder.Info().Channels)
	for {
		n, err := decoder.Read(p.block)
		frames += int64(n) / channels
		dropped := min(skip*channels, int64(n))
		if skip -= dropped / channels; skip > 0 {
			runtime.Gosched() // a long way to the start must not keep a sender from its deadline
		}
		if rest := p.block[dropped:n]; len(rest) > 0 {
			if err := p.feed.write(ctx, rest); err != nil {
				return frames, err
			}
		}
		if err == io.EOF {
			return frames, nil
		}
		if err != nil {
			return frames, err
		}
	}
}
