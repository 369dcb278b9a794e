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
	Map    func(name string) ([]Entry, bool)
	Events []Event // in the order in which they were sent
	Queue  Queue
}

// Entries returns the entries of a map of another package.
func Entries[E ~struct{ Key, Value []byte }](es []E) []Entry {
	out := make([]Entry, len(es))
	for i, e := range es {
		e := struct{ Key, Value []byte }(e)
		out[i] = Entry{Key: e.Key, Value: e.Value}
	}
	return out
}

// Differs returns how an outcome differs from the kernel's answer, or "" where
// they are equal.
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
		if d := mapDiffers(name, got, want); d != "" {
			return d
		}
	}
	return r.recordsDiffer(o)
}

// recordsDiffer compares the events and the choice of a queue.
func (r *Run) recordsDiffer(o Outcome) string {
	if len(o.Events) != len(r.Events) {
		return fmt.Sprintf("%d events, want %d", len(o.Events), len(r.Events))
	}
	for i, got := range o.Events {
		if want := r.Events[i]; !bytes.Equal(got.Data, want.Data) || !bytes.Equal(got.Packet, want.Packet) {
			return fmt.Sprintf("event %x %x, want %x %x", []byte(got.Data), []byte(got.Packet), []byte(want.Data), []byte(want.Packet))
		}
	}
	if r.Queue != nil && o.Queue != *r.Queue {
		return fmt.Sprintf("queue %v %d, want %v %d", o.Queue.Selected, o.Queue.Value, r.Queue.Selected, r.Queue.Value)
	}
	return ""
}

func mapDiffers(name string, got, want []Entry) string {
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
