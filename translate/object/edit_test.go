package object_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

func TestEdit(t *testing.T) {
	l, err := bpf.Parse(`
		call f
		call g
		exit
	f:	r0 = 1
		exit
	g:	r0 = 2
		exit`)
	require.NoError(t, err)
	p := &object.Program{
		Name: "p", Insns: l.Insns, Maps: []*object.Map{{Name: "m"}},
		Funcs: []object.Func{{Name: "p"}, {Name: "f", Start: 3, Global: true}, {Name: "g", Start: 5}},
		Lines: []object.Line{{Slot: 0, LineNo: 10}, {Slot: 3, LineNo: 20}, {Slot: 5, LineNo: 30}, {Slot: 6, LineNo: 31}},
	}
	e := bpf.NewEditor(p.Insns)
	e.Remove(0, 1)               // the call of f
	e.Remove(3, 2)               // f
	e.Replace(6, 1, bpf.Goto(0)) // the exit of g
	e.Insert(7, bpf.Return())
	q, err := p.Edit(e)
	require.NoError(t, err)
	want, err := bpf.Parse(`
		call g
		exit
	g:	r0 = 2
		goto pc+0
		exit`)
	require.NoError(t, err)
	require.Equal(t, want.Insns, q.Insns)
	require.Equal(t, []object.Func{{Name: "p"}, {Name: "g", Start: 2}}, q.Funcs)
	require.Equal(t, []object.Line{{Slot: 0, LineNo: 10}, {Slot: 2, LineNo: 30}, {Slot: 3, LineNo: 31}}, q.Lines)
	require.Same(t, p.Maps[0], q.Maps[0])
	require.Len(t, p.Funcs, 3, "the program itself stays as it is")

	e = bpf.NewEditor([]bpf.Insn{bpf.Goto(1), bpf.Return(), bpf.Return()})
	e.Insert(1, make([]bpf.Insn, 1<<15)...)
	_, err = p.Edit(e)
	require.ErrorContains(t, err, "has no room in 16 bits")
}
