package histories

import (
	"fmt"

	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// innerMap is what the inner maps are like: one value.
var innerMap = object.Map{Name: "in", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}

// nestedModel is an entry of a map of maps and the value of the map that it holds, which
// never changes.
var nestedModel = model{Partition: byKey, Init: func() any { return entry{there: true} }, Step: step(hashStep)}

// hostNested puts a new map into an entry, or none, and frees the one that was there.
// Readers that are under way have the old one still.
func hostNested(m *sim.Map, o *operation) {
	key := bytesOf(uint64(o.key), 4)
	old, held := m.Inner(key)
	if o.kind == remove {
		o.status = status(m.Delete(key))
	} else {
		o.status = replaceInner(m, key, o.value)
	}
	if held && o.status == 0 {
		_ = old.FreeInner() // the image's own stay
	}
}

// replaceInner makes a map with a value and puts it into an entry.
func replaceInner(m *sim.Map, key []byte, value uint64) int32 {
	in, err := m.NewInner(fmt.Sprintf("in %#x", value))
	if err == nil {
		err = in.Update(bytesOf(0, 4), bytesOf(value, 8), 0)
	}
	if err == nil {
		err = m.Update(key, bytesOf(uint64(in.Number()), 4), 0)
	}
	return status(err)
}

// freeInners leaves none of the maps that the host has made.
func freeInners(m *sim.Map) {
	for k := range uint64(2) {
		key := bytesOf(k, 4)
		if in, ok := m.Inner(key); ok {
			_ = m.Delete(key)
			_ = in.FreeInner()
		}
	}
}

// hostReuses is a host that uses the memory of a map again as soon as no entry names it.
func hostReuses(st *stage, o *operation, _ func()) {
	old, held := st.m.Inner(bytesOf(uint64(o.key), 4))
	hostNested(st.m, o)
	if held && o.status == 0 {
		copy(old.Region().Data, bytesOf(o.value|1, 8))
	}
}

// hostFillsLate is a host that puts a map into an entry before it has its value.
func hostFillsLate(st *stage, o *operation, wait func()) {
	hostNested(st.m, o)
	if in, ok := st.m.Inner(bytesOf(uint64(o.key), 4)); ok && o.status == 0 {
		data := in.Region().Data
		copy(data, make([]byte, 8))
		wait()
		copy(data, bytesOf(o.value, 8))
	}
}

// hostEmpties is a host that takes a map out of an entry before it puts in another one.
func hostEmpties(st *stage, o *operation, wait func()) {
	key := bytesOf(uint64(o.key), 4)
	if o.kind == put {
		_ = st.m.Delete(key)
		wait()
	}
	hostNested(st.m, o)
}
