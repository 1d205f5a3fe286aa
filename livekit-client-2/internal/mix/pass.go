package mix

// Passer is a Source that may also be had as the Opus packets that it came in.
type Passer interface {
	Source
	// Lead is how many frames of silence before the next sample make the mixer's packets begin where
	// the source's do.
	Lead() int
	// Pass gives, instead of the next packet's samples, the packet that makes a listener hear them;
	// nil where Read has to be used. clean says that a decoder that has heard all packets so far is
	// as a new one to SILK. The packet is valid until the next call of any method.
	Pass(clean bool) []byte
	// Recall fills dst with the last samples before those that Read gives next. It is called after
	// Pass, with room for one packet's.
	Recall(dst []float32)
}

// Pass gives the next packet as it came, where one sound plays alone and unchanged; it is used
// instead of Mix. It is nil where Mix is to be used. See Passer for clean.
func (m *Mixer) Pass(clean bool) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	v := m.alone()
	if v == nil || m.limiter.Gain() != 1 {
		return nil
	}
	packet := v.pass(clean)
	if packet != nil {
		m.passed = v
	}
	return packet
}

// Recall fills dst, a packet's room, with the samples that the packets passed through stood for, up
// to those that Mix continues with: what an encoder has to have heard. It tells whether the packet
// before was passed through.
func (m *Mixer) Recall(dst []float32) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.passed == nil {
		return false
	}
	m.passed.source.(Passer).Recall(dst)
	m.passed = nil
	return true
}

// alone gives the voice that plays, if only one does.
func (m *Mixer) alone() *Voice {
	var found *Voice
	for _, v := range m.voices {
		if !v.active() {
			continue
		}
		if found != nil {
			return nil
		}
		found = v
	}
	return found
}

// pass takes the voice's next packet as it came, if it is to be heard unchanged.
func (v *Voice) pass(clean bool) []byte {
	passer, ok := v.source.(Passer)
	if !ok || v.state != playing || v.dry || v.after != nil || v.changes() {
		return nil
	}
	packet := passer.Pass(clean)
	if packet != nil {
		v.inPacket, v.fresh = v.mixer.frames, false
	}
	return packet
}

// changes tells whether the voice's samples are scaled.
func (v *Voice) changes() bool {
	v.duckTo(1, v.mixer.duck.release) // nobody speaks: it plays alone
	return v.gain.Value() != 1 || v.gain.Remaining() > 0 ||
		v.fade.Value() != 1 || v.fade.Remaining() > 0 ||
		v.duck.Value() != 1 || v.duck.Remaining() > 0
}

// lead is how many frames of silence the voice begins with.
func (v *Voice) lead() int {
	if passer, ok := v.source.(Passer); ok {
		return passer.Lead()
	}
	return 0
}
