package mix

// Skip lets the time of a packet pass in which nothing is heard: the sounds hold their positions,
// pauses and stops take effect.
func (m *Mixer) Skip() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, v := range m.voices {
		v.skip()
	}
}

func (v *Voice) skip() {
	switch v.state {
	case playing: // comes out of silence when it goes on
		v.fresh = true
		v.fadeIn()
	case seeking:
		v.state = playing
		v.replace()
	case pausing:
		if v.next != nil {
			v.replace()
		}
		v.state = held
		v.note(Paused)
	case stopping:
		v.state = ended
	}
}
