package decodecmd

import (
	"fmt"
	"io"
	"math"

	"server-playback/livekit-client-2/internal/decode"
	"server-playback/livekit-client-2/internal/fault"
)

// findings are what the command tells. Durations are in ms, samples per channel.
type findings struct {
	OK         bool       `json:"ok"`
	Container  string     `json:"container,omitempty"`
	Codec      string     `json:"codec,omitempty"`
	SampleRate int        `json:"sampleRate,omitempty"` // Hz
	Channels   int        `json:"channels,omitempty"`
	ExpectedMs *float64   `json:"expectedMs"` // null where the file does not say
	Samples    int64      `json:"samples"`
	DurationMs float64    `json:"durationMs"`
	PeakDB     *float64   `json:"peakDb"` // dBFS, null for silence
	Trimmed    [2]int64   `json:"trimmed"`
	Skipped    int64      `json:"skippedBytes"`
	Concealed  int64      `json:"concealedFrames"`
	Output     *output    `json:"output"`
	Error      fault.Code `json:"error,omitempty"`
	Message    string     `json:"message,omitempty"`
}

// output is what was written, or would have been.
type output struct {
	SampleRate int   `json:"sampleRate"` // Hz
	Channels   int   `json:"channels"`
	Samples    int64 `json:"samples"`
}

func (f *findings) begin(info decode.Info) {
	f.Container, f.Codec = info.Container, info.Codec
	f.SampleRate, f.Channels = info.SampleRate, info.Channels
	if info.Samples >= 0 {
		ms := milliseconds(info.Samples, info.SampleRate)
		f.ExpectedMs = &ms
	}
}

func (f *findings) end(samples int64, peak float32, report decode.Report) {
	f.Samples, f.DurationMs = samples, milliseconds(samples, f.SampleRate)
	if peak > 0 {
		db := math.Round(2000*math.Log10(float64(peak))) / 100
		f.PeakDB = &db
	}
	f.Trimmed = [2]int64{report.TrimmedStart, report.TrimmedEnd}
	f.Skipped, f.Concealed = report.SkippedBytes, report.Concealed
}

func milliseconds(samples int64, rate int) float64 {
	return math.Round(float64(samples)*1e6/float64(rate)) / 1000
}

func (f *findings) printText(w io.Writer) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%-10s "+format+"\n", append([]any{name}, args...)...)
	}
	if f.Codec != "" {
		line("found", "%s in %s, %d Hz, %d channels", f.Codec, f.Container, f.SampleRate, f.Channels)
		if f.ExpectedMs != nil {
			line("expected", "%.3f ms", *f.ExpectedMs)
		}
		line("length", "%.3f ms, %d samples", f.DurationMs, f.Samples)
	}
	if f.PeakDB != nil {
		line("peak", "%.2f dBFS", *f.PeakDB)
	}
	if f.Trimmed != [2]int64{} {
		line("cut", "%d samples of encoder delay, %d of padding", f.Trimmed[0], f.Trimmed[1])
	}
	if f.Skipped+f.Concealed > 0 {
		line("damaged", "%d bytes skipped, %d frames concealed", f.Skipped, f.Concealed)
	}
	if f.Output != nil {
		line("output", "%d Hz, %d channels, %d samples", f.Output.SampleRate, f.Output.Channels, f.Output.Samples)
	}
	if !f.OK {
		line("failed", "%s: %s", f.Error, f.Message)
	}
}
