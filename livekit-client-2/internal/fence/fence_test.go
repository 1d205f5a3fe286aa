package fence

import (
	"errors"
	"fmt"
	"testing"
)

func enter(t *testing.T, table *Table, token int64, superseded func()) *Ticket {
	t.Helper()
	ticket, err := table.Enter("room", token, superseded)
	if err != nil {
		t.Fatal(err)
	}
	return ticket
}

func none(t *testing.T) func() {
	return func() { t.Error("superseded, but nobody newer came") }
}

func TestFENCE1_AnOlderTokenIsRefused(t *testing.T) {
	table := NewTable()
	enter(t, table, 7, none(t)).Leave()
	if _, err := table.Enter("room", 6, none(t)); !errors.Is(err, ErrFenced) {
		t.Errorf("an older token: %v, want ErrFenced", err)
	}
	enter(t, table, 7, none(t))
	if _, err := table.Enter("another", 6, none(t)); err != nil {
		t.Errorf("another room: %v", err)
	}
}

func TestFENCE2_WhoDrivesWithAnOlderTokenIsTold(t *testing.T) {
	table := NewTable()
	told := 0
	older := enter(t, table, 7, func() { told++ })
	newer := enter(t, table, 8, none(t))
	if told != 1 {
		t.Errorf("the older was told %d times, want 1", told)
	}
	if err := older.Renew(7); !errors.Is(err, ErrFenced) {
		t.Errorf("the older's next command: %v, want ErrFenced", err)
	}
	older.Leave()
	if err := newer.Renew(8); err != nil {
		t.Errorf("the newer's next command: %v", err)
	}
}

func TestFENCE3_ANewerTokenOfTheSameControllerIsTaken(t *testing.T) {
	table := NewTable()
	ticket := enter(t, table, 7, none(t))
	if err := ticket.Renew(9); err != nil {
		t.Fatal(err)
	}
	if ticket.Token() != 9 {
		t.Errorf("token %d, want 9", ticket.Token())
	}
	if _, err := table.Enter("room", 8, none(t)); !errors.Is(err, ErrFenced) {
		t.Errorf("a token between: %v, want ErrFenced", err)
	}
}

func TestFENCE4_WithoutATokenNothingIsChecked(t *testing.T) {
	table := NewTable()
	enter(t, table, 0, none(t))
	enter(t, table, 7, none(t))
	enter(t, table, 0, none(t))
}

func TestMemoryIsBounded(t *testing.T) {
	table := NewTable()
	kept := enter(t, table, 7, none(t))
	for i := range 2 * maxRemembered {
		ticket, err := table.Enter(fmt.Sprint(i), 1, none(t))
		if err != nil {
			t.Fatal(err)
		}
		ticket.Leave()
	}
	if len(table.rooms) > maxRemembered {
		t.Errorf("%d rooms are remembered", len(table.rooms))
	}
	if err := kept.Renew(6); !errors.Is(err, ErrFenced) {
		t.Errorf("a driven room was forgotten: %v", err)
	}
}
