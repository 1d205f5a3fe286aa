package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"time"
)

// isServed tells whether this address answers at all within a short time.
func isServed(ctx context.Context, url string) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// checkAdvisories has npm ask its registry about the packages of production.
func checkAdvisories(ctx context.Context, out io.Writer, root string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	audit := exec.CommandContext(ctx, "npm", "audit", "--omit=dev", "--json", "--fetch-retries=0", "--fetch-timeout=20000")
	audit.Dir = root
	answer, _ := audit.Output() // it exits with 1 for what it finds, and says so in its answer
	var told struct {
		Vulnerabilities map[string]struct{ Severity string }
		Metadata        *struct{ Dependencies struct{ Prod int } }
	}
	if err := json.Unmarshal(answer, &told); err != nil || told.Metadata == nil {
		fmt.Fprintln(out, "skipped the advisories of npm packages: the registry in use does not serve them")
		return nil
	}
	if len(told.Vulnerabilities) > 0 {
		return fmt.Errorf("npm packages with advisories (npm audit --omit=dev tells more): %v", told.Vulnerabilities)
	}
	fmt.Fprintf(out, "advisories of %d npm packages: none\n", told.Metadata.Dependencies.Prod)
	return nil
}
