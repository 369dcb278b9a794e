package gen

import (
	"math/rand/v2"
	"slices"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// NearMiss makes the program of a seed and changes one to three things in it:
// a constant by a little, a register, a width, a condition, a jump's way, an
// argument's place, the helper or function that is called. Some results are refused, some
// are other good programs; a judge must tell.
func NearMiss(seed uint64, o Options) *object.Program {
	p := Program(seed, o)
	r := rand.New(rand.NewPCG(seed, 0x6e656172))
	p.Insns = slices.Clone(p.Insns)
	for range 1 + r.IntN(3) {
		mutate(r, p)
	}
	return p
}

func mutate(r *rand.Rand, p *object.Program) {
	i := r.IntN(len(p.Insns))
	in := &p.Insns[i]
	switch {
	case in.Op == 0: // the second slot of a 64-bit immediate load
		return
	case in.Wide() && in.Src != 0 && !in.IsFuncLoad():
		in.Imm = int32(r.IntN(len(p.Maps)))
		return
	case in.Wide():
		in.Dst = uint8(r.IntN(11))
		return
	}
	small := []int32{-8, -4, -2, -1, 1, 2, 4, 8}[r.IntN(8)]
	if in.IsHelperCall() || in.IsFuncCall() {
		mutateCall(r, p, i)
		return
	}
	switch r.IntN(9) {
	case 0, 1:
		in.Imm += small
	case 2:
		in.Off += int16(small)
	case 3:
		in.Dst = uint8(r.IntN(11))
	case 4:
		in.Src = uint8(r.IntN(11))
	case 5:
		flipOp(r, in)
	case 6:
		if c := in.Class(); c <= bpf.ClassSTX {
			size := []bpf.Size{bpf.SizeW, bpf.SizeH, bpf.SizeB, bpf.SizeDW}[r.IntN(4)]
			in.Op = bpf.MemOpcode(c, in.Mode(), size)
		} else {
			in.Imm = edges[r.IntN(len(edges))]
		}
	case 7:
		*in = bpf.Mov.Imm(uint8(r.IntN(10)), small)
	case 8:
		if k := r.IntN(len(p.Insns)); !p.Insns[k].Wide() && p.Insns[k].Op != 0 {
			p.Insns[i], p.Insns[k] = p.Insns[k], p.Insns[i]
		}
	}
}

// mutateCall changes what is called, or what stands before a call for an argument:
// its place by up to 16 bytes, or its size.
func mutateCall(r *rand.Rand, p *object.Program, i int) {
	by := int32(r.IntN(33) - 16)
	if r.IntN(3) > 0 {
		for range 12 {
			if i--; i < 0 || p.Insns[i].Op == 0 || p.Insns[i].IsConditional() {
				return
			}
			in := &p.Insns[i]
			argument := in.Dst >= bpf.R1 && in.Dst <= bpf.R5 && in.Class() == bpf.ClassALU64
			if argument && in.Source() == bpf.K && r.IntN(3) == 0 {
				in.Imm += by
				return
			}
		}
		return
	}
	in := &p.Insns[i]
	var same []bpf.Insn
	for _, other := range p.Insns {
		if other.IsHelperCall() == in.IsHelperCall() && other.IsFuncCall() == in.IsFuncCall() && other.Imm != in.Imm {
			same = append(same, other)
		}
	}
	switch {
	case in.IsHelperCall() && len(same) > 0:
		in.Imm = same[r.IntN(len(same))].Imm
	case in.IsFuncCall() && len(p.Funcs) > 1:
		in.Imm = int32(p.Funcs[r.IntN(len(p.Funcs))].Start - i - 1)
	}
}

// flipOp turns an operation into its neighbour: another comparison, another
// arithmetic operation, the other source or the other width.
func flipOp(r *rand.Rand, in *bpf.Insn) {
	switch in.Class() {
	case bpf.ClassJMP, bpf.ClassJMP32:
		if op := in.JumpOp(); op == bpf.Call || op == bpf.Exit || op == bpf.Ja {
			return
		}
		in.Op = bpf.JumpOpcode(in.Class(), jumpsV2[r.IntN(len(jumpsV2))], in.Source())
	case bpf.ClassALU, bpf.ClassALU64:
		switch r.IntN(3) {
		case 0:
			in.Op = bpf.ALUOpcode(in.Class(), in.ALUOp(), in.Source()^bpf.X)
		case 1:
			in.Op = bpf.ALUOpcode(bpf.ClassALU+bpf.ClassALU64-in.Class(), in.ALUOp(), in.Source())
		default:
			in.Op = bpf.ALUOpcode(in.Class(), plainOps[r.IntN(len(plainOps))], in.Source())
		}
	}
}
