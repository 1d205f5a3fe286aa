// Speedup prepares a faster build of the Opus codec. It writes a module file that is the
// bridge's own but for one line: github.com/thesyncim/gopus is replaced by a copy with
// gopus.patch applied, which yields the same packets, bit for bit, for two thirds of the CPU.
//
//	go run ./internal/opus/speedup -o FILE.mod
//	go build -modfile FILE.mod .
//
// Without it the bridge builds and works the same, only slower.
package main

import (
	"crypto/sha256"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const module = "github.com/thesyncim/gopus"

//go:embed gopus.patch
var patch string

func main() {
	out := flag.String("o", "", "module `file` to write (*.mod; its go.sum goes beside it)")
	flag.Parse()
	if err := run(*out); err != nil {
		fmt.Fprintln(os.Stderr, "speedup:", err)
		os.Exit(1)
	}
}

func run(out string) error {
	if filepath.Ext(out) != ".mod" {
		return errors.New("-o must name a file that ends in .mod")
	}
	codec, err := prepare()
	if err != nil {
		return err
	}
	return writeModule(out, codec)
}

// prepare returns the patched codec's folder, making it in the user's cache if need be.
func prepare() (string, error) {
	original, err := goCommand("mod", "download", module)
	if err == nil {
		original, err = goCommand("list", "-m", "-f", "{{.Dir}}", module)
	}
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	key := sha256.Sum256([]byte(filepath.Base(original) + patch))
	target := filepath.Join(cache, "server-playback", fmt.Sprintf("gopus-%x", key[:8]))
	if _, err := os.Stat(target); err == nil {
		return target, nil
	}
	return target, build(original, target)
}

// build makes target from original in one step, so that one that is there is complete.
func build(original, target string) error {
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(target), "gopus-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := copySources(work, original); err != nil {
		return err
	}
	if err := apply(work, patch); err != nil {
		return err
	}
	if err := os.Rename(work, target); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// copySources copies what a build needs: no tests, no test data.
func copySources(to, from string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		switch {
		case d.IsDir() && d.Name() == "testdata":
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		case !isSource(d.Name()):
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), data, 0o644)
	})
}

func isSource(name string) bool {
	switch filepath.Ext(name) {
	case ".go":
		return !strings.HasSuffix(name, "_test.go")
	case ".s", ".h", ".mod", ".sum":
		return true
	}
	return name == "LICENSE"
}

// writeModule writes the module's own go.mod and go.sum to out, with the codec replaced.
func writeModule(out, codec string) error {
	mod, err := goCommand("env", "GOMOD")
	if err != nil {
		return err
	}
	data, err := os.ReadFile(mod)
	if err != nil {
		return err
	}
	sums, err := os.ReadFile(strings.TrimSuffix(mod, ".mod") + ".sum")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	data = fmt.Appendf(data, "\nreplace %s => %q\n", module, filepath.ToSlash(codec))
	if err := os.WriteFile(strings.TrimSuffix(out, ".mod")+".sum", sums, 0o644); err != nil {
		return err
	}
	return os.WriteFile(out, data, 0o644)
}

// goCommand runs go on the bridge's own module file, whatever GOFLAGS says, and returns its output.
func goCommand(args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=readonly")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w", strings.Join(args, " "), err)
	}
	return strings.TrimSpace(string(out)), nil
}
