package decodecmd

import (
	"bytes"
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"server-playback/livekit-client-2/internal/decode"
	"server-playback/livekit-client-2/internal/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const fixtures = "../decode/testdata/"

// run runs the command with --json and reads its findings.
func run(t *testing.T, args ...string) (findings, int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := Run(t.Context(), append(args, "--json"), &stdout, &stderr)
	var found findings
	if err := json.Unmarshal(stdout.Bytes(), &found); err != nil {
		t.Fatalf("%v in %q, and %q", err, stdout.String(), stderr.String())
	}
	return found, code
}

func TestDecodesAFile(t *testing.T) {
	for _, flags := range [][]string{nil, {"--rate", "native"}, {"--float", "--rate=native"}} {
		out := filepath.Join(t.TempDir(), "out.wav")
		found, code := run(t, append([]string{fixtures + "flac16-44100-2.flac", out}, flags...)...)
		if code != 0 || !found.OK || found.Codec != "flac" || found.Samples != 22050 || *found.ExpectedMs != 500 {
			t.Errorf("exit %d, found %+v", code, found)
		}
		if math.Abs(*found.PeakDB+6.02) > 0.05 {
			t.Errorf("peak at %v dB", *found.PeakDB)
		}
		want := int64(24000)
		if flags != nil {
			want = 22050
		}
		if found.Output.Samples != want || written(t, out) != want {
			t.Errorf("%d samples written, %d said, want %d", written(t, out), found.Output.Samples, want)
		}
	}
}

// written is the length of a WAV as its header says.
func written(t *testing.T, name string) int64 {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	decoder, err := decode.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	return decoder.Info().Samples
}

func TestDecodesAURLWithoutAnOutput(t *testing.T) {
	server := httptest.NewServer(http.FileServer(http.Dir(fixtures)))
	defer server.Close()
	found, code := run(t, server.URL+"/opus-48000-2.opus")
	if code != 0 || found.Codec != "opus" || found.Output.Samples != 24000 || found.Trimmed[0] == 0 {
		t.Errorf("exit %d, found %+v", code, found)
	}
	if found, code := run(t, server.URL+"/none?token=secret"); code != 1 || found.Error != fault.HTTPStatus {
		t.Errorf("exit %d, found %+v", code, found)
	}
}

func TestABrokenFileIsToldAsFarAsItWent(t *testing.T) {
	whole, err := os.ReadFile(fixtures + "wav-s16le-8000-2.wav")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	broken, out := filepath.Join(dir, "broken"), filepath.Join(dir, "out.wav")
	os.WriteFile(broken, whole[:len(whole)-1600], 0o600)
	found, code := run(t, broken, out, "--rate", "native")
	if code != 1 || found.OK || found.Error != fault.DecodeFailed || found.Samples != 400 || written(t, out) != 400 {
		t.Errorf("exit %d, found %+v", code, found)
	}
	found, code = run(t, filepath.Join(dir, "none"))
	if code != 1 || found.Error != fault.FetchFailed || found.Message == "" {
		t.Errorf("exit %d, found %+v", code, found)
	}
}

func TestTheTextNamesWhatWasFound(t *testing.T) {
	var stdout, stderr bytes.Buffer
	code := Run(t.Context(), []string{fixtures + "aiff-s16be-8000-2.aiff"}, &stdout, &stderr)
	if text := stdout.String(); code != 0 || !strings.Contains(text, "pcm_s16be in aiff, 8000 Hz, 2 channels") {
		t.Errorf("exit %d, %s", code, text)
	}
}

func TestAWrongCommandLineIsExplained(t *testing.T) {
	for _, args := range [][]string{{}, {"a", "b", "c"}, {"a", "--rate", "44100"}, {"a", "--speed"}, {"--rate"}} {
		var stdout, stderr bytes.Buffer
		if code := Run(t.Context(), args, &stdout, &stderr); code != 2 || !strings.Contains(stderr.String(), "usage:") {
			t.Errorf("%v: exit %d, %s", args, code, stderr.String())
		}
	}
	var stdout, stderr bytes.Buffer
	if code := Run(t.Context(), []string{"--help"}, &stdout, &stderr); code != 0 || !strings.Contains(stdout.String(), "usage:") {
		t.Errorf("exit %d, %s", code, stdout.String())
	}
}
