package nfpimage

import (
	"fmt"

	"github.com/cilium/ebpf"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// entryAlign is the alignment of map entries in memory, in bytes.
const entryAlign = 8

// layoutArray is the layout of maps whose entry i is i strides from the base.
// The card counts as one CPU: a per-CPU array has one set of entries.
const layoutArray = "array"

// typeNames gives the kernel's names of map types, as targets list them.
var typeNames = map[ebpf.MapType]string{
	ebpf.Hash: "hash", ebpf.Array: "array", ebpf.ProgramArray: "prog_array", ebpf.PerfEventArray: "perf_event_array",
	ebpf.PerCPUHash: "percpu_hash", ebpf.PerCPUArray: "percpu_array", ebpf.LRUHash: "lru_hash", ebpf.LRUCPUHash: "lru_percpu_hash",
	ebpf.LPMTrie: "lpm_trie", ebpf.ArrayOfMaps: "array_of_maps", ebpf.HashOfMaps: "hash_of_maps", ebpf.DevMap: "devmap",
	ebpf.DevMapHash: "devmap_hash", ebpf.CPUMap: "cpumap", ebpf.XSKMap: "xskmap", ebpf.Queue: "queue", ebpf.Stack: "stack",
	ebpf.RingBuf: "ringbuf",
}

// typeName returns the kernel's name of a map's type.
func typeName(m *object.Map) string {
	if n, ok := typeNames[ebpf.MapType(m.Type)]; ok {
		return n
	}
	return fmt.Sprintf("type %d", m.Type)
}

// placeMaps decides where maps are, and refuses those that the target cannot
// hold.
func placeMaps(p *verify.Program, t *target.Target) ([]ssa.MapPlace, error) {
	src := p.Source()
	refuse := func(m *object.Map, why string) error {
		return &ssa.Unsupported{What: fmt.Sprintf("map %s (%s)", m.Name, typeName(m)), Why: why, Slot: mapUse(src, m), Line: mapLine(src, m)}
	}
	if len(src.Maps) > t.Maps.MaxMaps {
		return nil, &ssa.Unsupported{What: fmt.Sprintf("%d maps", len(src.Maps)), Why: fmt.Sprintf("target %s has %d", t.Name, t.Maps.MaxMaps), Slot: -1}
	}
	swapped := atomicMaps(p)
	places := make([]ssa.MapPlace, len(src.Maps))
	region := t.Maps.Region()
	next, entries := region.Align, uint64(0)
	for k, m := range src.Maps {
		entries += uint64(m.MaxEntries)
		element := (m.KeySize+7)&^7 + (m.ValueSize+7)&^7
		switch {
		case !t.HasMap(typeName(m)):
			return nil, refuse(m, "target "+t.Name+" does not have this type")
		case typeName(m) == "perf_event_array":
			places[k].ID = uint32(k + 1)
			continue
		case int(m.KeySize) > t.Maps.MaxKey:
			return nil, refuse(m, fmt.Sprintf("its key has %d bytes and target %s takes %d", m.KeySize, t.Name, t.Maps.MaxKey))
		case int(m.ValueSize) > t.Maps.MaxValue:
			return nil, refuse(m, fmt.Sprintf("its value has %d bytes and target %s takes %d", m.ValueSize, t.Name, t.Maps.MaxValue))
		case int(element) > t.Maps.MaxElement:
			return nil, refuse(m, fmt.Sprintf("key and value have %d bytes together and target %s takes %d", element, t.Name, t.Maps.MaxElement))
		case uint64(m.MaxEntries) > t.Maps.MaxEntries:
			return nil, refuse(m, fmt.Sprintf("it has %d entries and target %s takes %d", m.MaxEntries, t.Name, t.Maps.MaxEntries))
		case entries > t.Maps.TotalEntries:
			return nil, refuse(m, fmt.Sprintf("target %s has %d entries for all maps together", t.Name, t.Maps.TotalEntries))
		}
		places[k].ID = uint32(k + 1)
		if !t.Direct() {
			continue
		}
		stride := (m.ValueSize + entryAlign - 1) &^ (entryAlign - 1)
		size := uint64(stride) * uint64(m.MaxEntries)
		if tb, ok := tableOf(m, &places[k]); ok {
			stride, size, places[k].Hashed = tb.stride, tb.size, true
		}
		places[k].Base, places[k].Stride, places[k].Size, places[k].Swapped = region.Base+next, stride, size, swapped[k]
		next = (next + size + region.Align - 1) &^ (region.Align - 1)
		if next > region.Size {
			return nil, refuse(m, fmt.Sprintf("target %s has %d bytes for all maps together", t.Name, region.Size))
		}
	}
	return places, nil
}

// mapUse returns the first slot that names the map, or -1.
func mapUse(src *object.Program, m *object.Map) int {
	for pc, in := range src.Insns {
		if in.Wide() && (in.Src == bpf.PseudoMapFD || in.Src == bpf.PseudoMapValue) && int(in.Imm) < len(src.Maps) && src.Maps[in.Imm] == m {
			return pc
		}
	}
	return -1
}

func mapLine(src *object.Program, m *object.Map) *object.Line {
	if pc := mapUse(src, m); pc >= 0 {
		return src.LineAt(pc)
	}
	return nil
}

// atomicMaps tells which maps the program changes with atomic operations.
func atomicMaps(p *verify.Program) []bool {
	src := p.Source()
	out := make([]bool, len(src.Maps))
	for pc, in := range src.Insns {
		ordered := in.Imm == bpf.AtomicLoadAcq || in.Imm == bpf.AtomicStoreRel
		if !p.Reached(pc) || in.Class() != bpf.ClassSTX || in.Op&0xe0 != bpf.ModeATOMIC || ordered {
			continue
		}
		if r := p.Reg(pc, int(in.Dst)); r.Kind == verify.PtrMapValue && r.Map >= 0 {
			out[r.Map] = true
		}
	}
	return out
}

// imageMaps describes the maps for loaders.
func imageMaps(p *verify.Program, t *target.Target, places []ssa.MapPlace) []image.Map {
	src := p.Source()
	var out []image.Map
	for k, m := range src.Maps {
		im := image.Map{
			Name: m.Name, Type: typeName(m), KeySize: m.KeySize, ValueSize: m.ValueSize, MaxEntries: m.MaxEntries, Flags: m.Flags,
			ID: places[k].ID,
		}
		for _, e := range m.Initial {
			im.Initial = append(im.Initial, image.Entry(e))
		}
		if t.Direct() {
			im.Layout, im.Base, im.Stride, im.Swapped = layoutArray, places[k].Base, places[k].Stride, places[k].Swapped
			if tb, ok := tableOf(m, &places[k]); ok {
				im.Layout, im.Params = tb.layout, tb.params
			}
		} else {
			im.WordUse = places[k].WordUse
		}
		out = append(out, im)
	}
	return out
}
