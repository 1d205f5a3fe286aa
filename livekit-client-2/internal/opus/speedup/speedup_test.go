package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// The whole point: the packets are the same, bit for bit.
func TestPatchedCodecMakesTheSamePackets(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the codec twice")
	}
	mod := filepath.Join(t.TempDir(), "fast.mod")
	if err := run(mod); err != nil {
		t.Fatal(err)
	}
	original, patched := fingerprint(t), fingerprint(t, "-modfile", mod)
	if original != patched || original == "" {
		t.Errorf("packets differ: %q and %q", original, patched)
	}
}

func fingerprint(t *testing.T, flags ...string) string {
	t.Helper()
	out, err := goCommand(append(append([]string{"run"}, flags...), "./fingerprint")...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestApply(t *testing.T) {
	const patch = "--- a/one.txt\n+++ b/one.txt\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n@@ -5,1 +5,2 @@\n e\n+f\n" +
		"--- /dev/null\n+++ b/two.txt\n@@ -0,0 +1,1 @@\n+new\n"
	for _, tc := range []struct{ old, want string }{
		{"a\nb\nc\nd\ne\n", "a\nB\nc\nd\ne\nf\n"},
		{"a\nX\nc\nd\ne\n", ""},
		{"a\nb\n", ""},
		{"", ""},
	} {
		dir := t.TempDir()
		one := filepath.Join(dir, "one.txt")
		if err := os.WriteFile(one, []byte(tc.old), 0o600); err != nil {
			t.Fatal(err)
		}
		err := apply(dir, patch)
		if tc.want == "" {
			if !errors.Is(err, errPatch) {
				t.Errorf("%q: got error %v", tc.old, err)
			}
			continue
		}
		got, _ := os.ReadFile(one)
		two, _ := os.ReadFile(filepath.Join(dir, "two.txt"))
		if err != nil || string(got) != tc.want || string(two) != "new\n" {
			t.Errorf("%q becomes %q and %q, error %v", tc.old, got, two, err)
		}
	}
}
