package oracle

import (
	"encoding/binary"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// clockMap is the name of the map that has the time for programs of PinClock.
const clockMap = "oracle_clock"

// PinClock returns a program that reads the time, in nanoseconds, from a map in the
// place of bpf_ktime_get_ns, so that the kernel can be asked what it does at a given
// time, and that map, an array of one entry. A program that does not ask for the
// time is returned as it is, with nil.
func PinClock(p *object.Program) (*object.Program, *object.Map, error) {
	asks := false
	e := bpf.NewEditor(p.Insns)
	for slot, in := range bpf.Each(p.Insns) {
		if in.IsCallOf(bpf.HelperKtimeGetNs) {
			asks = true
			e.Replace(slot, 1, append(bpf.LoadMapValue(bpf.R0, len(p.Maps), 0), bpf.Load(bpf.SizeDW, bpf.R0, bpf.R0, 0))...)
		}
	}
	if !asks {
		return p, nil, nil
	}
	q, err := p.Edit(e)
	if err != nil {
		return nil, nil, err
	}
	clock := &object.Map{Name: clockMap, Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}
	q.Maps = append(q.Maps, clock)
	return q, clock, nil
}

// ClockEntry is the entry of PinClock's map for a time in nanoseconds.
func ClockEntry(ns uint64) object.Entry {
	return object.Entry{Key: make([]byte, 4), Value: binary.LittleEndian.AppendUint64(nil, ns)}
}
