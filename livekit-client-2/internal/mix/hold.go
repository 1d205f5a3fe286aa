package mix

// Skip lets the time of a packet pass in which nothing is heard: the sounds hold their positions,
// pauses, seeks and stops take effect.
func (m *Mixer) Skip() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, v := range m.voices {
		v.skip()
	}
}

func (v *Voice) skip() {
	if v.next != nil {
		v.replace()
	}
	switch v.state {
	case playing, seeking: // comes out of silence when it goes on
		v.state, v.fresh = playing, true
		v.fadeIn()
	case pausing:
		v.state = held
		v.note(Paused)
	case stopping:
		v.state = ended
	}
}
