package object_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

func TestWithSlots(t *testing.T) {
	obj, err := object.Load(filepath.Join("..", "..", "testdata", "bpf", "tail_dispatch.o"), object.Options{})
	require.NoError(t, err)
	p, err := obj.Program("tail_dispatch")
	require.NoError(t, err)
	names := func(p *object.Program) (out []string) {
		for _, q := range p.Called {
			out = append(out, q.Name)
		}
		return out
	}
	array := func(p *object.Program) *object.Map {
		for _, m := range p.AllMaps() {
			if m.Name == "programs" {
				return m
			}
		}
		return nil
	}

	t.Run("what is not reached any more goes", func(t *testing.T) {
		q, err := p.WithSlots(map[string]map[uint32]string{"programs": {3: "last"}}, nil)
		require.NoError(t, err)
		require.Equal(t, []string{"last"}, names(q))
		require.Len(t, p.Called, 4, "the program itself stays as it is")
		require.Len(t, array(p).Programs, 4)
		require.Equal(t, map[uint32]string{3: "last"}, array(q).Programs)
		require.Len(t, q.AllMaps(), 2, "they share maps")
	})
	t.Run("arrays that are not named keep theirs", func(t *testing.T) {
		q, err := p.WithSlots(nil, nil)
		require.NoError(t, err)
		require.ElementsMatch(t, names(p), names(q))
	})

	other := func(maps ...*object.Map) *object.Program {
		return &object.Program{Name: "other", Type: object.XDP, Maps: maps, Insns: []bpf.Insn{bpf.Mov.Imm(bpf.R0, 1), bpf.Return()}, Funcs: []object.Func{{Name: "other"}}}
	}
	put := map[string]map[uint32]string{"programs": {0: "other"}}
	t.Run("a program of another object", func(t *testing.T) {
		visits := *obj.Map("visits")
		constants := &object.Map{Name: ".rodata", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: 1, Frozen: true}
		q, err := p.WithSlots(put, []*object.Program{other(&visits, constants)})
		require.NoError(t, err)
		require.Equal(t, []string{"other"}, names(q))
		require.Equal(t, "other.rodata", q.Called[0].Maps[1].Name)
		require.Contains(t, q.AllMaps()[:len(q.Maps)], q.Called[0].Maps[0], "maps of a name are one")
	})
	t.Run("a map of another shape", func(t *testing.T) {
		visits := *obj.Map("visits")
		visits.ValueSize = 16
		_, err := p.WithSlots(put, []*object.Program{other(&visits)})
		require.EqualError(t, err, "map visits of program other is of another type, size or flags than the map of this name that is there")
	})
	t.Run("a program that is not there", func(t *testing.T) {
		_, err := p.WithSlots(put, nil)
		require.EqualError(t, err, "entry 0 of program array programs holds program other, which is not there")
	})
}
