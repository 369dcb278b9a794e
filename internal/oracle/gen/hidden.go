package gen

import (
	"encoding/binary"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// maxHidden bounds the numbers of a program's map of hidden constants.
const maxHidden = 64

// hide returns an instruction that does the same with its constant from memory: from a map
// value, which nobody knows before the program runs. So nothing is folded away before it is
// tested. Without Options.Hidden, where there is no register for the number, and where the
// level has no such form, it is in itself. It may emit what loads the number, to dst for a
// move, and takes no register of not for it.
func (f *fn) hide(in bpf.Insn, not ...int) bpf.Insn {
	if !f.o.Hidden {
		return in
	}
	v := uint64(int64(in.Imm))
	switch {
	case in.Class() == bpf.ClassST && in.Mode() == bpf.ModeMEM:
		if t := f.hidden(v, append(not, int(in.Dst))...); t >= 0 {
			return bpf.Store(in.Size(), in.Dst, in.Off, uint8(t))
		}
	case in.Source() != bpf.K:
	case in.IsALU() && in.ALUOp() == bpf.Mov && in.Off == 0:
		if in.Class() == bpf.ClassALU {
			v = uint64(uint32(in.Imm))
		}
		f.Emit(f.hiddenAt(in.Dst, v)...)
		return bpf.Load(bpf.SizeDW, in.Dst, in.Dst, 0)
	case in.IsALU() && in.ALUOp() != bpf.End && in.ALUOp() != bpf.Neg && (!isShift(in.ALUOp()) || f.o.has(RegShift)):
		if t := f.hidden(v, append(not, int(in.Dst))...); t >= 0 {
			out := bpf.ALUReg(in.Class(), in.ALUOp(), in.Dst, uint8(t))
			out.Off = in.Off // signed division
			return out
		}
	case in.IsCompare():
		if t := f.hidden(v, append(not, int(in.Dst))...); t >= 0 {
			return bpf.JumpReg(in.Class(), in.JumpOp(), in.Dst, uint8(t), in.Off)
		}
	}
	return in
}

// hidden loads a number of the map and returns its register, or -1.
func (f *fn) hidden(v uint64, not ...int) int {
	free := func(k kind) int {
		return f.pickReg(func(i int, r *reg) bool {
			for _, n := range not {
				if n == i {
					return false
				}
			}
			return r.kind == k && !f.isLocked(i)
		})
	}
	t := free(dead)
	if t < 0 {
		t = free(scalar)
	}
	if t >= 0 {
		f.Emit(append(f.hiddenAt(uint8(t), v), bpf.Load(bpf.SizeDW, uint8(t), uint8(t), 0))...)
		f.setScalar(t)
	}
	return t
}

// hiddenAt loads the address of a number of the map. When the map is full it is another
// number: one is as good as the other.
func (f *fn) hiddenAt(dst uint8, v uint64) []bpf.Insn {
	p := f.p
	if p.hidden < 0 {
		p.hidden = p.addMap(&object.Map{
			Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8 * maxHidden, MaxEntries: 1,
			Initial: []object.Entry{{Key: make([]byte, 4), Value: make([]byte, 8*maxHidden)}},
		})
		p.maps[p.hidden].Name += "_hidden"
	}
	at := p.numbers
	if at < maxHidden {
		binary.LittleEndian.PutUint64(p.maps[p.hidden].Initial[0].Value[8*at:], v)
		p.numbers++
	} else {
		at = p.r.IntN(maxHidden)
	}
	return bpf.LoadMapValue(dst, p.hidden, int32(8*at))
}
