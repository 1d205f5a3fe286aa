package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

const (
	// moduleLine is what go list prints of each package's module, the main one left out.
	moduleLine = "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}"
	// leastKnown is how much of a file, in percent, has to be the text of known licences.
	leastKnown = 75
)

var licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying|unlicense)(\.(txt|md))?$`)

// goModules are the modules that are linked into the bridge in folder, as it is released: for Linux,
// without cgo.
func goModules(folder string) ([]dependency, error) {
	list := exec.Command("go", "list", "-deps", "-f", moduleLine, ".")
	list.Dir, list.Stderr = folder, os.Stderr
	list.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.Sort(lines)
	var modules []dependency
	for _, line := range slices.Compact(lines) {
		if f := strings.SplitN(line, " ", 3); len(f) == 3 {
			modules = append(modules, dependency{name: f[0], version: f[1], licence: licenceOf(f[2])})
		}
	}
	return modules, nil
}

// licenceOf names the licences whose texts lie in a module's folder; empty if there is something else
// in such a file, or no file.
func licenceOf(folder string) string {
	entries, _ := os.ReadDir(folder) // none is none known
	var found []string
	for _, entry := range entries {
		if entry.IsDir() || !licenceFile.MatchString(entry.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		cover := licensecheck.Scan(text)
		if err != nil || cover.Percent < leastKnown {
			return ""
		}
		for _, match := range cover.Match {
			found = append(found, match.ID)
		}
	}
	slices.Sort(found)
	return strings.Join(slices.Compact(found), " AND ")
}
