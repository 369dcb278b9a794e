package nfpimage

import (
	"fmt"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/verify"
)

// wordUse returns the use of each 4-byte word of each map's values, for targets
// whose firmware keeps the maps. Such firmware stores atomic counters
// big-endian, so that a word is either a counter or read, never both.
func wordUse(p *verify.Program, t *target.Target) ([][]ssa.WordUse, error) {
	src := p.Source()
	out := make([][]ssa.WordUse, len(src.Maps))
	for k, m := range src.Maps {
		out[k] = make([]ssa.WordUse, (m.ValueSize+3)/4)
	}
	if t.Direct() {
		return out, nil
	}
	any := false
	for _, swapped := range atomicMaps(p) {
		any = any || swapped
	}
	for pc, in := range src.Insns {
		if !p.Reached(pc) {
			continue
		}
		for _, a := range accessesOf(p, pc, in) {
			r := p.Reg(pc, a.reg)
			if r.Kind != verify.PtrMapValue {
				continue
			}
			if !r.OffKnown {
				if any {
					return nil, &ssa.Unsupported{
						What: "an access to a map value at an address that is not constant", Slot: pc, Line: src.PlaceAt(pc),
						Why: "a map of the program has atomic counters, which the card stores in another byte order",
					}
				}
				continue
			}
			for k, words := range out {
				if !r.MayBe(k) {
					continue
				}
				if w := markWords(words, int(r.Off)+a.off, a); w >= 0 {
					return nil, &ssa.Unsupported{
						What: fmt.Sprintf("bytes %d to %d of a value of map %s as atomic counter and as data", 4*w, 4*w+3, src.Maps[k].Name),
						Why:  "the card stores counters in another byte order", Slot: pc, Line: src.PlaceAt(pc),
					}
				}
			}
		}
	}
	return out, nil
}

// markWords marks the words of a value that an access at byte first uses. It
// returns a word that has another use already, or -1. Bytes outside of the value, which
// unproven programs address, are no words.
func markWords(words []ssa.WordUse, first int, a wordAccess) int {
	end := min((first+a.bytes+3)/4, len(words))
	for w := max(first, 0) / 4; w < end; w++ {
		if words[w] != ssa.WordUnused && words[w] != a.use {
			return w
		}
		words[w] = a.use
	}
	return -1
}

// wordAccess is an access to memory that may be a map value.
type wordAccess struct {
	reg, off, bytes int
	use             ssa.WordUse
}

// accessesOf returns what an instruction reads or counts in, through registers:
// loads, atomic operations, and keys and values that a map helper takes.
func accessesOf(p *verify.Program, pc int, in bpf.Insn) []wordAccess {
	if in.IsHelperCall() {
		return mapArguments(p, pc, in.Helper())
	}
	reg, use := accessOf(in)
	if reg < 0 {
		return nil
	}
	return []wordAccess{{reg, int(in.Off), in.Bytes(), use}}
}

// mapArguments returns the key and the value that a map helper reads.
func mapArguments(p *verify.Program, pc int, helper bpf.HelperID) []wordAccess {
	var takesValue bool
	switch helper {
	case bpf.HelperMapLookupElem, bpf.HelperMapDeleteElem:
	case bpf.HelperMapUpdateElem:
		takesValue = true
	default:
		return nil
	}
	m := p.Reg(pc, 1)
	if m.Kind != verify.PtrMap || m.Inner {
		return nil
	}
	key, value := wordAccess{reg: 2, use: ssa.WordData}, wordAccess{reg: 3, use: ssa.WordData}
	for k, spec := range p.Source().Maps {
		if m.MayBe(k) {
			key.bytes, value.bytes = max(key.bytes, int(spec.KeySize)), max(value.bytes, int(spec.ValueSize))
		}
	}
	if takesValue {
		return []wordAccess{key, value}
	}
	return []wordAccess{key}
}

// accessOf returns the address register of a load or atomic operation and what
// it makes of a map's word, or -1.
func accessOf(in bpf.Insn) (reg int, use ssa.WordUse) {
	switch {
	case in.Class() == bpf.ClassLDX, in.IsAtomic() && in.AtomicOp() == bpf.AtomicLoadAcq:
		return int(in.Src), ssa.WordData
	case in.IsAtomic():
		return int(in.Dst), ssa.WordCounter
	}
	return -1, ssa.WordUnused
}
