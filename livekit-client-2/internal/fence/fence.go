// Package fence keeps a controller that no longer owns a room from driving it. Every owner of a room
// has a fencing token, larger than that of the owner before; whoever comes with an older one than was
// seen is refused, and whoever still drives with an older one is told. See M. Kleppmann, "How to do
// distributed locking" (2016), for why a lease alone is not enough.
package fence

import (
	"errors"
	"sync"
)

// ErrFenced refuses a token that is older than one that was seen for the room.
var ErrFenced = errors.New("a newer owner drives this room")

// maxRemembered is how many rooms' tokens are remembered while nobody drives them.
const maxRemembered = 1 << 16

// Table knows the newest token of each room, and who drives it. Token 0 is no token: such a controller
// is neither checked nor told.
type Table struct {
	mu    sync.Mutex
	rooms map[string]*room
}

type room struct {
	newest  int64
	drivers map[*Ticket]struct{}
}

// Ticket is one controller's stay in one room.
type Ticket struct {
	table      *Table
	name       string
	superseded func()
	token      int64
}

// NewTable makes an empty table.
func NewTable() *Table { return &Table{rooms: make(map[string]*room)} }

// Enter lets a controller in, and tells those with older tokens by their superseded, which must not
// wait. Its error is ErrFenced.
func (t *Table) Enter(name string, token int64, superseded func()) (*Ticket, error) {
	ticket := &Ticket{table: t, name: name, superseded: superseded}
	return ticket, ticket.Renew(token)
}

// Token gives the newest token that the controller has shown.
func (k *Ticket) Token() int64 {
	k.table.mu.Lock()
	defer k.table.mu.Unlock()
	return k.token
}

// Renew checks the token of a further command. Its error is ErrFenced.
func (k *Ticket) Renew(token int64) error {
	k.table.mu.Lock()
	defer k.table.mu.Unlock()
	if token == 0 {
		return nil
	}
	r := k.table.room(k.name)
	if token < r.newest {
		return ErrFenced
	}
	r.newest, k.token = token, token
	r.drivers[k] = struct{}{}
	for other := range r.drivers {
		if other.token < token {
			delete(r.drivers, other)
			other.superseded()
		}
	}
	return nil
}

// Leave ends the stay. The room's token is remembered.
func (k *Ticket) Leave() {
	k.table.mu.Lock()
	defer k.table.mu.Unlock()
	if r, known := k.table.rooms[k.name]; known {
		delete(r.drivers, k)
	}
}

// room gives the room of this name; some that nobody drives are forgotten for it if there are too many.
func (t *Table) room(name string) *room {
	r, known := t.rooms[name]
	if !known {
		r = &room{drivers: make(map[*Ticket]struct{})}
		if len(t.rooms) >= maxRemembered {
			t.forgetIdle()
		}
		t.rooms[name] = r
	}
	return r
}

func (t *Table) forgetIdle() {
	for name, r := range t.rooms {
		if len(r.drivers) == 0 {
			delete(t.rooms, name)
		}
		if len(t.rooms) < maxRemembered/2 {
			return
		}
	}
}
