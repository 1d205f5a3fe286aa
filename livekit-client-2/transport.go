package main

import "strings"

// transport says by which protocol media travels, "udp" or "tcp"; empty while that is not settled.
func (l *link) transport() string {
	connection := l.room.LocalParticipant.GetPublisherPeerConnection()
	if connection == nil || connection.SCTP() == nil {
		return ""
	}
	pair, err := connection.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
	if err != nil || pair == nil {
		return ""
	}
	return strings.ToLower(pair.Local.Protocol.String())
}
