package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"testing"

	"server-playback/livekit-client-2/internal/fault"
)

// fixtures are messages that both sides of a wire are held to.
type fixtures struct {
	Valid   []fixture `json:"valid"`
	Invalid []fixture `json:"invalid"`
}

type fixture struct {
	Name    string          `json:"name"`
	Message json.RawMessage `json:"message"`
	Text    string          `json:"text"`
	Field   string          `json:"field"`
}

func (f fixture) text() []byte {
	if f.Text != "" {
		return []byte(f.Text)
	}
	return f.Message
}

func readFixtures(t *testing.T, name string) fixtures {
	t.Helper()
	data, err := os.ReadFile("../packages/protocol/fixtures/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var f fixtures
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	if len(f.Valid) == 0 || len(f.Invalid) == 0 {
		t.Fatal("no fixtures in ", name)
	}
	return f
}

func TestPR1_CommandFixtures(t *testing.T) {
	all := readFixtures(t, "bridge-commands.json")
	for _, f := range all.Valid {
		c, err := parseCommand(f.text())
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
		assertHolds(t, f, c)
	}
	for _, f := range all.Invalid {
		_, err := parseCommand(f.text())
		if code := fault.CodeOf(err); code != fault.InvalidCommand {
			t.Errorf("%s: code %q", f.Name, code)
		}
		if field := errorEvent("", err).Field; field != f.Field {
			t.Errorf("%s: field %q, want %q", f.Name, field, f.Field)
		}
	}
}

// assertHolds fails if a field of the message is not in the command with its value.
func assertHolds(t *testing.T, f fixture, c Command) {
	t.Helper()
	var message map[string]any
	if err := json.Unmarshal(f.Message, &message); err != nil {
		t.Fatal(err)
	}
	value := reflect.ValueOf(c)
	for i := range value.NumField() {
		name, _, _ := bytes.Cut([]byte(value.Type().Field(i).Tag.Get("json")), []byte(","))
		want, sent := message[string(name)]
		if !sent {
			continue
		}
		field := value.Field(i)
		if field.Kind() == reflect.Pointer {
			if field.IsNil() {
				t.Errorf("%s: %s is absent", f.Name, name)
				continue
			}
			field = field.Elem()
		}
		if field.CanInt() {
			field = reflect.ValueOf(float64(field.Int()))
		}
		if !reflect.DeepEqual(field.Interface(), want) {
			t.Errorf("%s: %s is %v, want %v", f.Name, name, field.Interface(), want)
		}
	}
}

func TestPR1_EventFixtures(t *testing.T) {
	for _, f := range readFixtures(t, "bridge-events.json").Valid {
		var e Event
		decoder := json.NewDecoder(bytes.NewReader(f.Message))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&e); err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		back, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		var got, want any
		if err := errors.Join(json.Unmarshal(back, &got), json.Unmarshal(f.Message, &want)); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %s, want %s", f.Name, back, f.Message)
		}
	}
}

func TestPR4_FieldsOfOtherActionsAreIgnored(t *testing.T) {
	if _, err := parseCommand([]byte(`{"action":"ping","volume":"loud","URL":7}`)); err != nil {
		t.Error(err)
	}
	if _, err := parseCommand([]byte(`{"action":"play_url","requestId":"r","URL":"http://x/"}`)); err == nil {
		t.Error("field names are case-sensitive")
	}
	if _, err := parseCommand([]byte(`{"action":"play_url","requestId":"r","url":"http://x/","volume":null}`)); err == nil {
		t.Error("null is no volume")
	}
}

func FuzzParseCommand(f *testing.F) {
	data, err := os.ReadFile("../packages/protocol/fixtures/bridge-commands.json")
	if err != nil {
		f.Fatal(err)
	}
	var all fixtures
	if err := json.Unmarshal(data, &all); err != nil {
		f.Fatal(err)
	}
	for _, one := range append(all.Valid, all.Invalid...) {
		f.Add(one.text())
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := parseCommand(text)
		if err != nil && fault.CodeOf(err) != fault.InvalidCommand {
			t.Errorf("%q: %v", text, err)
		}
		if err == nil && actionFields[c.Action] == nil {
			t.Errorf("%q was taken", text)
		}
	})
}
