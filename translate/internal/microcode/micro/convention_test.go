package micro_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/internal/microcode/micro"
)

// TestRegisters holds in which order registers are given out, and that none is
// that the target does not grant, that calls keep or that the convention takes.
func TestRegisters(t *testing.T) {
	tg := target.MustBuiltin("skipsw")
	tg.Registers.KeepA, tg.Registers.KeepB = []target.GPR{3}, []target.GPR{31}
	c := micro.For(tg, tg.Calls.Result, tg.Calls.Flags)
	for _, want := range []int{1, 2, 4, 5, 6, 7, 9, 10, 11, 23, 24} {
		require.Equal(t, nfpisa.A(want), c.A())
	}
	require.Equal(t, nfpisa.B(30), c.LastB())
	for _, want := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 23} {
		require.Equal(t, nfpisa.B(want), c.B())
	}
	require.Equal(t, nfpisa.A(8), c.Flags())
	require.Equal(t, nfpisa.B(0), c.Back)
	require.Equal(t, nfpisa.A(1), c.Result(1))
	require.NoError(t, c.Err())
}

// TestLacks holds that what a target does not grant is said by its fields.
func TestLacks(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*target.Target)
		want   string
	}{
		{"registers", func(t *target.Target) { t.Registers.GPRs = 4 }, "registers.gprs is 4, registers.keep_a [] and calls.kept [12"},
		{"transfer registers", func(t *target.Target) { t.Registers.XferIn = 8 }, "32 transfer-in registers, and of target skipsw registers.xfer_in is 8"},
		{"signals", func(t *target.Target) { t.Registers.Signals = t.Registers.Signals[:1] }, "registers.signals are [1]"},
		{"index registers", func(t *target.Target) { t.Calls.KeptIndexes = []target.LMIndex{0, 1, 3} }, "calls.kept_indexes are [0 1 3]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tg := target.MustBuiltin("skipsw")
			c.change(tg)
			conv := micro.For(tg, tg.Calls.Result)
			for range 5 {
				conv.A()
			}
			conv.Xfer(32, 8)
			conv.Signal(1)
			require.ErrorContains(t, conv.Err(), c.want)
		})
	}
}

// TestPointAtKey holds that the key's own index register runs through the key
// where calls may change it, and that an index register has its time.
func TestPointAtKey(t *testing.T) {
	tg := target.MustBuiltin("skipsw")
	tg.LocalMemory.PointerDelay = 5
	c, a := micro.For(tg), &micro.Assembler{}
	require.Equal(t, 3, c.Walk)
	at := c.PointAtKey(a, nfpisa.A(1))
	a.Emit(nfpisa.Immed(nfpisa.A(2), 0))
	c.Settle(a, at)
	code := a.Finish()
	require.Len(t, code, 3+5)
	require.Equal(t, nfpisa.CSRWr(nfpisa.CSRActLMAddr(3), nfpisa.A(1)), code[2])
	require.Equal(t, nfpisa.Nop(), code[7])

	tg.Calls.Key = target.LMPlace{Index: 3, Word: 32}
	c, a = micro.For(tg), &micro.Assembler{}
	require.Equal(t, 3, c.Walk)
	c.Settle(a, c.PointAtKey(a, nfpisa.A(1)))
	require.Empty(t, a.Finish())
}
