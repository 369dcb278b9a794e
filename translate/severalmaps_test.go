package translate_test

import (
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// Maps, and values of maps, that depend on the path.

// filled makes a map with two entries: key 0 and, hashed or not, key 1.
func filled(name string, typ bpf.MapType, key, value uint32) *object.Map {
	m := &object.Map{Name: name, Type: typ, KeySize: key, ValueSize: value, MaxEntries: 4}
	for k := range byte(2) {
		e := object.Entry{Key: make([]byte, key), Value: make([]byte, value)}
		e.Key[0] = k
		if typ != bpf.MapTypeArray {
			for j := 0; j < int(value); j += 4 {
				binary.LittleEndian.PutUint32(e.Value[j:], uint32(name[0])*77+uint32(k))
			}
		}
		m.Initial = append(m.Initial, e)
	}
	return m
}

// onOdd runs one of two pieces of code, by a bit of the packet.
func onOdd(even, odd []bpf.Insn) []bpf.Insn {
	return slices.Concat(
		[]bpf.Insn{bpf.Mov.Reg(1, 8), bpf.And.Imm(1, 1), bpf.JNe.Imm(1, 0, int16(len(even)+1))},
		even, []bpf.Insn{bpf.Goto(int16(len(odd)))}, odd,
	)
}

// must holds a program against the interpreter on the targets named, at all levels.
func must(t *testing.T, p *object.Program, targets ...string) {
	t.Helper()
	for _, name := range targets {
		tg, err := target.Builtin(name)
		require.NoError(t, err)
		generous(tg)
		for _, level := range []translate.Level{translate.LevelDefault, translate.LevelNone} {
			runs, err := differ(p, 7, tg, level)
			require.NoError(t, err, "%s, level %d", name, level)
			require.NotZero(t, runs)
		}
	}
}

// keys writes keys for both maps: bytes -40 to -25 and -16 to -1 of the stack.
func keys() []bpf.Insn {
	out := []bpf.Insn{bpf.Mov.Reg(1, 8), bpf.Rsh.Imm(1, 1), bpf.And.Imm(1, 3)}
	for _, at := range []int{-40, -32, -16, -8} {
		out = append(out, storeK(8, 10, at, 0))
	}
	return append(out, store(1, 10, -40, 1), store(1, 10, -16, 1))
}

// TestCallWithOneOfSeveralMaps has the map of a helper call depend on the path.
func TestCallWithOneOfSeveralMaps(t *testing.T) {
	helpers := map[string]func(m, key int) (args, after []bpf.Insn){
		"lookup": func(m, key int) (args, after []bpf.Insn) {
			return nil, []bpf.Insn{bpf.CallHelper(bpf.HelperMapLookupElem), bpf.JNe.Imm(0, 0, 2), movR0(99), bpf.Goto(1), load(4, 0, 0, 0)}
		},
		"delete": func(m, key int) (args, after []bpf.Insn) {
			return nil, []bpf.Insn{bpf.CallHelper(bpf.HelperMapDeleteElem)}
		},
		"update": func(m, key int) (args, after []bpf.Insn) {
			return slices.Concat(onStack(3, key), []bpf.Insn{bpf.Mov.Imm(4, int32(m))}), []bpf.Insn{bpf.CallHelper(bpf.HelperMapUpdateElem)}
		},
	}
	for _, kind := range []struct {
		name string
		a, b *object.Map
	}{
		{"two hashes", filled("left", bpf.MapTypeHash, 4, 8), filled("right", bpf.MapTypeHash, 4, 8)},
		{"two arrays", filled("left", bpf.MapTypeArray, 4, 8), filled("right", bpf.MapTypeArray, 4, 8)},
		{"hash and array", filled("left", bpf.MapTypeHash, 4, 8), filled("right", bpf.MapTypeArray, 4, 4)},
		{"keys of 4 and 16 bytes", filled("left", bpf.MapTypeHash, 4, 8), filled("right", bpf.MapTypeHash, 16, 8)},
		{"keys of 16 and 8 bytes", filled("left", bpf.MapTypeHash, 16, 8), filled("right", bpf.MapTypeHash, 8, 16)},
	} {
		for _, helper := range []string{"lookup", "delete", "update"} {
			for _, place := range []string{"one key", "a key each"} {
				at := [2]int{-40, -40}
				if place == "a key each" {
					at[1] = -16
				}
				arm := func(m int) []bpf.Insn {
					args, _ := helpers[helper](m, at[m])
					return slices.Concat(bpf.LoadMap(1, m), onStack(2, at[m]), args)
				}
				_, after := helpers[helper](0, 0)
				t.Run(fmt.Sprintf("%s/%s/%s", kind.name, helper, place), func(t *testing.T) {
					p := withNumbers([]*object.Map{kind.a, kind.b}, slices.Concat(keys(), onOdd(arm(0), arm(1)), after)...)
					must(t, p, "skipsw", "agilio")
				})
			}
		}
	}
	t.Run("one of three", func(t *testing.T) {
		maps := []*object.Map{filled("a", bpf.MapTypeHash, 4, 8), filled("b", bpf.MapTypeHash, 8, 8), filled("c", bpf.MapTypeArray, 4, 8)}
		third := slices.Concat([]bpf.Insn{bpf.Mov.Reg(3, 8), bpf.And.Imm(3, 2), bpf.JNe.Imm(3, 0, 2)}, bpf.LoadMap(1, 2))
		_, after := helpers["lookup"](0, 0)
		must(t, withNumbers(maps, slices.Concat(keys(), onOdd(bpf.LoadMap(1, 0), bpf.LoadMap(1, 1)), third, onStack(2, -16), after)...), "skipsw", "agilio")
	})
	t.Run("parameter of a function", func(t *testing.T) {
		maps := []*object.Map{filled("a", bpf.MapTypeHash, 4, 8), filled("b", bpf.MapTypeHash, 4, 8)}
		_, after := helpers["lookup"](0, 0)
		call := func(m int) []bpf.Insn { return slices.Concat(bpf.LoadMap(1, m), onStack(2, -16)) }
		body := slices.Concat(keys(), call(0), []bpf.Insn{bpf.CallFunc(0)}, []bpf.Insn{bpf.Mov.Reg(6, 0)}, call(1), []bpf.Insn{bpf.CallFunc(0), bpf.Add.Reg(0, 6)})
		p := withNumbers(maps, body...)
		start := len(p.Insns)
		for k := range p.Insns {
			if p.Insns[k].IsFuncCall() {
				p.Insns[k].Imm = int32(start - k - 1)
			}
		}
		p.Insns = append(p.Insns, append(after, exitInsn)...)
		p.Funcs = append(p.Funcs, object.Func{Name: "find", Start: start})
		must(t, p, "skipsw", "agilio")
	})
}

// TestValueOfOneOfSeveralMaps reads, writes and counts in values that come from
// one of two maps.
func TestValueOfOneOfSeveralMaps(t *testing.T) {
	add := func(off int) bpf.Insn { return bpf.Atomic(bpf.AtomicAdd, bpf.SizeDW, 0, int16(off), 7) }
	for _, kind := range []struct {
		name string
		a, b *object.Map
	}{
		{"arrays", filled("a", bpf.MapTypeArray, 4, 16), filled("b", bpf.MapTypeArray, 4, 16)},
		{"hashes", filled("a", bpf.MapTypeHash, 4, 16), filled("b", bpf.MapTypeHash, 16, 16)},
		{"values of two sizes", filled("a", bpf.MapTypeHash, 4, 16), filled("b", bpf.MapTypeArray, 4, 24)},
	} {
		for _, use := range []struct {
			name    string
			body    []bpf.Insn
			targets []string
		}{
			{"counted", []bpf.Insn{add(0), add(8)}, []string{"skipsw", "agilio"}},
			{"read", []bpf.Insn{load(8, 6, 0, 0), load(2, 7, 0, 10)}, []string{"skipsw", "agilio"}},
			{"counted and read in other words", []bpf.Insn{add(0), load(4, 6, 0, 12)}, []string{"skipsw", "agilio"}},
			{"written", []bpf.Insn{store(8, 0, 0, 7), store(1, 0, 9, 7)}, []string{"skipsw"}},
			{"counted, read and written", []bpf.Insn{add(0), load(1, 6, 0, 1), store(2, 0, 2, 7), add(0), load(8, 6, 0, 0)}, []string{"skipsw"}},
			{"fetched", []bpf.Insn{bpf.Atomic(bpf.AtomicAdd|bpf.AtomicFetch, bpf.SizeW, 0, 4, 7)}, []string{"skipsw"}},
		} {
			t.Run(kind.name+"/"+use.name, func(t *testing.T) {
				maps := []*object.Map{cleared(kind.a, use.name), cleared(kind.b, use.name)}
				arm := func(m, key int) []bpf.Insn {
					return slices.Concat(bpf.LoadMap(1, m), onStack(2, key), []bpf.Insn{bpf.CallHelper(bpf.HelperMapLookupElem)})
				}
				p := withNumbers(maps, slices.Concat(
					keys(), onOdd(arm(0, -40), arm(1, -16)),
					[]bpf.Insn{bpf.JNe.Imm(0, 0, 2), movR0(99), bpf.Goto(int16(len(use.body) + 3))}, use.body,
					[]bpf.Insn{movR0(0), bpf.Add.Reg(0, 6), bpf.Add.Reg(0, 7)},
				)...)
				must(t, p, use.targets...)
			})
		}
	}
}

// cleared returns a map whose values begin at zero if the use counts in them:
// firmware keeps counters in another byte order than the entries of objects.
func cleared(m *object.Map, use string) *object.Map {
	out := *m
	out.Initial = nil
	for _, e := range m.Initial {
		if use != "read" {
			e.Value = make([]byte, len(e.Value))
		}
		out.Initial = append(out.Initial, e)
	}
	return &out
}

// TestPlaceOfJoinedCode checks that messages name a line where the compiler of
// the program has left none.
func TestPlaceOfJoinedCode(t *testing.T) {
	p := small(nil, bpf.CallHelper(bpf.HelperKtimeGetNs), movR0(2), exitInsn)
	p.Lines = []object.Line{{Slot: 0, File: "small.c"}, {Slot: 1, File: "small.c", LineNo: 12}, {Slot: 2, File: "small.c"}}
	require.Equal(t, 12, p.PlaceAt(0).LineNo)
	require.Equal(t, 12, p.PlaceAt(2).LineNo)
	require.Zero(t, p.LineAt(0).LineNo)
	p.Funcs = append(p.Funcs, object.Func{Name: "other", Start: 1})
	require.Zero(t, p.PlaceAt(0).LineNo, "the line of another function")
}
