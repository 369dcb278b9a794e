package microcode

import (
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/microcode/hashmap"
)

var (
	_ = register(hashKind(bpf.MapTypeHash, false, mapHelpers))
	_ = register(hashKind(bpf.MapTypePerCPUHash, false, nil))
	_ = register(hashKind(bpf.MapTypeLRUHash, true, nil))
	_ = register(hashKind(bpf.MapTypeLRUPerCPUHash, true, nil))
)

// hashKind is the row of a hash map.
func hashKind(t bpf.MapType, lru bool, firmware []bpf.HelperID) *Kind {
	at := func(m Map) hashmap.Map {
		return hashmap.Map{Shape: m.Shape, Target: m.Target, Base: m.Base, Swapped: m.Swapped, LRU: lru, Inner: m.Inner, Taken: m.Taken}
	}
	k := &Kind{
		Type: t, Firmware: firmware, Counters: true, Held: true, Recent: lru, Inline: []bpf.HelperID{bpf.HelperForEachMapElem},
		NearKey: maplayout.HashNearKey,
		Near:    func(m Map) (int, int) { return at(m).Near() },
		Layout:  func(m Map) maplayout.Layout { return at(m).Layout() },
		Routines: map[bpf.HelperID]Routine{
			bpf.HelperMapLookupElem:  func(m Map, start int) ([]nfpisa.Instr, error) { return at(m).Lookup(start) },
			bpf.HelperMapUpdateElem:  func(m Map, start int) ([]nfpisa.Instr, error) { return at(m).Update(start) },
			bpf.HelperMapDeleteElem:  func(m Map, start int) ([]nfpisa.Instr, error) { return at(m).Delete(start) },
			bpf.HelperForEachMapElem: func(m Map, start int) ([]nfpisa.Instr, error) { return at(m).Next(start) },
		},
	}
	if t.PerCPU() {
		k.Routines[bpf.HelperMapLookupPerCPUElem] = func(m Map, start int) ([]nfpisa.Instr, error) { return at(m).LookupCPU(start) }
	}
	return k
}
