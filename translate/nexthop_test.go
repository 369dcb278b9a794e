package translate_test

import (
	"testing"

	"github.com/skipsw/skipsw/translate/bpf"
)

// TestVerdictBehindLoop: a tc program that says nobody who gets the frame needs
// nothing that the host knows of its network, whatever is before its end: loops of
// its own, and those that the compiler makes.
func TestVerdictBehindLoop(t *testing.T) {
	count := []bpf.Insn{bpf.Mov.Reg(2, 8), bpf.And.Imm(2, 7), bpf.Add.Imm(2, 1)}
	for name, code := range map[string][]bpf.Insn{
		"loop":     {bpf.Add.Reg(0, 2), bpf.Add.Imm(2, -1), bpf.JNe.Imm(2, 0, -3)},
		"division": {bpf.Mov.Reg(0, 6), bpf.Div.Reg(0, 2), bpf.Mod.Reg(7, 2), bpf.Add.Reg(0, 7)},
		"constant": {bpf.Mov.Imm(0, 0), bpf.Div.Imm(0, -1)},
	} {
		t.Run(name, func(t *testing.T) {
			must(t, asTC(withNumbers(nil, append(count[:len(count):len(count)], code...)...)), "skipsw")
		})
	}
}
