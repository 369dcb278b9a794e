package bpf_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/bpf"
)

func parse(t testing.TB, text string) []bpf.Insn {
	t.Helper()
	l, err := bpf.Parse(text)
	require.NoError(t, err)
	return l.Insns
}

func TestEditor(t *testing.T) {
	const src = `
		r1 = 1
		if r1 == 0 goto out
		r2 = 0x100000000 ll
		call f
	out:	r0 = 2
		exit
	f:	r0 = func f
		gotol f`
	for name, c := range map[string]struct {
		edit  func(e *bpf.Editor)
		want  string
		moves bpf.Moves
	}{
		"nothing": {func(*bpf.Editor) {}, src, bpf.Moves{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
		"a removed slot takes its whole instruction along": {
			func(e *bpf.Editor) { e.Remove(3, 1) },
			"r1 = 1; if r1 == 0 goto out; call f; out: r0 = 2; exit; f: r0 = func f; gotol f",
			bpf.Moves{0, 1, 2, 2, 2, 3, 4, 5, 6, 7, 8},
		},
		"a jump to a removed instruction goes on behind it": {
			func(e *bpf.Editor) { e.Remove(5, 1) },
			"r1 = 1; if r1 == 0 goto out; r2 = 0x100000000 ll; call f; out: exit; f: r0 = func f; gotol f",
			bpf.Moves{0, 1, 2, 3, 4, 5, 5, 6, 7, 8, 9},
		},
		"a jump goes to what was put in front": {
			func(e *bpf.Editor) {
				e.Insert(5, bpf.Mov.Imm(3, 3))
				e.Insert(5, bpf.JEq.Imm(3, 3, 0))
			},
			"r1 = 1; if r1 == 0 goto out; r2 = 0x100000000 ll; call f; out: r3 = 3; if r3 == 3 goto b; b: r0 = 2; exit; f: r0 = func f; gotol f",
			bpf.Moves{0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12},
		},
		"replacement by more, and an end": {
			func(e *bpf.Editor) {
				e.Replace(1, 1, bpf.JEq.Imm(1, 7, 1), bpf.Mov.Imm(4, 4))
				e.Insert(10, bpf.Return())
			},
			"r1 = 1; if r1 == 7 goto b; r4 = 4; b: r2 = 0x100000000 ll; call f; r0 = 2; exit; f: r0 = func f; gotol f; exit",
			bpf.Moves{0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11},
		},
		"by what they are": {
			func(e *bpf.Editor) { e.RemoveIf(func(_ int, in bpf.Insn) bool { return in.Wide() || in.IsExit() }) },
			"r1 = 1; if r1 == 0 goto out; call f; out: r0 = 2; f: gotol f",
			bpf.Moves{0, 1, 2, 2, 2, 3, 4, 4, 4, 4, 5},
		},
	} {
		t.Run(name, func(t *testing.T) {
			old := parse(t, src)
			before := append([]bpf.Insn{}, old...)
			e := bpf.NewEditor(old)
			c.edit(e)
			got, moves, err := e.Apply()
			require.NoError(t, err)
			require.Equal(t, parse(t, statements(c.want)), got)
			require.Equal(t, c.moves, moves)
			require.Equal(t, before, old)
		})
	}
}

// statements lets semicolons divide lines.
func statements(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c == ';' {
			b[i] = '\n'
		}
	}
	return string(b)
}

func TestEditorDistance(t *testing.T) {
	e := bpf.NewEditor([]bpf.Insn{bpf.Goto(1), bpf.Return(), bpf.Return()})
	e.Insert(2, make([]bpf.Insn, 1<<15)...)
	_, _, err := e.Apply()
	require.NoError(t, err)
	e.Insert(1, bpf.Mov.Imm(0, 0))
	_, _, err = e.Apply()
	require.NoError(t, err, "a jump to what was put in front of its target has the old distance")
	e = bpf.NewEditor([]bpf.Insn{bpf.Goto(1), bpf.Return(), bpf.Return()})
	e.Insert(1, make([]bpf.Insn, 1<<15)...)
	_, _, err = e.Apply()
	require.EqualError(t, err, "instruction 0: a distance of 32769 slots has no room in 16 bits")
}

// Whatever is inserted and removed again, what stays names what it named.
func TestEditorKeepsTargets(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		n := 2 + r.IntN(30)
		old := make([]bpf.Insn, n)
		for i := range old {
			// The constant tells the instruction apart.
			old[i] = bpf.JEq.Imm(uint8(r.IntN(10)), int32(i), int16(r.IntN(n)-i-1))
		}
		e := bpf.NewEditor(old)
		gone := make([]bool, n)
		for range r.IntN(6) {
			at := r.IntN(n)
			if r.IntN(2) == 0 {
				e.Insert(at, bpf.Mov.Imm(0, -1))
			} else {
				gone[at] = true
				e.Remove(at, 1)
			}
		}
		got, moves, err := e.Apply()
		require.NoError(t, err)
		for pc, in := range got {
			if !in.IsJump() {
				continue
			}
			was := old[in.Imm].JumpTarget(int(in.Imm))
			require.Equal(t, moves[was], in.JumpTarget(pc))
			to := in.JumpTarget(pc)
			for to < len(got) && !got[to].IsJump() {
				to++
			}
			for was < n && gone[was] {
				was++
			}
			if was < n {
				require.Equal(t, int32(was), got[to].Imm)
			}
		}
	}
}

func TestAssembler(t *testing.T) {
	var a bpf.Assembler
	loop, out, f := a.NewLabel(), a.NewLabel(), a.NewLabel()
	a.Place(loop)
	a.Emit(bpf.Add.Imm(1, 1))
	a.EmitTo(bpf.JGt.Imm(1, 10, 0), out)
	a.EmitTo(bpf.CallFunc(0), f)
	a.EmitTo(bpf.Gotol(0), loop)
	a.Place(out)
	require.True(t, a.Targeted(out))
	a.Emit(bpf.Return())
	require.Equal(t, 5, a.Len())
	_, err := a.Assemble()
	require.EqualError(t, err, "instruction 2 names a label that was never placed")
	a.Place(f)
	a.Emit(bpf.Return())
	got, err := a.Assemble()
	require.NoError(t, err)
	require.Equal(t, parse(t, "l: r1 += 1\nif r1 > 10 goto o\ncall f\ngotol l\no: exit\nf: exit"), got)
	a.EmitTo(bpf.Return(), out)
	_, err = a.Assemble()
	require.EqualError(t, err, "instruction 6: exit names no slot")
}

func TestReach(t *testing.T) {
	insns := parse(t, `
		if r1 == 0 goto out
		r1 = func g
		exit
		r9 = 9
	out:	call f
		exit
	f:	goto pc+0
		exit
		r9 = 9
	g:	r0 = 1
		exit`)
	mark, leaves := bpf.Reach(insns)
	require.Equal(t, -1, leaves)
	for pc, m := range mark {
		require.Equal(t, !(insns[pc] == bpf.Mov.Imm(9, 9)), m, "slot %d", pc)
	}
	require.Equal(t, []int{7, 10}, bpf.FuncStarts(insns))
	mark, leaves = bpf.Reach(insns[:1], 0)
	require.Equal(t, 0, leaves)
	require.Equal(t, []bool{true}, mark)
	_, leaves = bpf.Reach(nil)
	require.Equal(t, 0, leaves)
}
