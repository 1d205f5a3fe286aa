package main

import (
	"io"
	"log/slog"
	"os"
)

// newLogger writes lines of JSON, or for people: as the configuration says, else for whom they go to.
func newLogger(w io.Writer, c Config, toTerminal bool) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "pretty" || (c.LogFormat == "" && toTerminal) {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

func isTerminal(w io.Writer) bool {
	file, isFile := w.(*os.File)
	if !isFile {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
