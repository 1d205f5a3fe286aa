package main

import (
	"io"
	"strings"
	"testing"
)

func TestREC22_ALogThatIsNotReadHoldsNothingUp(t *testing.T) {
	reader, writer := io.Pipe()
	w := newLogWriter(writer)
	for range 3 * maxQueuedLines {
		w.Write([]byte("line\n"))
	}
	text := make(chan string)
	go func() {
		all, _ := io.ReadAll(reader)
		text <- string(all)
	}()
	w.Close()
	w.Write([]byte("too late\n"))
	w.Close()
	writer.Close()
	got := <-text
	if n := strings.Count(got, "line\n"); n < maxQueuedLines || n > maxQueuedLines+1 {
		t.Errorf("%d lines were written", n)
	}
	if !strings.Contains(got, "log lines lost") || strings.Contains(got, "too late") {
		t.Error(got[len(got)-200:])
	}
}
