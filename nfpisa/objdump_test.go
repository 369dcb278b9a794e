package nfpisa

import (
	"fmt"
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
		lines, err := tool.Words(t.Context(), words, contexts(m))
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
			i.Cmd.Mode = i.Cmd.Mode&^1 | CmdMode(oneIf(swap))
		}
	}
	return i
}

// seen counts what the random instructions of a test have covered.
type seen map[string]int

func (s seen) add(i *Instr) {
	what := i.Class.String()
	s[what]++
	switch i.Class {
	case ClassALU:
		s["alu "+i.ALU.String()]++
	case ClassALUShf:
		s[fmt.Sprintf("alu_shf %s %d", i.Shf, i.Shift.Kind)]++
	case ClassLdField:
		s[fmt.Sprintf("ld_field %d", i.Shift.Kind)]++
	case ClassImmed:
		s[fmt.Sprintf("immed %d %d", i.ImmWidth, i.ImmShift)]++
	case ClassBranch:
		s["br "+i.Cond.String()]++
	case ClassMulStep:
		s[fmt.Sprintf("mul_step %d %d", i.Mul, i.Step)]++
	case ClassCmd:
		s[fmt.Sprintf("cmd %s %s", i.Cmd.Unit(), i.Cmd.Action())]++
		s[fmt.Sprintf("mode %d", i.Cmd.Mode)]++
	}
	for name, o := range map[string]Operand{"A": i.A, "B": i.B, "dst": i.Dst} {
		s[fmt.Sprintf("%s %s kind %d mod %d", what, name, o.Kind, o.Mod)]++
	}
}

// wanted lists what the random instructions must cover.
func wanted() []string {
	var w []string
	for _, op := range aluOps {
		if op.name != "" {
			w = append(w, "alu "+op.name)
		}
	}
	for op, s := range shfOps {
		for k := ShiftRot; k <= ShiftRight; k++ {
			if ShfOp(op) != ShfByteAlign || k == ShiftRot {
				w = append(w, fmt.Sprintf("alu_shf %s %d", s.name, k))
			}
		}
		w = append(w, fmt.Sprintf("alu_shf %s %d", s.name, ShiftLeft))
	}
	w = append(w, "alu_shf B 3", "ld_field 0", "ld_field 1", "ld_field 2", "ld_field 3")
	for k := range 4 {
		w = append(w, fmt.Sprintf("immed 0 %d", k), fmt.Sprintf("immed 2 %d", k))
	}
	w = append(w, "immed 1 0", "immed 1 2", "mul_step 0 0")
	for _, op := range brOps {
		if op.name != "" {
			w = append(w, "br "+op.name)
		}
	}
	for t := 1; t < 4; t++ {
		for s := range mulSteps {
			w = append(w, fmt.Sprintf("mul_step %d %d", t, s))
		}
	}
	for op, actions := range cmdActions {
		for _, a := range actions {
			w = append(w, fmt.Sprintf("cmd %s %s", cmdTargets[op>>2], a.name))
		}
	}
	for m := range 8 {
		w = append(w, fmt.Sprintf("mode %d", m))
	}
	ten := []Operand{
		{Kind: GPR},
		{Kind: AbsGPR},
		{Kind: Xfer},
		{Kind: XferIndex},
		{Kind: XferIndex, Mod: PostInc},
		{Kind: XferIndex, Mod: PostDec},
		{Kind: LM},
		{Kind: LM, Mod: PostInc},
		{Kind: LM, Mod: PostDec},
		{Kind: NN},
		{Kind: NNIndex},
		{Kind: NNIndex, Mod: PostInc},
	}
	var eight []Operand
	for _, o := range ten {
		if o.Kind != AbsGPR && o.Kind != NN && (o.Kind != LM || o.Mod == NoMod) {
			eight = append(eight, o)
		}
	}
	add := func(what string, os []Operand, more ...Operand) {
		for _, o := range append(os, more...) {
			w = append(w, fmt.Sprintf("%s kind %d mod %d", what, o.Kind, o.Mod))
		}
	}
	for _, c := range []string{"alu", "mul_step"} {
		add(c+" A", ten, Const(0))
		add(c+" B", ten, Const(0))
		add(c+" dst", ten, NoOperand)
	}
	add("alu_shf A", eight, Const(0))
	add("alu_shf B", eight, Const(0))
	add("alu_shf dst", eight, NoOperand)
	add("ld_field A", eight, Const(0))
	add("immed dst", ten, NoOperand)
	for _, c := range []string{"br_bit", "br_byte"} {
		add(c+" A", eight)
		add(c+" B", eight[:1])
	}
	add("jump A", ten)
	add("jump B", ten[:2])
	add("local_csr A", ten, Const(0))
	add("cmd A", eight, Const(0))
	add("cmd B", eight, Const(0))
	return w
}

