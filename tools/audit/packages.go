package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// lockedPackage is an entry of package-lock.json (npm's documentation, package-lock-json).
type lockedPackage struct {
	Version, License       string
	Link, Dev, DevOptional bool
}

// npmPackages are the packages that a lock file has for production, on every platform.
func npmPackages(lockFile string) ([]dependency, error) {
	text, err := os.ReadFile(lockFile)
	if err != nil {
		return nil, err
	}
	var lock struct{ Packages map[string]lockedPackage }
	if err := json.Unmarshal(text, &lock); err != nil {
		return nil, fmt.Errorf("%s: %w", lockFile, err)
	}
	var packages []dependency
	for _, path := range slices.Sorted(maps.Keys(lock.Packages)) {
		p := lock.Packages[path]
		at := strings.LastIndex(path, "node_modules/")
		if at < 0 || p.Link || p.Dev || p.DevOptional {
			continue
		}
		packages = append(packages, dependency{path[at+len("node_modules/"):], p.Version, p.License})
	}
	slices.SortFunc(packages, func(a, b dependency) int {
		return strings.Compare(a.name+" "+a.version, b.name+" "+b.version)
	})
	return slices.Compact(packages), nil
}
