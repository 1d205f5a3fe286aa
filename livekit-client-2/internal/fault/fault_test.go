package fault

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
)

func TestCodesAreTheProtocols(t *testing.T) {
	text, err := os.ReadFile("../../../packages/protocol/fixtures/error-codes.json")
	if err != nil {
		t.Fatal(err)
	}
	var want []Code
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(want, Codes[:]) {
		t.Errorf("codes are %v, the protocol's are %v", Codes, want)
	}
}

func TestCodeOfFindsTheCodeThroughWrapping(t *testing.T) {
	cause := errors.New("cause")
	err := fmt.Errorf("while playing: %w", Wrap(FetchFailed, cause, "no route"))
	if CodeOf(err) != FetchFailed || !errors.Is(err, cause) || !errors.Is(err, New(FetchFailed, "")) {
		t.Errorf("lost the code or the cause of %v", err)
	}
	if CodeOf(cause) != Internal || CodeOf(nil) != "" {
		t.Error("an error without a code is internal, nil has none")
	}
}
