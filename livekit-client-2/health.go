package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// healthTimeout bounds the look at a bridge that may hang.
const healthTimeout = 2 * time.Second

// checkHealth asks the bridge of this configuration whether it is alive: for images without a shell.
func checkHealth(config Config, stderr io.Writer) int {
	host := config.Host
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	client := http.Client{Timeout: healthTimeout}
	answer, err := client.Get("http://" + net.JoinHostPort(host, strconv.Itoa(config.Port)) + "/healthz")
	if err != nil {
		fmt.Fprintln(stderr, "the bridge does not answer:", err)
		return 1
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		fmt.Fprintln(stderr, "the bridge is not well: status", answer.StatusCode)
		return 1
	}
	return 0
}
