package oracle

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// diffRun returns the first difference between what the reference says and
// what a judge says, "" if there is none.
func diffRun(p *object.Program, want, got Run) string {
	wv := want.Verdict
	if got.Class != nil && want.Class == nil {
		wv = got.Class(wv)
	}
	if wv != got.Verdict {
		return fmt.Sprintf("verdict %#x, not %#x", got.Verdict, wv)
	}
	if want.Redirect != "" && got.Redirect != "" && want.Redirect != got.Redirect {
		return fmt.Sprintf("redirect to %s, not %s", got.Redirect, want.Redirect)
	}
	if want.Ends != nil && got.Ends != nil && !slices.Equal(want.Ends, got.Ends) {
		return fmt.Sprintf("at the far ends %q, not %q", got.Ends, want.Ends)
	}
	if got.OnWire && want.Left != nil {
		want.Packet = want.Left
	}
	if len(want.Packet) != len(got.Packet) {
		return fmt.Sprintf("packet of %d bytes, not %d", len(got.Packet), len(want.Packet))
	}
	for i := range want.Packet {
		if want.Packet[i] != got.Packet[i] {
			return fmt.Sprintf("packet byte %d is %#02x, not %#02x", i, got.Packet[i], want.Packet[i])
		}
	}
	if !bytes.Equal(want.Meta, got.Meta) {
		return fmt.Sprintf("metadata %x, not %x", got.Meta, want.Meta)
	}
	if s := diffSkb(want.Skb, got.Skb); s != "" {
		return s
	}
	maps := p.AllMaps()
	for i := range want.Maps {
		if s := diffMap(maps[i].Name, want.Maps[i], got.Maps[i]); s != "" {
			return s
		}
	}
	for i, m := range maps {
		if s := diffEvents(m, eventsOf(want, i), eventsOf(got, i)); s != "" {
			return s
		}
	}
	return ""
}

// diffSkb compares what stays with a frame, as far as both judges know it.
func diffSkb(want, got *Skb) string {
	if want == nil || got == nil {
		return ""
	}
	for _, f := range []struct {
		name      string
		want, got uint32
	}{{"mark", want.Mark, got.Mark}, {"priority", want.Priority, got.Priority}, {"queue mapping", want.QueueMapping, got.QueueMapping}} {
		if f.want != f.got && f.want != NoQueue && f.got != NoQueue {
			return fmt.Sprintf("%s %#x, not %#x", f.name, f.got, f.want)
		}
	}
	return ""
}

func eventsOf(r Run, i int) [][]byte {
	if i < len(r.Events) {
		return r.Events[i]
	}
	return nil
}

// diffEvents compares the records of a map. Behind those of a perf event array the
// kernel has bytes that mean nothing, up to a multiple of 8 with its 4 of length.
func diffEvents(m *object.Map, want, got [][]byte) string {
	if len(want) != len(got) {
		return fmt.Sprintf("map %s gets %d records, not %d", m.Name, len(got), len(want))
	}
	filled := func(n int) int { return n }
	if m.Type == bpf.MapTypePerfEventArray {
		filled = func(n int) int { return (n+4+7)&^7 - 4 }
	}
	for k := range want {
		n := min(len(want[k]), len(got[k]))
		if filled(len(want[k])) != filled(len(got[k])) || !bytes.Equal(want[k][:n], got[k][:n]) {
			return fmt.Sprintf("record %d of map %s is %x, not %x", k, m.Name, got[k], want[k])
		}
	}
	return ""
}

func diffMap(name string, want, got []object.Entry) string {
	for len(want) > 0 || len(got) > 0 {
		c := 0
		switch {
		case len(want) == 0:
			c = 1
		case len(got) == 0:
			c = -1
		default:
			c = bytes.Compare(want[0].Key, got[0].Key)
		}
		switch {
		case c < 0:
			return fmt.Sprintf("map %s has no entry %x", name, want[0].Key)
		case c > 0:
			return fmt.Sprintf("map %s has an entry %x", name, got[0].Key)
		case !bytes.Equal(want[0].Value, got[0].Value):
			return fmt.Sprintf("map %s entry %x is %x, not %x", name, want[0].Key, got[0].Value, want[0].Value)
		}
		want, got = want[1:], got[1:]
	}
	return ""
}
