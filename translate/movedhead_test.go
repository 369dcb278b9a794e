package translate_test

import (
	"testing"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// TestHeadsInLoops moves a packet's start a number of times that the packet tells:
// on targets without metadata there is none to move along, whatever a loop might
// have done.
func TestHeadsInLoops(t *testing.T) {
	p := &object.Program{Name: "heads", Section: "xdp", Type: object.XDP, Funcs: []object.Func{{Name: "heads"}}, Insns: []bpf.Insn{
		bpf.Mov.Reg(7, 1), load(4, 2, 1, 4), load(4, 1, 1, 0),
		bpf.Mov.Reg(3, 1), bpf.Add.Imm(3, 14),
		bpf.JLe.Reg(3, 2, 2), movR0(1), exitInsn,
		load(1, 6, 1, 0), bpf.And.Imm(6, 7),
		bpf.Mov.Reg(1, 7), bpf.Mov.Imm(2, 3), bpf.CallHelper(bpf.HelperXDPAdjustHead),
		bpf.Sub.Imm(6, 1), bpf.JSGt.Imm(6, 0, -5),
		movR0(2), exitInsn,
	}}
	must(t, p, "skipsw", "agilio")
}

// TestThereAndBack moves an end of a frame there and back again by constants, with
// the result of each move looked at: the frame is then as it was, and both moves count.
func TestThereAndBack(t *testing.T) {
	pop, push := []bpf.Insn{bpf.CallHelper(bpf.HelperSkbVlanPop)}, []bpf.Insn{bpf.Mov.Imm(2, 0x0081), bpf.Mov.Imm(3, 7), bpf.CallHelper(bpf.HelperSkbVlanPush)}
	by := func(h bpf.HelperID, n int32) []bpf.Insn {
		out := []bpf.Insn{bpf.Mov.Imm(2, n)}
		if h == bpf.HelperSkbChangeTail { // takes a length, not a difference
			out = []bpf.Insn{load(4, 2, 6, 0), bpf.Add.Imm(2, n), bpf.Mov.Imm(3, 0)}
		}
		return append(out, bpf.CallHelper(h))
	}
	for _, c := range []struct {
		name         string
		typ          object.Type
		there, again []bpf.Insn
		targets      []string
	}{
		{"shorter and longer", object.XDP, by(bpf.HelperXDPAdjustTail, -1), by(bpf.HelperXDPAdjustTail, 1), []string{"skipsw"}},
		{"longer and shorter", object.XDP, by(bpf.HelperXDPAdjustTail, 9), by(bpf.HelperXDPAdjustTail, -9), []string{"skipsw"}},
		{"head before and behind", object.XDP, by(bpf.HelperXDPAdjustHead, -8), by(bpf.HelperXDPAdjustHead, 8), []string{"skipsw", "agilio"}},
		{"head behind and before", object.XDP, by(bpf.HelperXDPAdjustHead, 8), by(bpf.HelperXDPAdjustHead, -8), []string{"skipsw", "agilio"}},
		{"head and tail", object.XDP, by(bpf.HelperXDPAdjustHead, -8), by(bpf.HelperXDPAdjustTail, -8), []string{"skipsw", "agilio"}},
		{"tail and head", object.XDP, by(bpf.HelperXDPAdjustTail, -8), by(bpf.HelperXDPAdjustHead, -8), []string{"skipsw", "agilio"}},
		{"tag pushed and popped", object.TC, push, pop, []string{"skipsw"}},
		{"tag popped and pushed", object.TC, pop, push, []string{"skipsw"}},
		{"tc tail", object.TC, by(bpf.HelperSkbChangeTail, -4), by(bpf.HelperSkbChangeTail, 4), []string{"skipsw"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			insns := append([]bpf.Insn{bpf.Mov.Reg(6, 1)}, c.there...)
			insns = append(insns, bpf.JNe.Imm(0, 0, int16(len(c.again)+1)), bpf.Mov.Reg(1, 6))
			insns = append(append(insns, c.again...), exitInsn)
			must(t, &object.Program{Name: "back", Type: c.typ, License: "GPL", Funcs: []object.Func{{Name: "back"}}, Insns: insns}, c.targets...)
		})
	}
}
