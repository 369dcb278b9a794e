package translate_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// TestLongValues updates maps with values that no window of local memory holds,
// from the stack and from other maps, reads what they hold and updates again.
func TestLongValues(t *testing.T) {
	for _, typ := range []bpf.MapType{bpf.MapTypeHash, bpf.MapTypeLRUHash, bpf.MapTypePerCPUHash, bpf.MapTypeArray} {
		for _, size := range []int{64, 68, 100, 128, 131, 200, 256, 384} {
			t.Run(fmt.Sprintf("%v/%d bytes", typ, size), func(t *testing.T) {
				at := -48 - (size+7)/8*8
				var fill []bpf.Insn
				for k := 0; k < (size+7)/8*8; k += 8 {
					fill = append(fill, store(8, 10, at+k, 6), bpf.Mul.Imm(6, 31), bpf.Add.Reg(6, 7))
				}
				update := func(m, key int, value []bpf.Insn) []bpf.Insn {
					return slices.Concat([]bpf.Insn{storeK(4, 10, -40, key)}, value, bpf.LoadMap(1, m), onStack(2, -40),
						[]bpf.Insn{bpf.Mov.Imm(4, 0), bpf.CallHelper(bpf.HelperMapUpdateElem)})
				}
				sum := []bpf.Insn{storeK(4, 10, -40, 1)}
				sum = slices.Concat(sum, bpf.LoadMap(1, 0), onStack(2, -40), []bpf.Insn{
					bpf.CallHelper(bpf.HelperMapLookupElem), bpf.JNe.Imm(0, 0, 2), movR0(3), bpf.Return(), bpf.Mov.Reg(9, 0),
				}, update(1, 2, []bpf.Insn{bpf.Mov.Reg(3, 9)}), []bpf.Insn{load(4, 0, 9, size/2&^3), load(1, 1, 9, size-1), bpf.Add.Reg(0, 1)})
				maps := []*object.Map{
					{Name: "one", Type: typ, KeySize: 4, ValueSize: uint32(size), MaxEntries: 4},
					{Name: "two", Type: typ, KeySize: 4, ValueSize: uint32(size), MaxEntries: 4},
				}
				must(t, withNumbers(maps, slices.Concat(fill, update(0, 1, onStack(3, at)), sum)...), "skipsw")
			})
		}
	}
}

// TestLargeMaps compiles maps of 16 million entries and of gigabytes, and refuses with the
// numbers what a target has no room for, or what lies beyond the addresses of its code.
func TestLargeMaps(t *testing.T) {
	tg := target.MustBuiltin("skipsw")
	eight := target.MustBuiltin("skipsw")
	eight.Maps.Regions[0].Size = 8 << 30
	for _, c := range []struct {
		tg      *target.Target
		typ     bpf.MapType
		entries uint32
		value   uint32
		want    string
	}{
		{tg, bpf.MapTypeArray, 1 << 24, 8, ""},
		{tg, bpf.MapTypeHash, 1 << 24, 8, ""},
		{tg, bpf.MapTypeArray, 8_000_000, 128, ""},
		{tg, bpf.MapTypeArray, 1<<24 + 1, 8, "it has 16777217 entries and target skipsw takes 16777216"},
		{tg, bpf.MapTypeArray, 1 << 24, 64, "it takes 1073741824 bytes, and target skipsw has 1073741824 bytes for all maps together"},
		{eight, bpf.MapTypeArray, 1 << 24, 200, ""},
		{eight, bpf.MapTypeArray, 1 << 24, 256, "it takes 4294967296 bytes from 0x2000000040 on, and code reaches maps below 0x2100000000"},
	} {
		m := &object.Map{Name: "m", Type: c.typ, KeySize: 4, ValueSize: c.value, MaxEntries: c.entries}
		v, err := verify.Verify(small([]*object.Map{m}, slices.Concat([]bpf.Insn{storeK(4, 10, -4, 5)}, bpf.LoadMap(1, 0), onStack(2, -4),
			[]bpf.Insn{bpf.CallHelper(bpf.HelperMapLookupElem), movR0(1), bpf.Return()})...), verify.Options{})
		require.NoError(t, err)
		_, err = translate.Compile(v, translate.Options{Target: c.tg})
		if c.want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, c.want)
		require.ErrorIs(t, err, translate.ErrNotSupported)
	}
}

// TestLongKeys puts in, looks up and takes out keys that are compared in pieces, from
// the stack and from a value of another map; keys differ in their
// first, their last or no byte.
func TestLongKeys(t *testing.T) {
	for _, typ := range []bpf.MapType{bpf.MapTypeHash, bpf.MapTypeLRUHash, bpf.MapTypePerCPUHash} {
		for _, size := range []int{64, 65, 68, 96, 127, 128, 200, 256, 350} {
			t.Run(fmt.Sprintf("%v/%d bytes", typ, size), func(t *testing.T) {
				room := (size + 7) / 8 * 8
				at := -56 - room
				var fill []bpf.Insn
				for k := 0; k < room; k += 8 {
					fill = append(fill, storeK(8, 10, at+k, k))
				}
				call := func(m int, key []bpf.Insn, helper bpf.HelperID, more ...bpf.Insn) []bpf.Insn {
					return slices.Concat(bpf.LoadMap(1, m), key, more, []bpf.Insn{bpf.CallHelper(helper)})
				}
				value := []bpf.Insn{store(8, 10, -48, 6), bpf.Mov.Reg(3, 10), bpf.Add.Imm(3, -48), bpf.Mov.Imm(4, 0)}
				body := slices.Concat(fill, []bpf.Insn{bpf.And.Imm(8, 3), store(1, 10, at, 8), bpf.And.Imm(6, 1), store(1, 10, at+size-1, 6)},
					call(0, onStack(2, at), bpf.HelperMapUpdateElem, value...),
					[]bpf.Insn{bpf.Mov.Reg(9, 0), storeK(1, 10, at, 2)},
					call(0, onStack(2, at), bpf.HelperMapLookupElem),
					[]bpf.Insn{bpf.JEq.Imm(0, 0, 3), load(8, 0, 0, 0), bpf.Add.Reg(9, 0), bpf.Add.Imm(9, 5)},
					// The array's value is a key, too.
					[]bpf.Insn{storeK(4, 10, -40, 0)}, call(1, onStack(2, -40), bpf.HelperMapLookupElem),
					[]bpf.Insn{bpf.JNe.Imm(0, 0, 2), movR0(3), bpf.Return(), bpf.Mov.Reg(7, 0)},
					call(0, []bpf.Insn{bpf.Mov.Reg(2, 7)}, bpf.HelperMapUpdateElem, value...),
					[]bpf.Insn{bpf.Add.Reg(9, 0)},
					call(0, onStack(2, at), bpf.HelperMapDeleteElem),
					[]bpf.Insn{bpf.Mul.Imm(9, 3), bpf.Add.Reg(9, 0)},
					call(0, []bpf.Insn{bpf.Mov.Reg(2, 7)}, bpf.HelperMapLookupElem),
					[]bpf.Insn{bpf.JEq.Imm(0, 0, 2), bpf.Add.Imm(9, 9), load(8, 0, 0, 0), bpf.Add.Reg(9, 0), bpf.Mov.Reg(0, 9)},
				)
				maps := []*object.Map{
					{Name: "one", Type: typ, KeySize: uint32(size), ValueSize: 8, MaxEntries: 512},
					{Name: "two", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: uint32(room), MaxEntries: 1},
				}
				must(t, withNumbers(maps, body...), "skipsw")
			})
		}
	}
}
