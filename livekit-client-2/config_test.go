package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func environment(vars map[string]string) func(string) string {
	return func(name string) string { return vars[name] }
}

func TestConfigDefaults(t *testing.T) {
	c := testConfig(t, nil)
	if c.Host != "127.0.0.1" || c.Port != 8080 || c.PublishGain != 1 || c.PublishChannels != 1 ||
		c.MaxStreams != 60 || c.SubscriberWait != time.Second || c.OpusFrameMs != 20 || c.DebugTone {
		t.Errorf("%+v", c)
	}
}

func TestBR62_EveryMistakeIsReportedAtOnce(t *testing.T) {
	_, err := loadConfig(environment(map[string]string{
		"BRIDGE_PORT": "70000", "BRIDGE_HOST": "0.0.0.0", "LIVEKIT_URL": "ftp://x", "PUBLISH_GAIN": "NaN",
		"PUBLISH_CHANNELS": "3", "OPUS_FRAME_MS": "15", "DEBUG_TONE": "maybe", "LOG_LEVEL": "loud",
		"SPEAKER_MAX_DURATION_MS": "-1", "MAX_STREAMS": "0", "FETCH_ALLOW": "everything", "MAX_LATE_PERCENT": "0",
		"BRIDGE_ALLOWED_ORIGINS": "page.example", "SESSION_GRACE_MS": "soon",
	}))
	if err == nil {
		t.Fatal("no mistake was found")
	}
	for _, name := range []string{"BRIDGE_PORT", "BRIDGE_HOST", "LIVEKIT_URL", "PUBLISH_GAIN", "PUBLISH_CHANNELS",
		"OPUS_FRAME_MS", "DEBUG_TONE", "LOG_LEVEL", "SPEAKER_MAX_DURATION_MS", "MAX_STREAMS", "FETCH_ALLOW", "MAX_LATE_PERCENT", "BRIDGE_ALLOWED_ORIGINS",
		"SESSION_GRACE_MS"} {
		if !strings.Contains(err.Error(), name+": ") {
			t.Errorf("%s is not among:\n%v", name, err)
		}
	}
}

func TestASecretMayComeFromAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte("quiet\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := loadConfig(environment(map[string]string{"BRIDGE_SHARED_SECRET_FILE": path}))
	if err != nil || c.SharedSecret != "quiet" || c.Host != "" {
		t.Errorf("%+v, %v", c, err)
	}
	for name, vars := range map[string]map[string]string{
		"both":    {"BRIDGE_SHARED_SECRET_FILE": path, "BRIDGE_SHARED_SECRET": "loud"},
		"no file": {"BRIDGE_SHARED_SECRET_FILE": path + "x"},
	} {
		_, err := loadConfig(environment(vars))
		if err == nil || strings.Contains(err.Error(), "loud") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheCommandLine(t *testing.T) {
	for _, test := range []struct {
		args []string
		vars map[string]string
		code int
		says string
	}{
		{[]string{"--help"}, nil, 0, "BRIDGE_PORT"},
		{[]string{"--version"}, nil, 0, version},
		{[]string{"check-config"}, nil, 0, "good"},
		{[]string{"check-config"}, map[string]string{"BRIDGE_PORT": "x"}, 2, "BRIDGE_PORT"},
		{nil, map[string]string{"BRIDGE_PORT": "x"}, 2, "BRIDGE_PORT"},
		{[]string{"--nonsense"}, nil, 2, "--help"},
		{[]string{"serve", "more"}, nil, 2, "--help"},
	} {
		var out bytes.Buffer
		if code := run(test.args, environment(test.vars), &out, &out); code != test.code || !strings.Contains(out.String(), test.says) {
			t.Errorf("%v: %d, %s", test.args, code, out.String())
		}
	}
}
