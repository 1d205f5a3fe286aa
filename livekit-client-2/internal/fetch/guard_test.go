package fetch

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"server-playback/livekit-client-2/internal/fault"
)

// allowing reads an allow list.
func allowing(t *testing.T, text string) Allowlist {
	t.Helper()
	a, err := ParseAllowlist(text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// fakeDNS is a name server: every lookup of an address takes the next of answers, and the last one
// again and again. An empty answer is that there is no such name.
func fakeDNS(t *testing.T, answers ...string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() {
		conn.Close()
		<-done
	})
	go func() {
		defer close(done)
		data := make([]byte, 1500)
		for asked := 0; ; {
			n, from, err := conn.ReadFrom(data)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(data[:n]) != nil {
				continue
			}
			m.Response, m.Additionals = true, nil
			if m.Questions[0].Type == dnsmessage.TypeA {
				m = answer(m, answers[min(asked, len(answers)-1)])
				asked++
			}
			if packed, err := m.Pack(); err == nil {
				conn.WriteTo(packed, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// silentDNS never answers.
func silentDNS() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
}

func answer(m dnsmessage.Message, address string) dnsmessage.Message {
	if address == "" {
		m.RCode = dnsmessage.RCodeNameError
		return m
	}
	m.Answers = []dnsmessage.Resource{{
		Header: dnsmessage.ResourceHeader{Name: m.Questions[0].Name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET},
		Body:   &dnsmessage.AResource{A: netip.MustParseAddr(address).As4()},
	}}
	return m
}

// forbidden is a server on this machine that nobody is to reach, and its port.
func forbidden(t *testing.T) (port string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("a forbidden address was reached")
	}))
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func TestSEC1_AddressesThatAreNotPublicAreRefused(t *testing.T) {
	port := forbidden(t)
	c := newGuardedClient(t, Options{Resolver: fakeDNS(t, "")})
	for _, host := range []string{
		"127.0.0.1", "127.8.9.10", "0.0.0.0", "localhost", "[::1]", "[::]",
		"10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", // private, shared
		"169.254.169.254", "100.100.100.200", "168.63.129.16", "[fd00:ec2::254]", // metadata of clouds
		"224.0.0.1", "255.255.255.255", "[ff02::1]", "[fe80::1]", "[fc00::1]", // multicast, link-local, local
		"192.0.2.1", "198.18.0.1", "203.0.113.1", "240.0.0.1", "[2001:db8::1]", // documentation, reserved
		"[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::127.0.0.1]", // IPv4 in IPv6
		"[64:ff9b::7f00:1]", "[64:ff9b:1::1]", "[2002:7f00:1::]", "[2001::1]", // NAT64, 6to4, Teredo
		"2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "127.1", "127.0.1", "017700000001", "127.0.0.1.", "1.2.3.4.5", "0x",
	} {
		_, err := c.Open(t.Context(), "http://"+host+":"+port+"/"+secret)
		if code := fault.CodeOf(err); code != fault.BlockedAddress {
			t.Errorf("%s: %v", host, err)
		}
	}
}

func TestSEC1_NamesOfSuchAddressesAreRefused(t *testing.T) {
	port := forbidden(t)
	c := newGuardedClient(t, Options{Resolver: fakeDNS(t, "127.0.0.1")})
	_, err := c.Open(t.Context(), "http://innocent.example:"+port+"/"+secret)
	assertFault(t, err, fault.BlockedAddress)
}

func TestSEC1_SuchRedirectsAreRefused(t *testing.T) {
	port := forbidden(t)
	for _, location := range []string{"http://127.0.0.2:" + port, "http://[::1]:" + port, "http://2130706434:" + port, "file:///etc/passwd"} {
		server := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, location, http.StatusFound) })
		_, err := newGuardedClient(t, Options{Allow: allowing(t, "127.0.0.1")}).Open(t.Context(), server)
		assertFault(t, err, fault.BlockedAddress)
	}
}

// A name that is looked up again may have another address by then.
func TestSEC1_AnAddressIsCheckedWheneverItIsDialled(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Skip("this machine has no 127.0.0.2:", err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		http.Redirect(w, r, "/again", http.StatusFound)
	})}}
	server.Start()
	t.Cleanup(server.Close)
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	c := newGuardedClient(t, Options{
		Allow: allowing(t, "127.0.0.2"), Resolver: fakeDNS(t, "127.0.0.2", "127.0.0.1"),
	})
	_, err = c.Open(t.Context(), "http://rebinding.example:"+port+"/"+secret)
	assertFault(t, err, fault.BlockedAddress)
}

