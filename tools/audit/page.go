package main

import (
	"fmt"
	"strings"
)

// page is docs/licences.md.
func page(modules, packages []dependency) string {
	return fmt.Sprintf(`# Licences

<!-- Made from the dependencies by %[1]smake docs%[1]s; do not edit. -->

What others wrote and the product carries, with the licence of each; %[1]smake lint%[1]s fails for one that is not allowed
([decision 49](decisions/0049-auditing-what-others-wrote.md)). Tools that only build or test are left out.

## In the bridge

%[2]s

## In the cloud, the console and the command line

%[3]s
`, "`", table(modules), table(packages))
}

func table(rows []dependency) string {
	lines := []string{"| part | version | licence |", "|---|---|---|"}
	for _, d := range rows {
		lines = append(lines, fmt.Sprintf("| `%s` | %s | %s |", d.name, d.version, strings.Trim(d.licence, "()")))
	}
	return strings.Join(lines, "\n")
}
