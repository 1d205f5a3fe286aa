package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/livekit/protocol/livekit"
	lksdk "github.com/livekit/server-sdk-go/v2"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"server-playback/livekit-client-2/internal/fault"
	"server-playback/livekit-client-2/internal/mix"
	"server-playback/livekit-client-2/internal/opus"
	"server-playback/livekit-client-2/internal/source"
)

const (
	trackName = "server-playback"
	// primePackets of silence go out after publishing: the server shows a track to nobody before
	// media has come, and takes one without any back after 30 s.
	primePackets = 10
	// rejoinPackets is how many packets an encoder hears that were passed on, before it takes over.
	rejoinPackets = 2
)

// packetWriter sends RTP packets: the published track, or a test's.
type packetWriter interface {
	WriteRTP(*rtp.Packet, *lksdk.SampleWriteOptions) error
}

// Publisher is the one published track of a room: it mixes what plays, encodes and sends it by the
// wall clock. Its goroutine runs only while there is something to send.
type Publisher struct {
	mixer   *mix.Mixer
	encoder opus.Encoder
	pacer   *pacer
	metrics *Metrics
	frame   time.Duration
	tail    int // samples of silence that take a sound's end through the encoder
	// passable says which packets can be passed on; nil is none.
	passable *source.Packets

	pcm    []float32
	packet rtp.Packet
	past   []float32 // for an encoder that takes over from what was passed on
	room   []byte    // for an encoded payload
	clean  bool      // what was sent last leaves listeners' SILK decoders as new ones
	epoch  time.Time // the wall-clock time of rtp0
	rtp0   uint32
	quiet  int // samples of silence sent since the last sound

	closed  chan struct{}
	running sync.WaitGroup

	mu         sync.Mutex
	track      packetWriter
	runs       bool
	shut       bool
	priming    int
	intake     *pcmIntake
	subscribed chan struct{} // closed once somebody receives the publication
	bound      bool          // whether it is closed
	waited     bool          // for a subscriber, in vain
	held       bool
}

// newPublisher makes the publisher that sends by track.
func newPublisher(c Config, track packetWriter, clock clock, metrics *Metrics) (*Publisher, error) {
	config := opus.Config{
		Channels:    c.PublishChannels,
		Bitrate:     c.OpusBitrate,
		Complexity:  c.OpusComplexity,
		FrameMs:     c.OpusFrameMs,
		Application: opus.Audio,
		FEC:         c.OpusFEC,
	}
	if c.OpusFEC {
		config.PacketLossPct = 10
	}
	encoder, err := opus.NewEncoder(config)
	if err != nil {
		return nil, fault.Wrap(fault.PublishFailed, err, "the Opus encoder could not be set up")
	}
	frame := time.Duration(c.OpusFrameMs) * time.Millisecond
	p := &Publisher{
		track:      track,
		encoder:    encoder,
		pacer:      newPacer(clock, frame),
		metrics:    metrics,
		frame:      frame,
		tail:       encoder.Lookahead() * c.PublishChannels,
		pcm:        make([]float32, config.Samples()),
		closed:     make(chan struct{}),
		subscribed: make(chan struct{}),
		rtp0:       rand.Uint32(),
		room:       make([]byte, opus.MaxPacketBytes),
		clean:      true,
	}
	if c.OpusPassthrough {
		p.passable = &source.Packets{Frames: config.Frames(), Lookahead: encoder.Lookahead(), Recalled: rejoinPackets * config.Frames()}
		p.past = make([]float32, rejoinPackets*config.Samples())
	}
	p.packet.Version = 2
	p.packet.SequenceNumber = uint16(rand.Uint32())
	p.quiet = p.tail
	p.mixer = mix.New(mix.Config{
		Channels: c.PublishChannels, Frames: config.Frames(),
		Duck: math.Pow(10, -c.DuckDB/20), Attack: c.DuckAttack, Release: c.DuckRelease,
		OnActive: p.wake,
	})
	return p, nil
}

// newTrack makes the local track: Opus without DTX or redundancy, since what plays is rarely silent
// and the bridge sends nothing in between.
func newTrack(options ...lksdk.LocalTrackOptions) (*lksdk.LocalTrack, error) {
	return lksdk.NewLocalTrack(webrtc.RTPCodecCapability{
		MimeType:    webrtc.MimeTypeOpus,
		ClockRate:   opus.SampleRate,
		Channels:    2, // of the RTP format, always (RFC 7587, section 4.1)
		SDPFmtpLine: "minptime=10;useinbandfec=1",
	}, options...)
}

