package nfpimage

import (
	"fmt"

	"github.com/cilium/ebpf"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/internal/microcode/hashmap"
	"github.com/skipsw/skipsw/translate/internal/microcode/lpm"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/object"
)

// table is a map whose entries are found by routines that are linked to the
// program.
type table struct {
	maplayout.Layout
	// routine returns the instructions of a helper, linked to start at a
	// control-store address.
	routine func(helper string, start int) ([]nfpisa.Instr, error)
}

func shapeOf(m *object.Map) maplayout.Shape {
	return maplayout.Shape{KeySize: m.KeySize, ValueSize: m.ValueSize, MaxEntries: m.MaxEntries}
}

// layoutOf returns where the parts of a map are, wherever it is.
func layoutOf(m *object.Map) (l maplayout.Layout, hashed bool) {
	if t, ok := tableOf(m, &ssa.MapPlace{}); ok {
		return t.Layout, true
	}
	return maplayout.NewArray(shapeOf(m)), false
}

// tableOf describes a map at its place; ok is false for arrays, which the
// program addresses itself.
func tableOf(m *object.Map, p *ssa.MapPlace) (t table, ok bool) {
	switch ebpf.MapType(m.Type) {
	case ebpf.Hash, ebpf.PerCPUHash, ebpf.LRUHash, ebpf.LRUCPUHash:
		lru := ebpf.MapType(m.Type) == ebpf.LRUHash || ebpf.MapType(m.Type) == ebpf.LRUCPUHash
		h := hashmap.Map{Shape: shapeOf(m), Base: p.Base, Swapped: p.Swapped, LRU: lru}
		return table{h.Layout(), func(helper string, start int) ([]nfpisa.Instr, error) {
			switch helper {
			case "map_lookup_elem":
				return h.Lookup(start)
			case "map_update_elem":
				return h.Update(start)
			}
			return h.Delete(start)
		}}, true
	case ebpf.LPMTrie:
		h := lpm.Map{Shape: shapeOf(m), Base: p.Base}
		return table{h.Layout(), func(helper string, start int) ([]nfpisa.Instr, error) {
			switch {
			case helper != "map_lookup_elem":
				return nil, fmt.Errorf("only hosts change it")
			case p.Swapped:
				return nil, fmt.Errorf("it has no atomic counters")
			}
			return h.Lookup(start)
		}}, true
	}
	return table{}, false
}
