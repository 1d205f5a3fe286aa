package mix

// Skip lets the time of a packet pass in which nothing is heard: the sounds hold their positions;
// pauses, seeks and stops take effect.
func (m *Mixer) Skip() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, v := range m.voices {
		v.skip()
	}
}

func (v *Voice) skip() {
	switch v.state {
	case playing: // for when it goes on
		v.fresh = true
		v.fadeIn()
	case pausing, seeking:
		v.turnSilently()
	case stopping:
		v.state = ended
	}
}

// turnSilently makes a pause or a seek take effect without the fade that nobody would hear.
func (v *Voice) turnSilently() {
	pauses := v.state == pausing
	v.state = playing
	if v.next != nil {
		v.replace()
	}
	if pauses {
		v.state = held
		v.note(Paused)
	}
}
