package translate

import (
	"fmt"
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// deciding returns the settings that no loader has set and that decide branches
// of a program, with their values. A loaded value is followed through registers,
// in the order of the instructions; that is where compilers leave it.
func deciding(v *verify.Program) []string {
	src := v.Source()
	var of [bpf.R10 + 1][]string // the settings that went into a register
	var found []string
	start := map[int]bool{}
	for _, f := range v.Funcs() {
		start[f.Start] = true
	}
	for slot := 0; slot < len(src.Insns); slot++ {
		if start[slot] {
			clear(of[:])
		}
		in := src.Insns[slot]
		reached := v.Reached(slot)
		if in.Wide() {
			slot++
		}
		if !reached {
			continue // its fields may be anything
		}
		switch {
		case in.Wide():
			of[in.Dst] = nil
		case in.IsCall():
			clear(of[:bpf.R5+1])
		case in.IsCompare():
			if fall, taken := v.Branches(slot); fall != taken {
				found = append(found, of[in.Dst]...)
				if in.Source() == bpf.X {
					found = append(found, of[in.Src]...)
				}
			}
		case in.Class() == bpf.ClassLDX:
			of[in.Dst] = nil
			if s := settingAt(src, v.Reg(slot, int(in.Src)), in); s != "" {
				of[in.Dst] = []string{s}
			}
		case in.Class() == bpf.ClassALU || in.Class() == bpf.ClassALU64:
			var from []string
			if in.ALUOp() != bpf.Mov {
				from = of[in.Dst]
			}
			if in.Source() == bpf.X && in.ALUOp() != bpf.End {
				from = slices.Concat(from, of[in.Src])
			}
			slices.Sort(from)
			of[in.Dst] = slices.Compact(slices.Clone(from))
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// settingAt returns the setting that a load reads and its value, "" if it reads
// none that was left alone.
func settingAt(p *object.Program, r *verify.Reg, in bpf.Insn) string {
	if r.Kind != verify.PtrMapValue || !r.OffKnown || r.Map < 0 {
		return ""
	}
	m, at := p.Maps[r.Map], int(r.Off)+int(in.Off)
	for _, s := range m.Settings {
		if s.Set || at < int(s.Off) || at >= int(s.Off+s.Size) {
			continue
		}
		value := m.Initial[0].Value[at:][:in.Bytes()]
		if s.Size > bpf.SlotSize || at != int(s.Off) {
			return fmt.Sprintf("%s (0x%x at byte %d)", s.Name, littleEndian(value), at-int(s.Off))
		}
		return fmt.Sprintf("%s=%d", s.Name, littleEndian(value))
	}
	return ""
}

func littleEndian(b []byte) (n uint64) {
	for k := range b {
		n |= uint64(b[k]) << (8 * k)
	}
	return n
}
