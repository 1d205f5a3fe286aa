package decodecmd

import (
	"encoding/binary"
	"errors"
	"math"
	"os"

	"server-playback/livekit-client-2/internal/decode/wavout"
	"server-playback/livekit-client-2/internal/dsp"
	"server-playback/livekit-client-2/internal/fault"
)

// writer converts samples to the output's form and writes them to its file, if there is one.
type writer struct {
	from      int // channels of what is written
	format    wavout.Format
	resampler *dsp.Resampler // nil: the sound's own rate
	file      *os.File       // nil: nowhere
	frames    int64
	mixed     []float32
	resampled []float32
	bytes     []byte
}

// create opens the file. Its header says "endless" until close knows better.
func (w *writer) create(name string) error {
	if name == "" {
		return nil
	}
	file, err := os.Create(name)
	if err != nil {
		return fault.Wrap(fault.Internal, err, "%v", err)
	}
	w.file = file
	_, err = file.Write(wavout.Header(w.format, -1))
	return err
}

func (w *writer) write(block []float32) error {
	if w.from != w.format.Channels {
		w.mixed = append(w.mixed[:0], block[:len(block)/w.from*w.format.Channels]...)
		dsp.Downmix(w.mixed, block, w.from, w.format.Channels)
		block = w.mixed
	}
	if w.resampler != nil {
		w.resampled = w.resampler.Process(w.resampled[:0], block)
		block = w.resampled
	}
	return w.put(block)
}

func (w *writer) put(samples []float32) error {
	w.frames += int64(len(samples) / w.format.Channels)
	if w.file == nil {
		return nil
	}
	w.bytes = w.bytes[:0]
	for _, x := range samples {
		if w.format.Float {
			w.bytes = binary.LittleEndian.AppendUint32(w.bytes, math.Float32bits(x))
			continue
		}
		var v [1]int16
		dsp.FloatToInt16(v[:], []float32{x})
		w.bytes = binary.LittleEndian.AppendUint16(w.bytes, uint16(v[0]))
	}
	_, err := w.file.Write(w.bytes)
	return err
}

// close writes what the resampler holds, and the header with the length.
func (w *writer) close() error {
	var err error
	if w.resampler != nil {
		err = w.put(w.resampler.Flush(w.resampled[:0]))
	}
	if w.file == nil {
		return err
	}
	_, headerErr := w.file.WriteAt(wavout.Header(w.format, w.frames), 0)
	return errors.Join(err, headerErr, w.file.Close())
}
