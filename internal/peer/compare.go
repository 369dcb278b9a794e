package peer

import (
	"bytes"
	"fmt"
)

// Outcome is what somebody else's run of a case gave.
type Outcome struct {
	Packet []byte
	// Map returns the entries of a map, sorted by key, and whether there is
	// such a map.
	Map func(name string) ([]Entry, bool)
}

// Differs returns how an outcome's packet and maps differ from the kernel's
// answer, or "" where they are equal.
func (r *Run) Differs(o Outcome) string {
	got := bytes.Clone(o.Packet)
	for _, u := range r.Undefined {
		if u[0] < len(got) {
			clear(got[u[0]:min(u[1], len(got))])
		}
	}
	if !bytes.Equal(got, r.PacketOut) {
		return fmt.Sprintf("packet\n in  %x\n got %x\nwant %x", []byte(r.PacketIn), got, []byte(r.PacketOut))
	}
	for name, want := range r.MapsAfter {
		got, ok := o.Map(name)
		if !ok && len(want) == 0 {
			continue // a map without entries that a host could see
		}
		if !ok {
			return "no map " + name
		}
		if d := differs(name, got, want); d != "" {
			return d
		}
	}
	return ""
}

func differs(name string, got, want []Entry) string {
	if len(got) != len(want) {
		return fmt.Sprintf("map %s has %d entries, want %d", name, len(got), len(want))
	}
	for i := range got {
		if !bytes.Equal(got[i].Key, want[i].Key) || !bytes.Equal(got[i].Value, want[i].Value) {
			return fmt.Sprintf("map %s entry %d: %x=%x, want %x=%x", name, i,
				[]byte(got[i].Key), []byte(got[i].Value), []byte(want[i].Key), []byte(want[i].Value))
		}
	}
	return ""
}