func TestSEC2_WhatIsAllowedIsFetched(t *testing.T) {
	plain := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "sound") })
	target, err := url.Parse(plain)
	if err != nil {
		t.Fatal(err)
	}
	named := strings.Replace(plain, "127.0.0.1", "media.internal", 1)
	resolver := fakeDNS(t, "127.0.0.1")
	for _, test := range []struct {
		allow, url string
		want       fault.Code
	}{
		{"127.0.0.0/8", plain, ""},
		{"10.0.0.0/8, 127.0.0.1", plain, ""},
		{"127.0.0.1:" + target.Port(), plain, ""},
		{"127.0.0.1:1", plain, fault.BlockedAddress},
		{"127.0.0.1", named, ""},
		{"Media.Internal:" + target.Port(), named, ""},
		{"media.internal:1", named, fault.BlockedAddress},
		{"10.0.0.0/8", plain, fault.BlockedAddress},
	} {
		c := newGuardedClient(t, Options{Allow: allowing(t, test.allow), Resolver: resolver})
		response, err := c.Open(t.Context(), test.url)
		if fault.CodeOf(err) != test.want {
			t.Errorf("%s: %v", test.allow, err)
		}
		if response != nil {
			response.Close()
		}
	}
	for _, bad := range []string{"10.0.0.0/33", "nonsense", "host:", ":80", "1.1.1.1,"} {
		if _, err := ParseAllowlist(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestSEC3_ProxiesOfTheEnvironmentAreIgnored(t *testing.T) {
	port := forbidden(t)
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "ALL_PROXY"} {
		t.Setenv(name, "http://127.0.0.1:"+port)
	}
	_, err := newGuardedClient(t, Options{Resolver: fakeDNS(t, "")}).Open(t.Context(), "http://innocent.example/")
	assertFault(t, err, fault.FetchFailed)
}

func TestSEC3_NothingIsToldToOtherHosts(t *testing.T) {
	var second http.Header
	other := serve(t, func(w http.ResponseWriter, r *http.Request) { second = r.Header.Clone() })
	bare, err := url.Parse(other)
	if err != nil {
		t.Fatal(err)
	}
	bare.User, bare.Host = nil, "localhost:"+bare.Port()
	first := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != secret {
			t.Error("the URL's credentials were not used")
		}
		http.SetCookie(w, &http.Cookie{Name: "session", Value: secret})
		http.Redirect(w, r, bare.String(), http.StatusFound)
	})
	response, err := newClient(t, Options{}).Open(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	response.Close()
	for _, name := range []string{"Authorization", "Cookie", "Referer"} {
		if second.Get(name) != "" {
			t.Errorf("%s: %s", name, second.Get(name))
		}
	}
	if second.Get("User-Agent") != "server-playback" {
		t.Error(second.Get("User-Agent"))
	}
}

func TestSEC4_HeadersAndTotalTimeAreLimited(t *testing.T) {
	large := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 100<<10)) })
	_, err := newClient(t, Options{}).Open(t.Context(), large)
	assertFault(t, err, fault.TooLarge)

	trickle := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			fmt.Fprint(w, "x")
			w.(http.Flusher).Flush()
			pause(r.Context(), 5*time.Millisecond)
		}
	})
	response, err := newClient(t, Options{TotalTimeout: 100 * time.Millisecond}).Open(t.Context(), trickle)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Close()
	_, err = io.ReadAll(response)
	assertFault(t, err, fault.FetchTimeout)
}

func TestREC30_NamesThatCannotBeLookedUp(t *testing.T) {
	_, err := newGuardedClient(t, Options{Resolver: fakeDNS(t, "")}).Open(t.Context(), "http://nowhere.example/"+secret)
	assertFault(t, err, fault.FetchFailed)
	began := time.Now()
	silent := Options{Resolver: silentDNS(), ConnectTimeout: 200 * time.Millisecond}
	_, err = newGuardedClient(t, silent).Open(t.Context(), "http://nowhere.example/"+secret)
	assertFault(t, err, fault.FetchTimeout)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

// breaking serves a body of parts, and breaks off after each.
func breaking(t *testing.T, header http.Header, parts ...string) (url string, requests *atomic.Int32) {
	whole := strings.Join(parts, "")
	requests = new(atomic.Int32)
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		n := int(requests.Add(1))
		for name, values := range header {
			w.Header()[name] = values
		}
		from := 0
		if r.Header.Get("Range") != "" && r.Header.Get("If-Range") == header.Get("ETag") {
			fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(whole)-1, len(whole)))
			w.Header().Set("Content-Length", fmt.Sprint(len(whole)-from))
			w.WriteHeader(http.StatusPartialContent)
		} else {
			w.Header().Set("Content-Length", fmt.Sprint(len(whole)))
		}
		end := len(strings.Join(parts[:min(n, len(parts))], ""))
		io.WriteString(w, whole[from:max(from, end)])
		if end < len(whole) {
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
	}), requests
}

func TestREC31_ADownloadThatBreaksOffIsGoneOnWith(t *testing.T) {
	url, requests := breaking(t, http.Header{"Etag": {`"v1"`}}, "one ", "two ", "three")
	response, err := newClient(t, Options{}).Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Close()
	got, err := io.ReadAll(response)
	if string(got) != "one two three" || err != nil || requests.Load() != 3 {
		t.Errorf("%q, %v, %d requests", got, err, requests.Load())
	}
}

func TestREC31_WhatMayHaveChangedIsNotGoneOnWith(t *testing.T) {
	for name, header := range map[string]http.Header{
		"no validator":   {},
		"weak validator": {"Etag": {`W/"v1"`}},
		"no ranges":      {"Etag": {`"v1"`}, "Accept-Ranges": {"none"}},
	} {
		url, requests := breaking(t, header, "one ", "two")
		response, err := newClient(t, Options{}).Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(response)
		assertFault(t, err, fault.FetchFailed)
		if string(got) != "one " || requests.Load() != 1 {
			t.Errorf("%s: %q, %d requests", name, got, requests.Load())
		}
		response.Close()
	}
}

func TestREC31_ADownloadIsGoneOnWithABoundedNumberOfTimes(t *testing.T) {
	parts := strings.Split(strings.Repeat("x", maxResumes+5), "")
	url, requests := breaking(t, http.Header{"Etag": {`"v1"`}}, parts...)
	response, err := newClient(t, Options{}).Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Close()
	_, err = io.ReadAll(response)
	assertFault(t, err, fault.FetchFailed)
	if requests.Load() != maxResumes+1 {
		t.Errorf("%d requests", requests.Load())
	}
}
