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
	case playing:
		v.fadeIn() // for when it goes on
	case pausing:
		v.become(held)
	case stopping:
		v.state = ended
	}
}
