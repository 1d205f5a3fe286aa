// Audit looks at what the product is made of: known vulnerabilities, and licences. It writes the
// licences of each part into docs/licences.md, and fails for one that is not among those allowed.
//
//	cd tools/audit && go run . [-w]
//
// With -w it only writes the document; without, it fails if the document says something else. Where
// a source of known vulnerabilities is not reached, it says so and goes on.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// dependency is one part of the product that others wrote.
type dependency struct {
	name, version string
	licence       string // an SPDX expression; empty if it could not be told
}

func main() {
	write := flag.Bool("w", false, "write docs/licences.md and do nothing else")
	flag.Parse()
	root := filepath.Join("..", "..")
	err := checkLicences(root, *write)
	if !*write {
		ctx := context.Background()
		err = errors.Join(err,
			checkAdvisories(ctx, os.Stdout, root),
			checkVulnerabilities(ctx, os.Stdout, filepath.Join(root, "livekit-client-2")))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "audit:", err)
		os.Exit(1)
	}
}

// checkLicences reads the licences of everything, and compares or writes the document.
func checkLicences(root string, write bool) error {
	modules, err := goModules(filepath.Join(root, "livekit-client-2"))
	if err != nil {
		return err
	}
	packages, err := npmPackages(filepath.Join(root, "package-lock.json"))
	if err != nil {
		return err
	}
	if err := refused(append(modules, packages...)); err != nil {
		return err
	}
	return keep(filepath.Join(root, "docs", "licences.md"), page(modules, packages), write)
}

// refused names every dependency whose licence is not allowed.
func refused(all []dependency) error {
	var bad []string
	for _, d := range all {
		if !isAllowed(d) {
			bad = append(bad, fmt.Sprintf("%s %s: %q", d.name, d.version, d.licence))
		}
	}
	if len(bad) > 0 {
		return fmt.Errorf("not among the allowed (tools/audit/allowed.go):\n  %s", strings.Join(bad, "\n  "))
	}
	return nil
}

// keep writes the document, or compares it with what it should be.
func keep(path, text string, write bool) error {
	if write {
		return os.WriteFile(path, []byte(text), 0o644)
	}
	if is, _ := os.ReadFile(path); string(is) != text {
		return fmt.Errorf(`%s is not what the dependencies say: run "make docs"`, filepath.Base(path))
	}
	return nil
}
