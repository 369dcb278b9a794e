package translate_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// TestUnseen: stores to the context that nobody reads are told, others are not.
func TestUnseen(t *testing.T) {
	store := func(field int16) bpf.Insn { return bpf.StoreImm(bpf.SizeW, 1, field, 7) }
	load := func(field int16) bpf.Insn { return bpf.Load(bpf.SizeW, 0, 1, field) }
	for _, c := range []struct {
		name  string
		insns []bpf.Insn
		want  []string
	}{
		{"nothing stored", []bpf.Insn{load(bpf.SkBuffMark)}, nil},
		{"stored in vain", []bpf.Insn{store(bpf.SkBuffTcIndex), store(bpf.SkBuffTcClassID), store(bpf.SkBuffTcIndex)}, []string{"tc_index", "tc_classid"}},
		{"read again", []bpf.Insn{store(bpf.SkBuffTcIndex), load(bpf.SkBuffTcIndex)}, nil},
		{"stays with the frame", []bpf.Insn{store(bpf.SkBuffMark), store(bpf.SkBuffPriority), store(bpf.SkBuffQueueMapping)}, nil},
		{"another word of a field", []bpf.Insn{store(bpf.SkBuffCB + 4), load(bpf.SkBuffCB)}, nil},
		{"never reached", nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			insns := append(append([]bpf.Insn(nil), c.insns...), bpf.Mov.Imm(0, 0), bpf.Return())
			if c.name == "never reached" {
				insns = []bpf.Insn{bpf.Mov.Imm(0, 0), bpf.JEq.Imm(0, 0, 1), store(bpf.SkBuffTcIndex), bpf.Return()}
			}
			p, err := verify.Verify(&object.Program{Name: "p", Type: object.TC, Funcs: []object.Func{{Name: "p"}}, Insns: insns}, verify.Options{})
			require.NoError(t, err)
			var r translate.Report
			_, err = translate.Compile(p, translate.Options{Report: &r})
			require.NoError(t, err)
			require.ElementsMatch(t, c.want, r.Unseen)
		})
	}
}
