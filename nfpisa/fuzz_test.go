package nfpisa

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func FuzzDecode(f *testing.F) {
	for _, g := range readGolden(f) {
		f.Add(uint64(g.word), false)
	}
	f.Fuzz(func(t *testing.T, w uint64, eight bool) {
		m := Mode(oneIf(eight))
		i, err := Decode(Word(w), m)
		if err != nil {
			return
		}
		again, err := Encode(i, m)
		require.NoError(t, err)
		require.Equal(t, Word(w).Bare(), again.Bare())
		written := asWritten(i)
		got, err := Parse(written.String())
		require.NoError(t, err)
		require.Equal(t, written, got)
	})
}

func FuzzAssemble(f *testing.F) {
	for _, glob := range []string{"../testdata/nfp/asm/*.s", "../testdata/nfp/asmerr/*.s"} {
		files, err := filepath.Glob(glob)
		require.NoError(f, err)
		for _, file := range files {
			src, err := os.ReadFile(file)
			require.NoError(f, err)
			for _, line := range strings.Split(string(src), "\n") {
				f.Add([]byte(line))
			}
		}
	}
	f.Add([]byte("\t.ctx 8\n\t.start 5\n\t.done 1\na:\tbeq[a]\n\tbr[done]\n\t.entry a tc\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		a, err := Assemble("fuzz", src)
		if err != nil {
			require.IsType(t, SyntaxErrors{}, err)
			return
		}
		var b strings.Builder
		require.NoError(t, Disassemble(&b, a.Words, DisasmOptions{Mode: a.Mode, Start: a.Start}))
		again, err := Assemble("", []byte(b.String()))
		require.NoError(t, err, b.String())
		if allBare(a.Words) {
			for k := range a.Words {
				require.Equal(t, a.Words[k], again.Words[k].Bare(), b.String())
			}
			return
		}
		require.Equal(t, a.Words, again.Words, b.String())
	})
}

// randomOperand returns an operand that may or may not exist.
func randomOperand(r *rand.Rand) Operand {
	return Operand{
		Kind: OperandKind(r.IntN(11)), Bank: Bank(r.IntN(3)), Index: uint8(r.IntN(6)),
		Mod: PostMod(r.IntN(4)), Num: uint16(r.Uint32N(1 << (r.Uint32N(10) + 1))),
	}
}

// What Encode accepts, it encodes: the word reads as the instruction did.
// Nothing is dropped on the way, and nothing panics.
func TestEncodeDropsNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	accepted := 0
	for n := range trials(t, 300000) {
		m := Mode(n & 1)
		i, ok := randomInstr(r, Class(1+r.IntN(numClasses-1)), m)
		if !ok {
			continue
		}
		for range 1 + r.IntN(2) {
			switch r.IntN(20) {
			case 0, 1, 2:
				i.A = randomOperand(r)
			case 3, 4, 5:
				i.B = randomOperand(r)
			case 6, 7:
				i.Dst = randomOperand(r)
			case 8:
				i.Swap = !i.Swap
			case 9:
				i.Shift = Shift{ShiftKind(r.IntN(5)), uint8(r.IntN(40))}
			case 10:
				i.Imm = r.Uint32() >> r.IntN(32)
			case 11:
				i.Arg = uint8(r.IntN(70))
			case 12:
				i.Target = uint16(r.IntN(1 << 16))
			case 13:
				i.ALU, i.Shf, i.Cond = ALUOp(r.IntN(40)), ShfOp(r.IntN(10)), Cond(r.IntN(40))
			case 14:
				i.Cmd.Mode, i.Cmd.Op = CmdMode(r.IntN(10)), uint8(r.IntN(256))
			case 15:
				i.Cmd.Len, i.Cmd.Xfer, i.Cmd.Token = uint8(r.IntN(10)), uint8(r.IntN(80)), uint8(r.IntN(6))
			case 16:
				i.Step, i.Mul = MulStep(r.IntN(10)), MulType(r.IntN(6))
			case 17:
				i.SigMask, i.NoLoad = uint16(r.IntN(1<<16)), r.IntN(2) == 0
			case 18:
				i.CSR, i.CRC = uint16(r.IntN(1<<16)), CRC(r.IntN(256))
			case 19:
				i.Defer, i.ByteMask, i.ImmShift = uint8(r.IntN(6)), uint8(r.IntN(20)), uint8(r.IntN(6))
				i.ImmWidth = ImmedWidth(r.IntN(5))
			}
		}
		text := i.String()
		w, err := Encode(i, m)
		if err != nil {
			require.IsType(t, &EncodeError{}, err)
			require.NotEmpty(t, err.Error())
			continue
		}
		accepted++
		got, err := Decode(w, m)
		require.NoError(t, err, "%+v", i)
		if got.String() != text {
			require.Equal(t, text, got.String(), "%+v", i)
		}
	}
	require.NotZero(t, accepted)
}
