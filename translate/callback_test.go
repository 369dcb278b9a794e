package translate_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// Helpers that call functions of the program.

// linked joins functions behind a program's main one: loads of their addresses and
// calls name them by their number, from 1 on.
func linked(p *object.Program, funcs ...[]bpf.Insn) *object.Program {
	starts := []int{0}
	for k, f := range funcs {
		p.Funcs = append(p.Funcs, object.Func{Name: fmt.Sprintf("f%d", k+1), Start: len(p.Insns)})
		starts = append(starts, len(p.Insns))
		p.Insns = append(p.Insns, f...)
	}
	for i := range p.Insns {
		if in := &p.Insns[i]; in.IsFuncLoad() || in.IsFuncCall() {
			in.Imm = int32(starts[in.Imm] - i - 1)
		}
	}
	return p
}

// loopCall calls bpf_loop with function f and the stack at off; R1 is set.
func loopCall(f int32, off, flags int) []bpf.Insn {
	return slices.Concat(bpf.LoadFunc(2, f), onStack(3, off), []bpf.Insn{bpf.Mov.Imm(4, int32(flags)), bpf.CallHelper(bpf.HelperLoop)})
}

// TestLoops runs bpf_loop with constant and variable numbers of rounds, flags that
// nobody knows, and callbacks that end early, change the caller's stack and call
// and loop themselves.
func TestLoops(t *testing.T) {
	count := []bpf.Insn{
		load(8, 3, 2, 0), bpf.Mul.Imm(3, 31), bpf.Add.Reg(3, 1), store(8, 2, 0, 3),
		movR0(0), bpf.JNe.Imm(1, 20, 1), movR0(1), exitInsn,
	}
	element := []bpf.Insn{
		bpf.JLt.Imm(1, 64, 2), movR0(1), exitInsn,
		bpf.Mov.Reg(3, 2), bpf.Add.Reg(3, 1), load(1, 4, 3, 0), bpf.Add.Reg(4, 1), store(1, 3, 0, 4), movR0(0), exitInsn,
	}
	outer := slices.Concat(
		[]bpf.Insn{bpf.Mov.Reg(6, 2), bpf.Mov.Reg(7, 1), storeK(8, 10, -8, 5), bpf.Mov.Reg(1, 7), bpf.And.Imm(1, 3)},
		bpf.LoadFunc(2, 2), onStack(3, -8), []bpf.Insn{bpf.Mov.Imm(4, 0), bpf.CallHelper(bpf.HelperLoop)},
		[]bpf.Insn{load(8, 1, 6, 0), bpf.Add.Reg(1, 0), load(8, 2, 10, -8), bpf.Xor.Reg(1, 2), store(8, 6, 0, 1), movR0(0), exitInsn},
	)
	for _, c := range []struct {
		name string
		n    []bpf.Insn
		f    [][]bpf.Insn
		off  int
		flag int
	}{
		{"no round", []bpf.Insn{bpf.Mov.Imm(1, 0)}, [][]bpf.Insn{count}, -8, 0},
		{"three rounds", []bpf.Insn{bpf.Mov.Imm(1, 3)}, [][]bpf.Insn{count}, -8, 0},
		{"ends early", []bpf.Insn{bpf.Mov.Imm(1, 100)}, [][]bpf.Insn{count}, -16, 0},
		{"rounds of the packet", []bpf.Insn{bpf.Mov.Reg(1, 8), bpf.And.Imm(1, 31)}, [][]bpf.Insn{count}, -8, 0},
		{"any number of rounds", []bpf.Insn{bpf.Mov.Reg(1, 6)}, [][]bpf.Insn{count}, -8, 0},
		{"too many rounds", []bpf.Insn{bpf.Mov.Imm(1, 8<<20+1)}, [][]bpf.Insn{count}, -8, 0},
		{"flags", []bpf.Insn{bpf.Mov.Imm(1, 4)}, [][]bpf.Insn{count}, -8, 1},
		{"elements", []bpf.Insn{bpf.Mov.Imm(1, 100)}, [][]bpf.Insn{element}, -104, 0},
		{"loop in a loop", []bpf.Insn{bpf.Mov.Imm(1, 9)}, [][]bpf.Insn{outer, count}, -8, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := withNumbers(nil, slices.Concat([]bpf.Insn{bpf.Mov.Reg(4, 6)}, arrayFill(-104, 64, 8), c.n, loopCall(1, c.off, c.flag), arraySum(-104, 64))...)
			must(t, linked(p, c.f...), "skipsw")
		})
	}
}
