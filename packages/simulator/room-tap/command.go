package main

import (
	"encoding/json"
	"errors"
	"fmt"
)

// errBadCommand says that a line of standard input was not a command.
var errBadCommand = errors.New("bad command")

// command is one line of standard input: either Listen with URL and Token, or Leave.
type command struct {
	// Listen names a new listener; its records carry the name as id.
	Listen string `json:"listen"`
	URL    string `json:"url"`
	Token  string `json:"token"`
	// Leave names a listener that is to leave its room.
	Leave string `json:"leave"`
}

// parseCommand reads one line. Unknown fields are ignored; the error is an errBadCommand and never
// quotes the line, which may hold a token.
func parseCommand(line []byte) (command, error) {
	var c command
	if err := json.Unmarshal(line, &c); err != nil {
		return command{}, fmt.Errorf("%w: not a JSON object of strings", errBadCommand)
	}
	switch {
	case (c.Listen == "") == (c.Leave == ""):
		return command{}, fmt.Errorf("%w: needs either listen or leave", errBadCommand)
	case c.Listen != "" && (c.URL == "" || c.Token == ""):
		return command{}, fmt.Errorf("%w: listen needs url and token", errBadCommand)
	}
	return c, nil
}