// randomInstr returns a random instruction of a class as the constructors
// would make it, or false if the dice fell on nothing.
func randomInstr(r *rand.Rand, c Class, m Mode) (Instr, bool) {
	w := uint64(randomWord(r, c))
	set := func(f field, v uint64) { w = w&^f.mask() | f.put(v) }
	switch c {
	case ClassCmd:
		op, a := randomAction(r)
		set(fCmdOp, uint64(op))
		set(fCmdToken, uint64(a.token))
		set(fCmdLen, fCmdLen.get(w)&^uint64(a.lenMask)|uint64(a.len))
	case ClassImmed:
		// One of the fields must be a constant, which one in four is.
		set(field(uint16(18-10*r.IntN(2))<<fieldLo|2), 3)
	case ClassJump:
		set(field(uint16(18-10*r.IntN(2))<<fieldLo|2), 3)
	}
	i, err := Decode(Word(w), m)
	return asWritten(i), err == nil
}

// randomAction picks from all actions alike.
func randomAction(r *rand.Rand) (op int, a cmdAction) {
	n := 0
	for k, actions := range cmdActions {
		for _, b := range actions {
			if n++; r.IntN(n) == 0 {
				op, a = k, b
			}
		}
	}
	return op, a
}

// The text of random valid words is objdump's, and gives back the same word.
func TestTextIsObjdumps(t *testing.T) {
	tool, err := objdump.Find(t.Context())
	require.NoError(t, err)
	per := trials(t, 240000)/(numClasses-1)/numModes + 1
	for _, m := range []Mode{Ctx4, Ctx8} {
		r := rand.New(rand.NewPCG(8, uint64(m)))
		covered := seen{}
		var words []uint64
		for c := ClassCmd; int(c) < numClasses; c++ {
			for n := 0; n < per; {
				i, ok := randomInstr(r, c, m)
				if !ok {
					continue
				}
				n++
				covered.add(&i)
				w, err := Encode(i, m)
				require.NoError(t, err, "%+v", i)
				words = append(words, uint64(w))
			}
		}
		for _, what := range wanted() {
			require.NotZero(t, covered[what], "never seen: %s", what)
		}
		lines, err := tool.Words(t.Context(), words, contexts(m))
		require.NoError(t, err)
		for k, w := range words {
			i, err := Decode(Word(w), m)
			require.NoError(t, err)
			text := i.String()
			if text != lines[k].Text && wrongInObjdump(&i) == "" {
				require.Equal(t, lines[k].Text, text, "%#x", w)
			}
			got, err := Parse(text)
			require.NoError(t, err)
			if got != i {
				require.Equal(t, i, got, text)
			}
			again, err := Encode(got, m)
			require.NoError(t, err)
			if uint64(again) != w {
				require.Equal(t, w, uint64(again), text)
			}
		}
		t.Logf("%d words", len(words))
	}
}

func contexts(m Mode) int { return map[Mode]int{Ctx4: 4, Ctx8: 8}[m] }

func TestCorpusTextRoundTrip(t *testing.T) {
	for _, w := range readCorpus(t) {
		i, err := Decode(w, Ctx4)
		require.NoError(t, err)
		i = asWritten(i)
		got, err := Parse(i.String())
		require.NoError(t, err)
		if got != i {
			require.Equal(t, i, got, i.String())
		}
	}
}

// What the Linux driver's JIT made reads the same to objdump and to us.
func TestCorpusTextIsObjdumps(t *testing.T) {
	tool, err := objdump.Find(t.Context())
	require.NoError(t, err)
	var words []uint64
	for _, w := range readCorpus(t) {
		words = append(words, uint64(w))
	}
	lines, err := tool.Words(t.Context(), words, contexts(Ctx4))
	require.NoError(t, err)
	for k, w := range words {
		i, err := Decode(Word(w), Ctx4)
		require.NoError(t, err)
		if text := i.String(); text != lines[k].Text {
			require.Equal(t, lines[k].Text, text, "%#x", w)
		}
	}
}
