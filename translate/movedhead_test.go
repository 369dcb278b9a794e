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
