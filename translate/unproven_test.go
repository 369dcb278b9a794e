package translate_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// A program that is not proven is compiled only for those who ask for it.
func TestCompileRefusesUnproven(t *testing.T) {
	p := &object.Program{
		Name: "unproven", Type: object.XDP, License: "GPL", Funcs: []object.Func{{Name: "unproven"}},
		Insns: []bpf.Insn{
			bpf.Load(bpf.SizeW, 1, 1, 0),
			bpf.Load(bpf.SizeB, 0, 1, 9),
			bpf.Return(),
		},
	}
	_, err := verify.Verify(p, verify.Options{})
	require.Error(t, err)
	v, err := verify.Verify(p, verify.Options{Unproven: true})
	require.NoError(t, err)
	require.False(t, v.Proven())
	_, err = translate.Compile(v, translate.Options{})
	require.ErrorContains(t, err, "program unproven is not proven to be safe")
	_, err = translate.Compile(v, translate.Options{Unproven: true})
	require.NoError(t, err)

	p.Insns[1] = bpf.Mov.Imm(0, 0)
	v, err = verify.Verify(p, verify.Options{Unproven: true})
	require.NoError(t, err)
	require.True(t, v.Proven())
}
