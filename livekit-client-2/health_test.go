package main

import (
	"io"
	"net/url"
	"testing"
)

func TestBR60_CheckHealthSaysWhetherABridgeIsAlive(t *testing.T) {
	b := newTestBridge(t, testConfig(t, nil))
	address, err := url.Parse(b.url)
	if err != nil {
		t.Fatal(err)
	}
	check := func(port string) int {
		getenv := func(name string) string { return map[string]string{"BRIDGE_PORT": port}[name] }
		return run([]string{"check-health"}, getenv, io.Discard, io.Discard)
	}
	if code := check(address.Port()); code != 0 {
		t.Errorf("code %d of a bridge that is alive", code)
	}
	if code := check("9"); code != 1 {
		t.Errorf("code %d where no bridge is", code)
	}
}
