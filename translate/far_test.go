package translate_test

import (
	"fmt"
	"math"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// farOffsets lie near the ends of 16, 31 and 32 bits.
var farOffsets = []int{
	math.MaxInt16, math.MaxInt16 + 1, math.MaxUint16, math.MaxUint16 + 1, 1<<30 + 9,
	math.MaxInt32 - 24, math.MaxInt32 - 1, math.MaxInt32, math.MinInt32, math.MinInt32 + 1, math.MinInt32 + 8, math.MinInt32 + 30,
	-(1 << 16), -24, -1,
}

// TestFarOffset copies bytes from an offset that no packet has, beside a load of
// some that it has: the two are not read together, however far apart.
func TestFarOffset(t *testing.T) {
	tg, err := target.Builtin("skipsw")
	require.NoError(t, err)
	for _, c := range []struct {
		typ       object.Type
		data      int
		loadBytes bpf.HelperID
	}{
		{object.XDP, bpf.XDPMdData, bpf.HelperXDPLoadBytes},
		{object.TC, bpf.SkBuffData, bpf.HelperSkbLoadBytes},
	} {
		for _, near := range []struct{ off, size int }{{0, 8}, {23, 1}, {8, 4}, {3, 2}} {
			for _, far := range farOffsets {
				for _, size := range []int{1, 4, 24} {
					p := small(nil,
						bpf.Mov.Reg(9, 1), load(4, 2, 1, c.data+4), load(4, 4, 1, c.data),
						bpf.Mov.Reg(3, 4), bpf.Add.Imm(3, 34),
						bpf.JGt.Reg(3, 2, 18),
						load(near.size, 6, 4, near.off), load(near.size, 7, 4, near.off+1),
						storeK(8, 10, -8, 5), storeK(8, 10, -16, 6), storeK(8, 10, -24, 7), bpf.Mov.Imm(2, int32(far)), bpf.Mov.Reg(3, 10), bpf.Add.Imm(3, -24), bpf.Mov.Imm(4, int32(size)),
						bpf.Mov.Reg(1, 9), bpf.CallHelper(c.loadBytes),
						load(8, 1, 10, -24), bpf.Add.Reg(0, 1), load(8, 1, 10, -8), bpf.Add.Reg(0, 6), bpf.Add.Reg(0, 7), bpf.Add.Reg(0, 1), exitInsn,
						movR0(2), exitInsn,
					)
					p.Type = c.typ
					for _, level := range []translate.Level{translate.LevelDefault, translate.LevelNone} {
						runs, err := differ(p, 1, tg, level)
						require.NoError(t, err, "%s: load of %d bytes at %d beside %d bytes at %d", c.typ, near.size, near.off, size, far)
						require.NotZero(t, runs)
					}
				}
			}
		}
	}
}

// TestFarOffsetOfInstruction takes an address from one end of an instruction's
// range and leads back with the instruction's offset, for the packet and for the
// stack, at constant and at variable addresses.
func TestFarOffsetOfInstruction(t *testing.T) {
	for _, by := range []int{math.MaxInt16 - 23, -(math.MaxInt16 - 23), -(math.MaxInt16 - 7), 1000} {
		t.Run(fmt.Sprint(by), func(t *testing.T) {
			everywhere(t, withNumbers(nil, bpf.Mov.Reg(2, 10), bpf.Add.Imm(2, int32(by)), store(8, 2, -by-8, 6), load(4, 0, 2, -by-16)))
			everywhere(t, withNumbers(nil,
				bpf.Mov.Reg(1, 8), bpf.And.Imm(1, 8), bpf.Mov.Reg(2, 10), bpf.Add.Imm(2, int32(by)), bpf.Add.Reg(2, 1),
				store(8, 2, -by-16, 6), load(4, 0, 2, -by-20),
			))
			everywhere(t, withNumbers(nil,
				load(4, 2, 9, 4), load(4, 1, 9, 0), bpf.Mov.Reg(3, 1), bpf.Add.Imm(3, 14),
				bpf.JGt.Reg(3, 2, 3),
				bpf.Add.Imm(1, int32(by)), load(4, 0, 1, -by+6), store(2, 1, -by+2, 7),
			))
		})
	}
}

// TestFarOffsetObjects runs what clang makes of such programs.
func TestFarOffsetObjects(t *testing.T) {
	obj, err := object.Load(filepath.Join("..", "testdata", "bpf", "odd", "far_offset.o"), object.Options{})
	require.NoError(t, err)
	require.Len(t, obj.Programs, 4)
	for _, p := range obj.Programs {
		everywhere(t, p)
		tg, err := target.Builtin("agilio")
		require.NoError(t, err)
		v, err := verify.Verify(p, verify.Options{})
		require.NoError(t, err)
		_, err = translate.Compile(v, translate.Options{Target: tg})
		require.ErrorIs(t, err, translate.ErrNotSupported, "the firmware has no such helper")
	}
}
