package main

import (
	"time"

	"server-playback/livekit-client-2/internal/opus"
	"server-playback/livekit-client-2/internal/source"
)

// Resampling itself is done by internal/source; here is what a command asks of it.

// bareIngestRate is the sample rate, in Hz, of binary frames that no start_pcm has announced.
const bareIngestRate = 16000

// sourceOptions says how the sound of a play_url is converted to what is published.
func sourceOptions(c Config, cmd Command, packets *source.Packets) source.Options {
	return source.Options{
		Packets:     packets,
		URL:         cmd.Url,
		Channels:    c.PublishChannels,
		Bandwidth:   bandwidth(cmd.SampleRate),
		Start:       milliseconds(cmd.StartMs),
		Loop:        cmd.Loop,
		MaxDuration: c.MaxDuration,
	}
}

// pcmOptions says the same of samples that are pushed in.
func pcmOptions(c Config, sampleRate, channels int) source.PCMOptions {
	return source.PCMOptions{
		SampleRate:  sampleRate,
		Channels:    channels,
		Published:   c.PublishChannels,
		MaxDuration: c.MaxDuration,
	}
}

// bandwidth is what a play's sampleRate leaves of the spectrum, in Hz: half of it. The clock stays
// 48 kHz, so 48000 and more, like 0, are no limit.
func bandwidth(sampleRate int) int {
	if sampleRate >= opus.SampleRate {
		return 0
	}
	return sampleRate / 2
}

func milliseconds(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }
