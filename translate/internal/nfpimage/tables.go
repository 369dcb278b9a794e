package nfpimage

import (
	"fmt"

	"github.com/cilium/ebpf"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/translate/internal/microcode/hashmap"
	"github.com/skipsw/skipsw/translate/internal/microcode/lpm"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/object"
)

// table is a map whose entries are found by routines that are linked to the
// program.
type table struct {
	layout string // image.Map.Layout
	stride uint32 // bytes
	size   uint64 // bytes of the whole region
	params map[string]uint64
	// routine returns the instructions of a helper, linked to start at a
	// control-store address.
	routine func(helper string, start int) ([]nfpisa.Instr, error)
}

// tableOf describes a map at its place; ok is false for arrays, which the
// program addresses itself.
func tableOf(m *object.Map, p *ssa.MapPlace) (t table, ok bool) {
	switch ebpf.MapType(m.Type) {
	case ebpf.Hash, ebpf.PerCPUHash, ebpf.LRUHash, ebpf.LRUCPUHash:
		lru := ebpf.MapType(m.Type) == ebpf.LRUHash || ebpf.MapType(m.Type) == ebpf.LRUCPUHash
		h := hashmap.Map{KeySize: m.KeySize, ValueSize: m.ValueSize, MaxEntries: m.MaxEntries, Base: p.Base, Swapped: p.Swapped, LRU: lru}
		l := h.Layout()
		return table{"hash", l.Stride, l.Size, l.Params(), func(helper string, start int) ([]nfpisa.Instr, error) {
			switch helper {
			case "map_lookup_elem":
				return h.Lookup(start)
			case "map_update_elem":
				return h.Update(start)
			}
			return h.Delete(start)
		}}, true
	case ebpf.LPMTrie:
		h := lpm.Map{KeySize: m.KeySize, ValueSize: m.ValueSize, MaxEntries: m.MaxEntries, Base: p.Base}
		l := h.Layout()
		return table{"lpm_trie", l.Stride, l.Size, l.Params(), func(helper string, start int) ([]nfpisa.Instr, error) {
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
