package nfpisa

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/objdump"
)

// wrongInObjdump says why objdump's text of an instruction is not ours, or "".
func wrongInObjdump(i *Instr) string {
	switch {
	case i.Class == ClassLocalCSR && i.CSR == 4:
		return "prints urd and uwr, which ME v2.8 does not have, for CSR 4"
	case i.Class == ClassALUShf && i.Shf == ShfByteAlign && (i.A.Index > 1 || i.B.Index > 1):
		return "drops the LM extension bit of byte_align"
	case i.Class == ClassMulStep && i.Step >= MulLast && i.Dst.Kind == None && i.Spare != 0:
		return "prints a constant destination of mul_step, which writes nothing, as it is"
	}
	return ""
}

// objdumpAccepts lists what objdump prints as if it were defined and Decode
// refuses.
var objdumpAccepts = map[string]string{
	"a double shift has no operator":             "prints dbl_shf and drops the operator",
	"ld_field into a constant":                   "prints a constant as the destination",
	"immed without a value":                      "prints the constant of a register field, 0xffffffff",
	"a test needs one register and one constant": "prints a constant of a register field",
	"a jump needs one register and one constant": "prints a constant of a register field",
	"undefined CRC type or bytes":                "prints (null) for byte range 7",
	"undefined multiplication step":              "does not look at the step of start",
}

func TestRandomWordsAgainstObjdump(t *testing.T) {
	tool, err := objdump.Find(t.Context())
	require.NoError(t, err)
	per := trials(t, 120000)/(numClasses-1)/numModes + 1
	for _, m := range []Mode{Ctx4, Ctx8} {
		r := rand.New(rand.NewPCG(5, uint64(m)))
		var words []uint64
		for c := ClassCmd; int(c) < numClasses; c++ {
			for range per {
				words = append(words, uint64(randomWord(r, c).WithECC()))
			}
		}
		lines, err := tool.Words(t.Context(), words, map[Mode]int{Ctx4: 4, Ctx8: 8}[m])
		require.NoError(t, err)
		valid := 0
		for k, w := range words {
			i, err := Decode(Word(w), m)
			if err != nil {
				if !lines[k].Err {
					require.Contains(t, objdumpAccepts, err.(*DecodeError).Reason, "%#x %s", w, lines[k].Text)
				}
				continue
			}
			valid++
			if wrongInObjdump(&i) == "" {
				require.Equal(t, lines[k].Text, i.String(), "%#x", w)
			}
		}
		t.Logf("%d words, %d of them valid", len(words), valid)
	}
}

// asWritten returns i as the constructors would make it: without what its
// text does not tell.
func asWritten(i Instr) Instr {
	i.Spare = 0
	l, r := i.Left(), i.Right()
	switch i.Class {
	case ClassALU, ClassALUShf, ClassLdField:
		i.A, i.B, i.Swap = arrange(l, r)
	case ClassMulStep:
		i.A, i.B, i.Swap = arrange(l, r)
	case ClassBranch:
		i.EvPip = condEvPip
		if i.Cond == CondAlways {
			i.EvPip = 0
		}
	case ClassBrBit, ClassBrByte, ClassJump:
		src := i.Source()
		i.A, i.B = Operand{}, Operand{}
		i = oneSource(i, src)
	case ClassLocalCSR:
		if i.Write {
			i = CSRWr(i.CSR, i.Source())
		}
	case ClassImmed:
		i.Swap = false
		v := i.Imm
		if i.Invert {
			v = ^v
		}
		switch {
		case i.ImmWidth == ImmedWord:
			i.Imm, i.Invert = v&0xffff, false
			i.ImmShift &^= 1
		case i.ImmWidth == ImmedByte:
			i.Imm, i.Invert = v&0xff, false
		}
		if i.IsNop() {
			i = Nop()
		}
	case ClassCmd:
		switch i.Cmd.Mode {
		case Mode40AB, Mode40BA, ModeThird2, ModeThird3:
			var swap bool
			i.A, i.B, swap = arrange(i.highLow())
			i.Cmd.Mode = i.Cmd.Mode&^1 | CmdMode(flag(swap))
		}
	}
	return i
}

func TestTextRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 7))
	for c := ClassCmd; int(c) < numClasses; c++ {
		t.Run(c.String(), func(t *testing.T) {
			for n := range trials(t, 120000) / 12 {
				m := Mode(n & 1)
				i, err := Decode(randomWord(r, c), m)
				if err != nil {
					continue
				}
				requireRoundTrip(t, asWritten(i), m)
			}
		})
	}
}

func requireRoundTrip(t *testing.T, i Instr, m Mode) {
	t.Helper()
	w, err := Encode(i, m)
	require.NoError(t, err, "%+v", i)
	i, err = Decode(w, m)
	require.NoError(t, err)
	text := i.String()
	got, err := Parse(text)
	require.NoError(t, err, text)
	require.Equal(t, i, got, text)
	w2, err := Encode(got, m)
	require.NoError(t, err, text)
	require.Equal(t, w, w2, text)
}

func TestCorpusTextRoundTrip(t *testing.T) {
	for _, w := range readCorpus(t) {
		i, err := Decode(w, Ctx4)
		require.NoError(t, err)
		requireRoundTrip(t, asWritten(i), Ctx4)
	}
}
