package translate_test

import (
	"encoding/binary"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// Maps of maps.

// nest returns a map of maps that holds maps like inner at indexes 0 and 2 of 4.
func nest(typ bpf.MapType, inner object.Map) *object.Map {
	one, two := inner, inner
	one.Name, two.Name = "one", "two"
	return &object.Map{
		Name: "outer", Type: typ, KeySize: 4, ValueSize: 4, MaxEntries: 4, Inner: &one,
		Inners: map[uint32]*object.Map{0: &one, 2: &two},
	}
}

// lookupNested leaves in R9 the inner map of the index in R6, lower three bits, and
// gives 99 where there is none; R8 is some number of the packet's.
func lookupNested() []bpf.Insn {
	return slices.Concat(
		[]bpf.Insn{bpf.Mov.Reg(1, 6), bpf.And.Imm(1, 7), store(4, 10, -4, 1)},
		bpf.LoadMap(1, 0), []bpf.Insn{bpf.Mov.Reg(2, 10), bpf.Add.Imm(2, -4), bpf.CallHelper(bpf.HelperMapLookupElem)},
		[]bpf.Insn{bpf.JNe.Imm(0, 0, 2), movR0(99), exitInsn, bpf.Mov.Reg(9, 0)},
	)
}

// key64 stores a key of 8 bytes, the lower two bits of R8, at -16.
func key64() []bpf.Insn {
	return []bpf.Insn{bpf.Mov.Reg(1, 8), bpf.And.Imm(1, 3), store(8, 10, -16, 1)}
}

// TestNestedMaps looks up, updates, counts in and deletes from maps that maps hold.
func TestNestedMaps(t *testing.T) {
	array := object.Map{Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 16, MaxEntries: 3}
	hash := object.Map{Type: bpf.MapTypeHash, KeySize: 8, ValueSize: 16, MaxEntries: 3}
	lru := object.Map{Type: bpf.MapTypeLRUHash, KeySize: 8, ValueSize: 16, MaxEntries: 300}
	call := func(id bpf.HelperID) []bpf.Insn {
		return []bpf.Insn{bpf.Mov.Reg(1, 9), bpf.Mov.Reg(2, 10), bpf.Add.Imm(2, -16), bpf.CallHelper(id)}
	}
	update := slices.Concat(
		[]bpf.Insn{store(8, 10, -32, 8), store(8, 10, -24, 6), bpf.Mov.Reg(3, 10), bpf.Add.Imm(3, -32), bpf.Mov.Reg(4, 7), bpf.And.Imm(4, 3)},
		call(bpf.HelperMapUpdateElem), []bpf.Insn{bpf.Mov.Reg(7, 0)},
	)
	lookup := slices.Concat(call(bpf.HelperMapLookupElem), []bpf.Insn{
		bpf.JEq.Imm(0, 0, 5), load(8, 1, 0, 0), bpf.Add.Reg(1, 8), store(8, 0, 8, 1), load(4, 2, 0, 4), bpf.Add.Reg(7, 2),
	})
	count := slices.Concat(call(bpf.HelperMapLookupElem), []bpf.Insn{
		bpf.JEq.Imm(0, 0, 3), bpf.Mov.Imm(1, 3), bpf.Atomic(bpf.AtomicAdd, bpf.SizeDW, 0, 8, 1), load(4, 7, 0, 8),
	})
	remove := slices.Concat(call(bpf.HelperMapDeleteElem), []bpf.Insn{bpf.Add.Reg(7, 0)})
	result := []bpf.Insn{bpf.Mov.Reg(0, 7)}
	t.Run("neighbours", func(t *testing.T) {
		// The end of an element and the start of the next are no one place.
		var body []bpf.Insn
		for index, at := range []int{8, 0} {
			body = slices.Concat(body, []bpf.Insn{bpf.Mov.Imm(1, int32(index)), store(4, 10, -16, 1)}, call(bpf.HelperMapLookupElem),
				[]bpf.Insn{bpf.JNe.Imm(0, 0, 2), movR0(98), exitInsn, store(8, 0, at, 8)})
		}
		p := withNumbers([]*object.Map{nest(bpf.MapTypeArrayOfMaps, array)}, slices.Concat(lookupNested(), body, result)...)
		must(t, p, "skipsw")
	})
	for _, inner := range []object.Map{array, hash, lru} {
		for _, typ := range []bpf.MapType{bpf.MapTypeArrayOfMaps, bpf.MapTypeHashOfMaps} {
			for name, body := range map[string][]bpf.Insn{
				"lookup": lookup, "update": slices.Concat(update, lookup), "count": slices.Concat(update, count), "delete": slices.Concat(update, remove, lookup),
			} {
				t.Run(typ.String()+"/"+inner.Type.String()+"/"+name, func(t *testing.T) {
					p := withNumbers([]*object.Map{nest(typ, inner)}, slices.Concat(lookupNested(), key64(), body, result)...)
					must(t, p, "skipsw")
				})
			}
		}
	}
}

// TestNestedOthers works on tries, queues, stacks and Bloom filters that maps hold.
func TestNestedOthers(t *testing.T) {
	call := func(id bpf.HelperID, more ...bpf.Insn) []bpf.Insn {
		return slices.Concat([]bpf.Insn{bpf.Mov.Reg(1, 9), bpf.Mov.Reg(2, 10), bpf.Add.Imm(2, -16)}, more, []bpf.Insn{bpf.CallHelper(id), bpf.Mul.Imm(7, 5), bpf.Add.Reg(7, 0)})
	}
	value := []bpf.Insn{store(8, 10, -24, 6), bpf.Mov.Reg(3, 10), bpf.Add.Imm(3, -24)}
	push := call(bpf.HelperMapPushElem, bpf.Mov.Imm(3, 0))
	prefix := []bpf.Insn{bpf.Mov.Reg(1, 8), bpf.And.Imm(1, 31), store(4, 10, -16, 1), store(4, 10, -12, 6)}
	trie := slices.Concat(prefix, call(bpf.HelperMapUpdateElem, append(value, bpf.Mov.Imm(4, 0))...), []bpf.Insn{bpf.And.Imm(6, 7), storeK(4, 10, -16, 32)}, []bpf.Insn{
		bpf.Mov.Reg(1, 9), bpf.Mov.Reg(2, 10), bpf.Add.Imm(2, -16), bpf.CallHelper(bpf.HelperMapLookupElem), bpf.JEq.Imm(0, 0, 2), load(8, 0, 0, 0), bpf.Add.Reg(7, 0),
		bpf.JNe.Imm(6, 3, 5),
	}, call(bpf.HelperMapDeleteElem)[:4], []bpf.Insn{bpf.Add.Reg(7, 0)})
	peek, pop := call(bpf.HelperMapPeekElem), call(bpf.HelperMapPopElem)
	out := []bpf.Insn{load(8, 1, 10, -16), bpf.Add.Reg(7, 1)}
	for name, c := range map[string]struct {
		inner object.Map
		body  []bpf.Insn
	}{
		"lpm_trie":     {object.Map{Type: bpf.MapTypeLPMTrie, KeySize: 8, ValueSize: 8, MaxEntries: 3, Flags: bpf.FNoPrealloc}, trie},
		"queue":        {object.Map{Type: bpf.MapTypeQueue, ValueSize: 8, MaxEntries: 3}, slices.Concat(push, push, peek, out, pop, out)},
		"stack":        {object.Map{Type: bpf.MapTypeStack, ValueSize: 8, MaxEntries: 3}, slices.Concat(push, push, peek, out, pop, out)},
		"bloom_filter": {object.Map{Type: bpf.MapTypeBloomFilter, ValueSize: 8, MaxEntries: 3000}, slices.Concat(peek, push, peek)},
	} {
		for _, typ := range []bpf.MapType{bpf.MapTypeArrayOfMaps, bpf.MapTypeHashOfMaps} {
			t.Run(typ.String()+"/"+name, func(t *testing.T) {
				must(t, withNumbers([]*object.Map{nest(typ, c.inner)}, slices.Concat(lookupNested(), key64(), c.body, []bpf.Insn{bpf.Mov.Reg(0, 7)})...), "skipsw")
			})
		}
	}
}

// TestReplaceInner exchanges an inner map between packets, as hosts do.
func TestReplaceInner(t *testing.T) {
	inner := object.Map{Type: bpf.MapTypeHash, KeySize: 8, ValueSize: 8, MaxEntries: 3}
	for _, typ := range []bpf.MapType{bpf.MapTypeArrayOfMaps, bpf.MapTypeHashOfMaps} {
		t.Run(typ.String(), func(t *testing.T) {
			p := withNumbers([]*object.Map{nest(typ, inner)}, slices.Concat(lookupNested(), key64(), []bpf.Insn{
				bpf.Mov.Reg(1, 9), bpf.Mov.Reg(2, 10), bpf.Add.Imm(2, -16), bpf.CallHelper(bpf.HelperMapLookupElem),
				bpf.JNe.Imm(0, 0, 2), movR0(98), exitInsn, load(8, 0, 0, 0), exitInsn,
			})...)
			p.Insns = p.Insns[:len(p.Insns)-5*stackWords-1] // the sum is never reached
			v, err := verify.Verify(p, verify.Options{})
			require.NoError(t, err)
			img, err := translate.Compile(v, translate.Options{})
			require.NoError(t, err)
			m, err := sim.New(img, sim.DefaultSpec())
			require.NoError(t, err)
			run := func(index byte) uint32 {
				packet := make([]byte, 14)
				packet[0], packet[5] = index, 1
				r := m.Run(sim.Input{Packet: packet})
				require.Nil(t, r.Fault)
				return r.Code
			}
			outer, ok := m.Map("outer")
			require.True(t, ok)
			number := func(n uint32) []byte { return binary.LittleEndian.AppendUint32(nil, n) }
			value := func(n uint64) []byte { return binary.LittleEndian.AppendUint64(nil, n) }
			one, ok := outer.Inner(number(0))
			require.True(t, ok)
			require.NoError(t, one.Update(value(1), value(11), 0))
			require.Equal(t, []uint32{11, 99, 98}, []uint32{run(0), run(1), run(2)})

			fresh, err := outer.NewInner("fresh")
			require.NoError(t, err)
			require.NoError(t, fresh.Update(value(1), value(33), 0))
			require.NoError(t, outer.Update(number(0), number(fresh.Number()), 0))
			require.NoError(t, outer.Update(number(1), number(one.Number()), 0))
			require.NoError(t, outer.Delete(number(2)))
			require.Equal(t, []uint32{33, 11, 99}, []uint32{run(0), run(1), run(2)})
			require.ErrorContains(t, fresh.FreeInner(), `map "outer" holds it`)
			require.ErrorContains(t, outer.Update(number(3), number(77), 0), "there is no map number 77")
			require.ErrorContains(t, outer.Update(number(3), number(outer.Number()), 0), "is not like the inner maps")
			_, err = outer.NewInner("fresh")
			require.ErrorIs(t, err, syscall.EEXIST)

			copied, err := sim.New(img, sim.DefaultSpec())
			require.NoError(t, err)
			to, _ := copied.Map("outer")
			require.NoError(t, to.CopyFrom(outer))
			was := m
			m = copied
			require.Equal(t, []uint32{33, 11, 99}, []uint32{run(0), run(1), run(2)})
			m = was

			require.NoError(t, outer.Update(number(0), number(one.Number()), 0))
			require.NoError(t, fresh.FreeInner())
			again, err := outer.NewInner("again")
			require.NoError(t, err)
			require.Equal(t, fresh.Info().Base, again.Info().Base, "its memory is used again")
			require.NoError(t, m.Reset())
			require.Equal(t, []uint32{98, 99, 98}, []uint32{run(0), run(1), run(2)})
		})
	}
}
