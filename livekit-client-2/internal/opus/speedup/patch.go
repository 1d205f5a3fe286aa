package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// errPatch is wrapped by errors about a patch that does not fit the sources.
var errPatch = errors.New("the patch does not fit")

// apply applies a unified diff (as of diff -u, paths below a/ and b/) to the files in dir.
// It is strict: every line must be where the patch says, since both are pinned.
func apply(dir, patch string) error {
	for file := range strings.SplitSeq("\n"+strings.TrimSuffix(patch, "\n"), "\n--- ") {
		if file == "" {
			continue
		}
		if err := applyFile(dir, strings.Split(file, "\n")); err != nil {
			return err
		}
	}
	return nil
}

// applyFile takes one file's part of the patch, from the old file's name on.
func applyFile(dir string, lines []string) error {
	name, ok := strings.CutPrefix(lines[1], "+++ b/")
	if !ok {
		return fmt.Errorf("%w: no new name after %q", errPatch, lines[0])
	}
	path := filepath.Join(dir, filepath.FromSlash(name))
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	text, err := patched(strings.SplitAfter(string(old), "\n"), lines[2:])
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// patched returns the old lines with the hunks applied.
func patched(old, hunks []string) (string, error) {
	var out strings.Builder
	at := 0 // lines of old done
	for _, line := range hunks {
		if strings.HasPrefix(line, "@@") {
			var start int
			if _, err := fmt.Sscanf(line, "@@ -%d", &start); err != nil {
				return "", fmt.Errorf("%w: %q", errPatch, line)
			}
			start = max(start-1, 0)
			if start < at || start > len(old) {
				return "", fmt.Errorf("%w: no line %d", errPatch, start+1)
			}
			out.WriteString(strings.Join(old[at:start], ""))
			at = start
			continue
		}
		kind, text := line[:min(1, len(line))], line[min(1, len(line)):]+"\n"
		if kind != "+" {
			if at >= len(old) || old[at] != text {
				return "", fmt.Errorf("%w: line %d is not %q", errPatch, at+1, text)
			}
			at++
		}
		if kind != "-" {
			out.WriteString(text)
		}
	}
	out.WriteString(strings.Join(old[at:], ""))
	return out.String(), nil
}