// publication says how the track is published: as a microphone, which every client plays.
func publication(c Config) *lksdk.TrackPublicationOptions {
	return &lksdk.TrackPublicationOptions{
		Name:       trackName,
		Source:     livekit.TrackSource_MICROPHONE,
		DisableDTX: true,
		Stereo:     c.PublishChannels == 2,
	}
}

// prime sends a little silence, so that the server shows the track to the room.
func (p *Publisher) prime() {
	p.mu.Lock()
	p.priming = primePackets
	p.mu.Unlock()
	p.wake()
}

// markSubscribed says that somebody receives the track.
func (p *Publisher) markSubscribed() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.bound {
		p.bound = true
		close(p.subscribed)
	}
}

// replace makes the publisher send by another track, which nobody receives yet.
func (p *Publisher) replace(track packetWriter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.track, p.waited = track, false
	p.unbind()
}

// unbind says that nobody receives the track any more. The caller holds the lock.
func (p *Publisher) unbind() {
	if p.bound {
		p.bound, p.subscribed = false, make(chan struct{})
	}
}

// hold stops every sound at its position, because nobody receives the track any more, and tells
// whether somebody did.
func (p *Publisher) hold() (heard bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	heard, p.held = p.bound, true
	p.unbind()
	return heard
}

// release lets the sounds go on.
func (p *Publisher) release() {
	p.mu.Lock()
	p.held = false
	p.mu.Unlock()
	p.wake()
}

// audience is closed once somebody receives the track.
func (p *Publisher) audience() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.subscribed
}

// expectSubscriber says that somebody came into the room, who may be about to subscribe.
func (p *Publisher) expectSubscriber() {
	p.mu.Lock()
	p.waited = false
	p.mu.Unlock()
}

// awaitSubscriber waits until somebody receives the track, so that a sound's beginning is heard: at
// most for bound, and not again after a wait in vain unless somebody has come since.
func (p *Publisher) awaitSubscriber(done <-chan struct{}, bound time.Duration) (heard bool) {
	p.mu.Lock()
	subscribed := p.subscribed
	if p.waited {
		bound = 0
	}
	p.mu.Unlock()
	timer := time.NewTimer(bound)
	defer timer.Stop()
	select {
	case <-subscribed:
		return true
	default:
	}
	select {
	case <-subscribed:
		return true
	case <-done:
	case <-p.closed:
	case <-timer.C:
		p.mu.Lock()
		p.waited = true
		p.mu.Unlock()
	}
	return false
}

// HandleIncomingPCM takes s16le samples that were pushed in, for the job that expects them.
// It waits while more is queued than is bounded by, and says false if nobody expects any.
func (p *Publisher) HandleIncomingPCM(data []byte) bool {
	p.mu.Lock()
	intake := p.intake
	p.mu.Unlock()
	return intake != nil && intake.push(data)
}

// endIntake says that the samples of this play are complete, and tells whether it was expecting any.
func (p *Publisher) endIntake(requestID string) bool {
	p.mu.Lock()
	intake := p.intake
	p.mu.Unlock()
	if intake == nil || intake.requestID != requestID {
		return false
	}
	p.setIntake(nil)
	return true
}

// setIntake directs pushed samples to intake. What was directed elsewhere is complete by that.
func (p *Publisher) setIntake(intake *pcmIntake) {
	p.mu.Lock()
	last := p.intake
	p.intake = intake
	p.mu.Unlock()
	if last != nil && last != intake {
		last.end()
	}
}

// wake makes the loop run if it does not.
func (p *Publisher) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shut || p.runs {
		return
	}
	p.runs = true
	p.running.Go(p.run)
}

// rest ends the loop if nothing is left to send. What becomes active later wakes it again: in another
// goroutine, to which all that this one owns has passed once the lock is given up.
func (p *Publisher) rest() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.runs = p.mixer.Active() || p.quiet < p.tail || p.priming > 0
	if !p.runs {
		p.pacer.giveBack()
	}
	return !p.runs
}

