package dsp

import "sync"

// bankCacheSize bounds the banks kept for the next stream of the same rate, each at
// most 0.6 MB. Every usual rate fits.
const bankCacheSize = 16

// banks holds the filter banks in use most recently: a bank takes milliseconds to design,
// which would be heard as a late first packet.
var banks = bankCache{entries: make(map[bankKey]*bankEntry)}

// bankCache shares immutable banks between resamplers.
type bankCache struct {
	mu      sync.Mutex
	clock   uint64
	entries map[bankKey]*bankEntry
}

type bankEntry struct {
	once sync.Once
	bank *bank
	used uint64
}

// get returns the bank for a key, designing it once however many ask at the same time.
func (c *bankCache) get(k bankKey) *bank {
	e := c.entry(k)
	e.once.Do(func() { e.bank = newBank(k) })
	return e.bank
}

func (c *bankCache) entry(k bankKey) *bankEntry {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clock++
	e, ok := c.entries[k]
	if !ok {
		if len(c.entries) >= bankCacheSize {
			c.evict()
		}
		e = &bankEntry{}
		c.entries[k] = e
	}
	e.used = c.clock
	return e
}

// evict drops the entry unused for longest; resamplers that hold its bank keep it.
func (c *bankCache) evict() {
	var oldest bankKey
	least := c.clock
	for k, e := range c.entries {
		if e.used < least {
			oldest, least = k, e.used
		}
	}
	delete(c.entries, oldest)
}
