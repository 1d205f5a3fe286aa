package main

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"server-playback/livekit-client-2/internal/fault"
)

// Metrics are what /metrics tells. None has a label of a user, a room or a request.
type Metrics struct {
	registry *prometheus.Registry
	lateness lateness

	connections   prometheus.Gauge
	sessions      prometheus.Gauge
	resumes       prometheus.Counter
	activeStreams prometheus.Gauge
	capacity      prometheus.Gauge
	rooms         prometheus.Gauge

	commands    *prometheus.CounterVec // by action
	badMessages *prometheus.CounterVec // by error code
	joins       *prometheus.CounterVec // by result
	joinTime    prometheus.Histogram

	recoveries *prometheus.CounterVec // by who did it
	silence    prometheus.Histogram

	started    prometheus.Counter
	ended      *prometheus.CounterVec // by result: completed, or the error code
	duration   prometheus.Histogram
	firstFrame prometheus.Histogram
	// by step: join, fetch, decode, wait
	firstFrameStep *prometheus.HistogramVec
	unheard        prometheus.Counter
	underruns      prometheus.Counter

	packets     prometheus.Counter
	passed      prometheus.Counter
	opusBytes   prometheus.Counter
	latePackets prometheus.Counter
	sendErrors  prometheus.Counter
	droppedPCM  prometheus.Counter
	slowReaders prometheus.Counter
}

var (
	latencyBuckets  = []float64{.002, .005, .01, .025, .05, .1, .2, .5, 1, 2, 5, 10}
	durationBuckets = []float64{.1, .5, 1, 2, 5, 10, 30, 60, 300, 1800}
)

func newMetrics() *Metrics {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m := &Metrics{
		registry:      r,
		connections:   gauge(r, "connections", "Controlling connections."),
		sessions:      gauge(r, "sessions", "Sessions, those included whose controller is away."),
		resumes:       counter(r, "session_resumes_total", "Sessions taken up by another connection."),
		activeStreams: gauge(r, "active_streams", "Sounds being played or prepared."),
		capacity:      gauge(r, "capacity_streams", "Sounds that may play at once."),
		rooms:         gauge(r, "rooms", "Rooms joined."),
		commands:      counters(r, "commands_total", "Commands received.", "action"),
		badMessages:   counters(r, "bad_messages_total", "Messages refused, by error code.", "error"),
		joins:         counters(r, "joins_total", "Joins of a room, by result.", "result"),
		joinTime:      histogram(r, "join_seconds", "Time to join a room and publish.", latencyBuckets),
		recoveries:    counters(r, "room_recoveries_total", "Rooms that came back: by the SDK, or by a rejoin.", "by"),
		silence:       histogram(r, "room_silence_seconds", "How long a room was away, its audience included.", durationBuckets),
		started:       counter(r, "plays_started_total", "Plays of which a first packet was sent."),
		ended:         counters(r, "plays_ended_total", "Plays that ended: completed, or the error code.", "result"),
		duration:      histogram(r, "play_duration_seconds", "Media time played out.", durationBuckets),
		firstFrame:    histogram(r, "first_frame_seconds", "From the command to the first packet sent.", latencyBuckets),
		unheard:       counter(r, "plays_without_subscriber_total", "Plays begun while nobody received the track."),
		underruns:     counter(r, "underruns_total", "Times that a playing source had no data."),
		packets:       counter(r, "packets_total", "Packets sent."),
		passed:        counter(r, "passed_packets_total", "Packets of these that were passed on as they came."),
		opusBytes:     counter(r, "opus_bytes_total", "Bytes of Opus sent, without headers."),
		latePackets:   counter(r, "late_packets_total", "Packets sent more than 20 ms after their time."),
		sendErrors:    counter(r, "send_errors_total", "Packets that could not be sent."),
		droppedPCM:    counter(r, "forwarded_frames_dropped_total", "Frames of forwarded audio dropped for slow readers."),
		slowReaders:   counter(r, "slow_readers_total", "Connections cut off because they did not read."),
		firstFrameStep: histograms(r, "first_frame_step_seconds",
			"Of that, by step: join beside fetch and decode, then wait.", "step", latencyBuckets),
	}
	m.initialize()
	return m
}

// initialize makes every series there is, at 0: a rate needs a value before the first failure.
func (m *Metrics) initialize() {
	for action := range actionFields {
		m.commands.WithLabelValues(action)
	}
	for _, code := range fault.Codes {
		m.badMessages.WithLabelValues(string(code))
		m.ended.WithLabelValues(string(code))
	}
	m.ended.WithLabelValues("completed")
	for _, result := range []string{"joined", "failed"} {
		m.joins.WithLabelValues(result)
	}
	for _, step := range []string{"join", "fetch", "decode", "wait"} {
		m.firstFrameStep.WithLabelValues(step)
	}
}

const namespace = "bridge"

func gauge(r *prometheus.Registry, name, help string) prometheus.Gauge {
	m := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help})
	r.MustRegister(m)
	return m
}

func counter(r *prometheus.Registry, name, help string) prometheus.Counter {
	m := prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help})
	r.MustRegister(m)
	return m
}

func counters(r *prometheus.Registry, name, help, label string) *prometheus.CounterVec {
	m := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, []string{label})
	r.MustRegister(m)
	return m
}

func histogram(r *prometheus.Registry, name, help string, buckets []float64) prometheus.Histogram {
	m := prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets})
	r.MustRegister(m)
	return m
}

func histograms(r *prometheus.Registry, name, help, label string, buckets []float64) *prometheus.HistogramVec {
	m := prometheus.NewHistogramVec(
		prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets}, []string{label})
	r.MustRegister(m)
	return m
}