// Close ends the sending at once. It may be called more than once.
func (p *Publisher) Close() {
	p.mu.Lock()
	intake := p.intake
	p.intake = nil
	if !p.shut {
		p.shut = true
		close(p.closed)
	}
	p.mu.Unlock()
	if intake != nil {
		intake.end()
	}
	p.running.Wait()
}

// run sends packets until nothing is left to send.
func (p *Publisher) run() {
	p.pacer.start()
	p.packet.Marker = true // a talkspurt begins (RFC 3551, section 4.1)
	for {
		due, behind, ok := p.pacer.next(p.closed)
		if !ok {
			return
		}
		p.mixer.Settle()
		if p.rest() {
			return
		}
		p.step(due, behind)
	}
}

// step sends the packet that is due.
func (p *Publisher) step(due time.Time, behind time.Duration) {
	payload, err := p.payload()
	if err != nil {
		p.metrics.sendErrors.Inc()
		return
	}
	if payload == nil {
		p.packet.Marker = true
		return
	}
	p.metrics.lateness.note(behind)
	if behind > lateAfter {
		p.metrics.latePackets.Inc()
	}
	if err := p.send(payload, due); err != nil {
		p.metrics.sendErrors.Inc()
		return
	}
	p.mixer.Sent(p.pacer.clock.Now())
}

// payload makes the next packet's: one that came as it is to be heard, or what is mixed, encoded; nil
// if there is nothing to send.
func (p *Publisher) payload() ([]byte, error) {
	held := p.isHeld()
	if held { // the sounds stay where they are, and none is sent
		p.mixer.Skip()
	} else if passed := p.mixer.Pass(p.clean); passed != nil {
		p.clean, p.quiet = false, 0
		p.shown()
		p.metrics.passed.Inc()
		return passed, nil
	}
	if p.mixer.Recall(p.past) {
		if err := p.encoder.Rejoin(p.past); err != nil {
			return nil, fmt.Errorf("encode: %w", err)
		}
	}
	if !p.compose(held) {
		return nil, nil
	}
	n, err := p.encoder.Encode(p.room, p.pcm)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	p.clean = opus.IsCELT(p.room[:n])
	return p.room[:n], nil
}

// compose fills pcm with the next packet, and tells whether it is to be sent: silence is only right
// after a sound, to take its end through the encoder, and for priming.
func (p *Publisher) compose(held bool) bool {
	sound := false
	if held {
		clear(p.pcm)
	} else {
		sound = p.mixer.Mix(p.pcm)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if sound {
		p.quiet = p.trailingSilence()
		p.priming = 0 // a sound shows the track as well
		return true
	}
	if p.quiet < p.tail {
		p.quiet += len(p.pcm)
		return true
	}
	if p.priming > 0 {
		p.priming--
		return true
	}
	return false
}

// shown ends the priming: a sound shows the track as well.
func (p *Publisher) shown() {
	p.mu.Lock()
	p.priming = 0
	p.mu.Unlock()
}

func (p *Publisher) isHeld() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held
}

// trailingSilence is how many samples at the packet's end are zero.
func (p *Publisher) trailingSilence() int {
	n := len(p.pcm)
	for n > 0 && p.pcm[n-1] == 0 {
		n--
	}
	return len(p.pcm) - n
}

// send sends a packet with the RTP time of due: that goes on with the wall clock while nothing is
// sent, and the sequence does not.
func (p *Publisher) send(payload []byte, due time.Time) error {
	if p.epoch.IsZero() {
		p.epoch = due
	}
	p.packet.Payload = payload
	p.packet.Timestamp = p.rtp0 + uint32(rtpTicks(due.Sub(p.epoch)))
	err := p.currentTrack().WriteRTP(&p.packet, nil)
	p.packet.SequenceNumber++
	p.packet.Marker = false
	p.metrics.packets.Inc()
	p.metrics.opusBytes.Add(float64(len(payload)))
	return err
}

func (p *Publisher) currentTrack() packetWriter {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.track
}

// rtpTicks is d in samples of 48 kHz, rounded to the nearest.
func rtpTicks(d time.Duration) int64 {
	whole, rest := int64(d/time.Second), int64(d%time.Second)
	return whole*opus.SampleRate + (rest*opus.SampleRate+int64(time.Second)/2)/int64(time.Second)
}
