package translate_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// filterProgram puts a value of so many bytes into map 0, with flags, and asks for it and
// for one that differs in its last byte.
func filterProgram(size int, extra uint64, flags int32) *object.Program {
	room := (size + 7) / 8 * 8
	at := -48 - room
	var fill []bpf.Insn
	for k := 0; k < room; k += 8 {
		fill = append(fill, storeK(8, 10, at+k, k+1))
	}
	ask := func(helper bpf.HelperID, more ...bpf.Insn) []bpf.Insn {
		return slices.Concat(bpf.LoadMap(1, 0), onStack(2, at), more, []bpf.Insn{bpf.CallHelper(helper)})
	}
	body := slices.Concat(fill, []bpf.Insn{bpf.And.Imm(8, 3), store(1, 10, at, 8)},
		ask(bpf.HelperMapPeekElem), []bpf.Insn{bpf.Mov.Reg(9, 0)},
		ask(bpf.HelperMapPushElem, bpf.Mov.Imm(3, flags)), []bpf.Insn{bpf.Mul.Imm(9, 5), bpf.Add.Reg(9, 0)},
		ask(bpf.HelperMapPeekElem), []bpf.Insn{bpf.Mul.Imm(9, 5), bpf.Add.Reg(9, 0), storeK(1, 10, at+size-1, 99)},
		ask(bpf.HelperMapPeekElem), []bpf.Insn{bpf.Mul.Imm(9, 5), bpf.Add.Reg(0, 9)})
	m := &object.Map{Name: "one", Type: bpf.MapTypeBloomFilter, ValueSize: uint32(size), MaxEntries: 5000, Extra: extra}
	return withNumbers([]*object.Map{m}, body...)
}

// TestBloomFilters holds pushes and questions against the interpreter, for values of all
// kinds of sizes and all numbers of hash functions.
func TestBloomFilters(t *testing.T) {
	for _, size := range []int{1, 2, 4, 7, 8, 20, 64, 65, 68, 100, 127, 400} {
		for _, extra := range []uint64{0, 3, 15} {
			t.Run(fmt.Sprintf("%d bytes, extra %d", size, extra), func(t *testing.T) {
				must(t, filterProgram(size, extra, 0), "skipsw")
			})
		}
	}
	for _, flags := range []int32{1, 2, 4} {
		must(t, filterProgram(4, 0, flags), "skipsw")
	}
}

// TestBloomHost has program and host put values into one filter: each finds what the
// other has put in.
func TestBloomHost(t *testing.T) {
	for _, size := range []int{4, 7, 65, 400} {
		p := filterProgram(size, 7, 0)
		v, err := verify.Verify(p, verify.Options{})
		require.NoError(t, err)
		img, err := translate.Compile(v, translate.Options{Target: target.MustBuiltin("skipsw")})
		require.NoError(t, err)
		m, err := sim.New(img, sim.DefaultSpec())
		require.NoError(t, err)
		filter, _ := m.Map("one")
		value := make([]byte, (size+7)/8*8)
		for k := 0; k < len(value); k += 8 {
			value[k], value[k+1] = byte(k+1), byte((k+1)>>8)
		}
		value = value[:size]
		packet := make([]byte, 64)
		packet[5] = 2
		value[0] = 2
		require.False(t, filter.Has(value))
		require.Nil(t, m.Run(sim.Input{Packet: packet}).Fault)
		require.True(t, filter.Has(value), "%d bytes", size)
		got, ok := filter.Lookup(value)
		require.True(t, ok)
		require.Equal(t, value, got)
		before := m.Run(sim.Input{Packet: packet}).Code

		other := slices.Clone(value)
		other[size-1] = 99
		require.NoError(t, filter.Update(nil, other, 0))
		require.NotEqual(t, before, m.Run(sim.Input{Packet: packet}).Code, "the program finds what the host has put in")
		require.ErrorContains(t, filter.Update(nil, value, 1), "invalid argument")
		require.ErrorContains(t, filter.Delete(nil), "invalid argument")
		require.Empty(t, filter.Entries())
	}
}
