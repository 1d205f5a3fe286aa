package main

import (
	"os"
	"testing"

	"github.com/livekit/protocol/logger"
	lksdk "github.com/livekit/server-sdk-go/v2"
)

// programDir is where tests build the program; it is removed after them.
var programDir string

func TestMain(m *testing.M) {
	lksdk.SetLogger(logger.GetDiscardLogger())
	code := m.Run()
	if stopLiveKit != nil {
		stopLiveKit()
	}
	if programDir != "" {
		os.RemoveAll(programDir)
	}
	if code == 0 {
		if err := findLeaks(); err != nil {
			os.Stderr.WriteString(err.Error())
			code = 1
		}
	}
	os.Exit(code)
}
