package fetch

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"

	"code.dny.dev/ssrf"

	"server-playback/livekit-client-2/internal/fault"
)

// azureMetadata is a metadata service at an address that looks public.
var azureMetadata = netip.MustParsePrefix("168.63.129.16/32")

// Allowlist names what may be fetched from though it is not public. The zero Allowlist allows nothing
// but public addresses.
type Allowlist struct {
	all      bool
	prefixes []netip.Prefix
	hosts    map[string]bool // host:port, as URLs name them
}

// AllowAll allows every address: for who fetches on his own behalf.
func AllowAll() Allowlist { return Allowlist{all: true} }

// ParseAllowlist reads a comma-separated list of networks (10.0.0.0/8), addresses (127.0.0.1) and
// hosts with a port (media.internal:8080), of which every address is allowed.
func ParseAllowlist(text string) (Allowlist, error) {
	a := Allowlist{hosts: make(map[string]bool)}
	for entry := range strings.SplitSeq(text, ",") {
		entry = strings.TrimSpace(entry)
		if prefix, err := netip.ParsePrefix(entry); err == nil {
			a.prefixes = append(a.prefixes, prefix.Masked())
			continue
		}
		if addr, err := netip.ParseAddr(entry); err == nil {
			a.prefixes = append(a.prefixes, netip.PrefixFrom(addr, addr.BitLen()))
			continue
		}
		host, port, err := net.SplitHostPort(entry)
		if err != nil || host == "" || port == "" {
			return a, fmt.Errorf("%q is no network (10.0.0.0/8), address (127.0.0.1) or host with a port (media.internal:8080)", entry)
		}
		a.hosts[strings.ToLower(entry)] = true
	}
	return a, nil
}

// covers tells whether a host with its port, as the URL names it, may have any address.
func (a Allowlist) covers(address string) bool { return a.all || a.hosts[strings.ToLower(address)] }

// control sees every address that is about to be connected to, after name lookup and on every
// redirect, and refuses what is not public: what a name was looked up to before makes no difference.
func (a Allowlist) control() func(context.Context, string, string, syscall.RawConn) error {
	var v4, v6 []netip.Prefix
	for _, prefix := range a.prefixes {
		if prefix.Addr().Is4() {
			v4 = append(v4, prefix)
		} else {
			v6 = append(v6, prefix)
		}
	}
	guardian := ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...),
		ssrf.WithDeniedV4Prefixes(azureMetadata))
	return func(_ context.Context, network, address string, conn syscall.RawConn) error {
		if err := guardian.Safe(network, address, conn); err != nil {
			return fault.Wrap(fault.BlockedAddress, err, "the host's address is not a public one")
		}
		return nil
	}
}

// isOddAddress tells whether a host is an address in a spelling that only some programs take for one:
// decimal, octal, hexadecimal, or with parts missing. A name's last label is never numeric (WHATWG
// URL, "ends in a number").
func isOddAddress(host string) bool {
	if _, err := netip.ParseAddr(host); err == nil {
		return false
	}
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	last := strings.ToLower(labels[len(labels)-1])
	digits, isHex := strings.CutPrefix(last, "0x")
	set := "0123456789"
	if isHex {
		set += "abcdef"
	}
	return last != "" && strings.Trim(digits, set) == ""
}
