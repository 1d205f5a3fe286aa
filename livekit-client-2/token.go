package main

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// claims is what a LiveKit token says of itself. The server checks it; the bridge only reads it, to
// refuse at once what could not work.
type claims struct {
	Subject string `json:"sub"` // the identity
	Video   struct {
		Room       string `json:"room"`
		CanPublish *bool  `json:"canPublish"`
	} `json:"video"`
}

// readClaims reads a token without verifying it; what it cannot read is empty.
func readClaims(token string) claims {
	var c claims
	parts := strings.Split(token, ".") // header.payload.signature (RFC 7519, section 3)
	if len(parts) != 3 {
		return c
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(payload, &c) != nil {
		return claims{}
	}
	return c
}

func (c claims) mayPublish() bool { return c.Video.CanPublish == nil || *c.Video.CanPublish }
