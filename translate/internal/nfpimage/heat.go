package nfpimage

import (
	"fmt"
	"math"

	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/backend"
	"github.com/skipsw/skipsw/translate/internal/microcode"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// use is what programs do with a map.
type use struct {
	heat     uint64 // accesses: of 1,024 packets, or those that a run has counted
	measured bool
	changed  bool   // a program changes it
	fixed    string // why it is in the first region, whatever its use
}

// String says how often and how it is used.
func (u use) String() string {
	how := "only read by programs"
	if u.changed {
		how = "changed by programs"
	}
	switch {
	case u.measured:
		return fmt.Sprintf("%d accesses in the profile, %s", u.heat, how)
	case u.heat == 0:
		return "never accessed by packets"
	}
	return fmt.Sprintf("about %.2g accesses a packet, %s", float64(u.heat)/perPackets, how)
}

// perPackets is the number of packets that estimated accesses are counted over: a
// power of two, so that halves stay whole for a while.
const perPackets = 1 << 10

// usesOf works out what the programs do with each map. heat has counts of a run by the
// maps' names, or is nil.
func usesOf(u *backend.Unit, a *atlas, heat map[string]uint64) map[*object.Map]use {
	out := map[*object.Map]use{}
	for _, m := range a.maps {
		out[m] = use{}
	}
	for _, p := range u.Parts {
		noteUses(p.Program, out)
	}
	for _, m := range a.maps {
		one := out[m]
		kind := microcode.Of(m.Type)
		switch {
		case maplayout.OfHost(m.Name):
			one.fixed = "the host keeps it up"
		case kind.Bytes:
			one.fixed = "the host takes records out of it"
		case kind.Nested || m.Inner != nil:
			one.fixed = "maps that come and go at run time lie beside it"
		}
		if heat != nil {
			one.heat, one.measured = heat[m.Name], true
		}
		out[m] = one
	}
	for _, m := range a.maps {
		for _, in := range innerMaps(m) {
			one := out[in]
			one.fixed = "it is in a map of maps"
			out[in] = one
		}
	}
	return out
}

// noteUses adds what one program does with its maps.
func noteUses(p *verify.Program, out map[*object.Map]use) {
	src := p.Source()
	runs := frequencies(p)
	note := func(pc int, r *verify.Reg, times uint64, changes bool) {
		for k, m := range src.Maps {
			if !r.MayBe(k) {
				continue
			}
			one := out[m]
			one.heat += runs[pc] * times
			one.changed = one.changed || changes
			out[m] = one
		}
	}
	for pc, in := range src.Insns {
		if !p.Reached(pc) {
			continue
		}
		switch class := in.Class(); {
		case class == bpf.ClassLDX:
			if r := p.Reg(pc, int(in.Src)); isValue(r) {
				note(pc, r, 1, false)
			}
		case class == bpf.ClassST, class == bpf.ClassSTX:
			if r := p.Reg(pc, int(in.Dst)); isValue(r) {
				note(pc, r, 1, true)
			}
			if r := p.Reg(pc, int(in.Src)); in.IsAtomic() && isValue(r) {
				note(pc, r, 1, true)
			}
		case in.IsCall():
			for arg := 1; arg <= 5; arg++ {
				switch r := p.Reg(pc, arg); {
				case r.Kind == verify.PtrMap:
					note(pc, r, walks(src, in, r), !reads(in))
				case isValue(r):
					note(pc, r, 1, true) // a helper may fill it
				}
			}
		}
	}
}

// isValue reports whether a register may point to a map value.
func isValue(r *verify.Reg) bool { return r.Kind == verify.PtrMapValue || r.Kind == verify.Mixed }

// reads reports whether a helper call on a map leaves it as it is.
func reads(in bpf.Insn) bool {
	return in.IsCallOf(bpf.HelperMapLookupElem) || in.IsCallOf(bpf.HelperTailCall) || in.IsCallOf(bpf.HelperRedirectMap) || in.IsCallOf(bpf.HelperForEachMapElem)
}

// walks is about how many accesses a call on a map takes: the place of an array's
// element is computed, that in a hash map is found by bucket, link and key.
func walks(src *object.Program, in bpf.Insn, r *verify.Reg) uint64 {
	n := uint64(0)
	for k, m := range src.Maps {
		if !r.MayBe(k) {
			continue
		}
		if kind := microcode.Of(m.Type); kind != nil && kind.Indexed {
			if !in.IsCallOf(bpf.HelperMapLookupElem) {
				n = max(n, 1)
			}
		} else {
			n = max(n, 3)
		}
	}
	return n
}

// frequencies estimates how often each instruction runs for 1,024 packets: branches go
// both ways alike, loops make some rounds, functions run where they are called.
func frequencies(p *verify.Program) []uint64 {
	src := p.Source()
	local := make([]uint64, len(src.Insns))
	for k, f := range src.Funcs {
		flow(p, local, f.Start, endOf(src, k))
	}
	entries := make([]uint64, len(src.Funcs))
	entries[0] = perPackets
	out := make([]uint64, len(src.Insns))
	// No function calls itself: after as many rounds as calls nest, nothing changes.
	for range len(src.Funcs) {
		next := make([]uint64, len(src.Funcs))
		next[0] = perPackets
		for k, f := range src.Funcs {
			for pc := f.Start; pc < endOf(src, k); pc++ {
				out[pc] = scaled(local[pc], entries[k])
				in := src.Insns[pc]
				if !in.IsFuncCall() && !in.IsFuncLoad() {
					continue
				}
				times := out[pc]
				if in.IsFuncLoad() {
					times = scaled(times, loopRounds*perPackets) // a helper calls it in a loop
				}
				for to := range src.Funcs {
					if src.Funcs[to].Start == in.FuncTarget(pc) {
						next[to] += times
					}
				}
			}
		}
		entries = next
	}
	return out
}

// scaled is a frequency for as many entries.
func scaled(n, entries uint64) uint64 {
	if n != 0 && entries > math.MaxUint64/n {
		return math.MaxUint64 / perPackets
	}
	return n * entries / perPackets
}

// endOf returns the slot behind a function's last.
func endOf(src *object.Program, fn int) int {
	if fn+1 < len(src.Funcs) {
		return src.Funcs[fn+1].Start
	}
	return len(src.Insns)
}
