package main

import (
	"errors"
	"strings"
	"testing"
)

func TestParseCommand(t *testing.T) {
	for _, test := range []struct {
		name, line string
		want       command
	}{
		{"listen", `{"listen":"a","url":"ws://h","token":"t"}`, command{Listen: "a", URL: "ws://h", Token: "t"}},
		{"leave", `{"leave":"a"}`, command{Leave: "a"}},
		{"unknown fields are ignored", `{"leave":"a","later":1}`, command{Leave: "a"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := parseCommand([]byte(test.line))
			if err != nil || got != test.want {
				t.Fatalf("got %+v, %v; want %+v", got, err, test.want)
			}
		})
	}
}

func TestParseCommandRefusesWithoutQuotingTheLine(t *testing.T) {
	for _, line := range []string{
		``, `nonsense`, `[]`, `{}`, `{"listen":1}`,
		`{"listen":"a","token":"secret"}`,
		`{"listen":"a","url":"ws://h"}`,
		`{"listen":"a","leave":"a","url":"ws://h","token":"secret"}`,
		`{"token":"secret"`,
	} {
		_, err := parseCommand([]byte(line))
		if !errors.Is(err, errBadCommand) {
			t.Errorf("%q: got %v, want errBadCommand", line, err)
			continue
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the error quotes the line: %v", line, err)
		}
	}
}

func FuzzParseCommand(f *testing.F) {
	f.Add([]byte(`{"listen":"a","url":"ws://h","token":"t"}`))
	f.Add([]byte(`{"leave":"a"}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		if c, err := parseCommand(line); err == nil && (c.Listen == "") == (c.Leave == "") {
			t.Fatalf("%q was taken as %+v", line, c)
		}
	})
}
