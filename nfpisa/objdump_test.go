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
