// Package dsp is the signal processing between a decoder and the Opus encoder:
// downmixing, sample rate conversion, gain ramps, mixing and limiting.
//
// Samples are float32, full scale is +-1.0, several channels are interleaved.
// A frame is one sample of every channel. Nothing here allocates in the steady
// state, and no type is safe for use by several goroutines at once.
package dsp
