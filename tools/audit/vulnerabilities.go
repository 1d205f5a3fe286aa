package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/vuln/scan"
)

const (
	// liveDatabase is the Go project's own.
	liveDatabase = "https://vuln.go.dev"
	// snapshot is the same as it was on one day, served like any module: for where the other is not reached.
	snapshot = "golang.org/x/vulndb@v0.0.0-20261105234957-e22db6528018"
	// patience bounds each look at a database and each scan.
	patience = 2 * time.Minute
)

// errNoDatabase is why a scan could not be made.
var errNoDatabase = errors.New("neither vuln.go.dev nor the module proxy serves Go's vulnerability database")

// finding is a vulnerability as govulncheck reports it (golang.org/x/vuln, internal/govulncheck).
type finding struct {
	OSV          string
	FixedVersion string `json:"fixed_version"`
	Trace        []struct{ Module, Version, Function string }
}

// isCalled tells whether the code reaches what is vulnerable. Else it is only built in, or not even that.
func (f finding) isCalled() bool { return len(f.Trace) > 0 && f.Trace[0].Function != "" }

// isOfGo tells whether a newer Go release is the cure: no line of this repository chooses that.
func (f finding) isOfGo() bool { return len(f.Trace) > 0 && f.Trace[0].Module == "stdlib" }

func (f finding) String() string {
	at := f.Trace[0]
	return fmt.Sprintf("%s in %s %s, fixed in %s", f.OSV, at.Module, at.Version, f.FixedVersion)
}

// checkVulnerabilities looks for known vulnerabilities that the Go programs in these folders call. It
// fails for those of a module, and only tells of those of the Go release.
func checkVulnerabilities(ctx context.Context, out io.Writer, folders ...string) error {
	database, err := vulnerabilityDatabase(ctx)
	if err != nil {
		fmt.Fprintf(out, "skipped the vulnerabilities of Go modules: %v\n", err)
		return nil
	}
	found := make(map[string]finding)
	for _, folder := range folders {
		if err := scanFolder(ctx, database, folder, found); err != nil {
			return fmt.Errorf("govulncheck in %s: %w", folder, err)
		}
	}
	return report(out, database, found)
}

// report tells what was found.
func report(out io.Writer, database string, found map[string]finding) error {
	var modules, release []string
	for _, text := range slices.Sorted(maps.Keys(found)) {
		if found[text].isOfGo() {
			release = append(release, text)
		} else {
			modules = append(modules, text)
		}
	}
	if database != liveDatabase {
		database = snapshot
	}
	fmt.Fprintf(out, "vulnerabilities of Go modules that are called: %d (by %s)\n", len(modules), database)
	if len(release) > 0 {
		fmt.Fprintf(out, "warning: this Go release is vulnerable, build with a newer one:\n  %s\n", strings.Join(release, "\n  "))
	}
	if len(modules) > 0 {
		return fmt.Errorf("update these modules:\n  %s", strings.Join(modules, "\n  "))
	}
	return nil
}

// vulnerabilityDatabase is where the newest of the databases that can be reached is.
func vulnerabilityDatabase(ctx context.Context) (string, error) {
	if isServed(ctx, liveDatabase+"/index/db.json") {
		return liveDatabase, nil
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, "go", "mod", "download", "-json", snapshot).Output()
	var module struct{ Dir string }
	if err != nil || json.Unmarshal(out, &module) != nil || module.Dir == "" {
		return "", errNoDatabase
	}
	return "file://" + filepath.ToSlash(filepath.Join(module.Dir, "data", "osv")), nil
}

// scanFolder adds what the program in folder calls to found, by its text.
func scanFolder(ctx context.Context, database, folder string, found map[string]finding) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var messages, problems bytes.Buffer
	check := scan.Command(ctx, "-C", folder, "-db", database, "-format", "json", ".")
	check.Stdin, check.Stdout, check.Stderr = strings.NewReader(""), &messages, &problems
	if err := errors.Join(check.Start(), check.Wait()); err != nil {
		return fmt.Errorf("%w: %s", err, problems.String())
	}
	for decoder := json.NewDecoder(&messages); ; {
		var message struct{ Finding *finding }
		if err := decoder.Decode(&message); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if f := message.Finding; f != nil && f.isCalled() {
			found[f.String()] = *f
		}
	}
}
