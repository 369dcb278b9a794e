package nfpisa

// code is what one value of an operand field means.
type code struct {
	op    Operand // of kind undefined if it means nothing
	spare uint16  // bits that differ from the code the encoder would choose
}

// undefined is the kind of codes without a meaning; it never leaves Decode.
const undefined = Imm + 1

// In the spare bits of a destination's code, these stand for the bits of the
// word that choose bank and LM extension, set without effect.
const (
	spareBank = 1 << 14
	spareLM   = 1 << 15
)

// sources and dests hold the meaning of every value of the operand fields, so
// that reading one is one look-up:
//
//	unrestricted             9     7 6 5 4 3     0
//	relative GPR            │ 0 0 0 0 │0│    n    │
//	absolute GPR            │ 0 0 1 │      n      │
//	*$index                 │ 0 1 0 │ 0000│mod│0  │  mod 00, 01 ++, 10 --
//	$xfer                   │ 0 1 1 │h│0│    n    │  h adds 16 or 32
//	*l$index                │ 1 0 0 0 │i│0│   k   │
//	*l$index++/--           │ 1 0 0 0 │i│1│0 0 0 d│
//	*n$index                │ 1 0 0 1 │0 0 0 0 m 0│  m ++
//	n$reg                   │ 1 0 1 0 │0│    n    │
//	constant                │ 1 1 │       v       │
//
//	restricted               7     5 4 3     0
//	relative GPR            │ 0 0 0 │    n    │
//	*$index                 │ 0 1 0 0 │0│mod│0│
//	*n$index                │ 0 1 0 0 │0 0 m│1│
//	*l$index                │ 0 1 0 1 │i│  k  │
//	$xfer                   │ 1 h 0 │    n    │
//	constant                │v v 1 v v v v v│  bit 7 of v may stand elsewhere
//
// n has 5 bits with four contexts and 4 bits with eight. As a destination a
// constant is none.
var (
	sources = buildSources() // by mode and LM extension bit
	dests   = buildDests()   // by mode
)

// sourceTables are the unrestricted and the restricted codes by bank.
type sourceTables struct {
	ten   [numBanks][1 << 10]code
	eight [numBanks][1 << 8]code
}

// destTables are the codes by bank and LM extension bit.
type destTables struct {
	ten   [numBanks][2][1 << 10]code
	eight [numBanks][2][1 << 8]code
}

const numBanks = 2

// numModes is the number of context modes.
const numModes = 2

// The destination codes that write nothing.
const (
	noDst10 = 0x300
	noDst8  = 0x20
)

// isConst8 reports whether a restricted code is a constant.
func isConst8(c uint64) bool { return c>>5&1 != 0 }

// const8 returns the constant in a restricted code, without its bit 7.
func const8(c uint64) uint64 { return c&0x1f | c>>1&0x60 }

// isConst10 reports whether an unrestricted code is a constant.
func isConst10(c uint64) bool { return c>>8 == noDst10>>8 }

// Registers returns how many general-purpose registers of one bank a context
// has. It has as many next-neighbour registers, and twice as many
// transfer-in and transfer-out registers.
func (m Mode) Registers() int {
	if m == Ctx8 {
		return 16
	}
	return 32
}

func (m Mode) valid() bool { return m < numModes }

func buildSources() *[numModes][2]sourceTables {
	t := new([numModes][2]sourceTables)
	for m := range t {
		for ext := range t[m] {
			for b := range Bank(numBanks) {
				for c := range t[m][ext].ten[b] {
					t[m][ext].ten[b][c] = parseCode10(uint64(c), Mode(m)).in(b, uint8(ext))
				}
				for c := range t[m][ext].eight[b] {
					t[m][ext].eight[b][c] = parseCode8(uint64(c), Mode(m)).in(b, uint8(ext))
				}
			}
		}
	}
	return t
}

func buildDests() *[numModes]destTables {
	t := new([numModes]destTables)
	for m := range t {
		for b := range Bank(numBanks) {
			for ext := range uint8(2) {
				for c := range t[m].ten[b][ext] {
					t[m].ten[b][ext][c] = parseCode10(uint64(c), Mode(m)).asDst(b, ext, uint16(c^noDst10))
				}
				for c := range t[m].eight[b][ext] {
					t[m].eight[b][ext][c] = parseCode8(uint64(c), Mode(m)).asDst(b, ext, uint16(c^noDst8))
				}
			}
		}
	}
	return t
}

// in completes a code with the bank of its field and the LM extension bit.
func (c code) in(b Bank, ext uint8) code {
	switch c.op.Kind {
	case GPR, AbsGPR:
		c.op.Bank = b
	case LM:
		c.op.Index |= ext << 1
	}
	return c
}

// asDst returns what the code means as a destination. spare are its spare bits
// if it is a constant, which stands for none.
func (c code) asDst(b Bank, ext uint8, spare uint16) code {
	if c.op.Kind == Imm {
		c = code{spare: spare}
	}
	c = c.in(b, ext)
	if b != 0 && c.op.Kind != GPR && c.op.Kind != AbsGPR {
		c.spare |= spareBank
	}
	if ext != 0 && c.op.Kind != LM {
		c.spare |= spareLM
	}
	return c
}

func parseCode10(c uint64, m Mode) code {
	regs := uint64(m.Registers())
	n := uint16(c & (regs - 1))
	var op Operand
	switch {
	case c>>6 == 0:
		op = Operand{Kind: GPR, Num: n}
	case c>>7 == 1:
		op = Operand{Kind: AbsGPR, Num: uint16(c & 0x7f)}
	case c>>7 == 2:
		op = Operand{Kind: XferIndex, Mod: postMod(c >> 1)}
	case c>>7 == 3:
		op = Operand{Kind: Xfer, Num: n + uint16(c>>6&1)*uint16(regs)}
	case c>>6 == 8 && c>>4&1 == 0:
		op = Operand{Kind: LM, Index: uint8(c >> 5 & 1), Num: uint16(c & 0xf)}
	case c>>6 == 8:
		op = Operand{Kind: LM, Index: uint8(c >> 5 & 1), Mod: PostInc + PostMod(c&1)}
	case c>>6 == 9:
		op = Operand{Kind: NNIndex, Mod: PostMod(c >> 1 & 1)}
	case c>>6 == 10:
		op = Operand{Kind: NN, Num: n}
	case c>>8 == 3:
		op = Operand{Kind: Imm, Num: uint16(c & 0xff)}
	default:
		return code{op: Operand{Kind: undefined}}
	}
	canon, f := code10(op, m)
	if f != "" {
		panic("BUG: operand code without an encoding: " + string(f))
	}
	return code{op, uint16(c ^ canon)}
}

func parseCode8(c uint64, m Mode) code {
	regs := uint64(m.Registers())
	n := uint16(c & (regs - 1))
	var op Operand
	switch {
	case isConst8(c):
		op = Operand{Kind: Imm, Num: uint16(const8(c))}
	case c>>5 == 0:
		op = Operand{Kind: GPR, Num: n}
	case c>>4 == 4 && c&1 == 0:
		op = Operand{Kind: XferIndex, Mod: postMod(c >> 1)}
	case c>>4 == 4:
		op = Operand{Kind: NNIndex, Mod: PostMod(c >> 1 & 1)}
	case c>>4 == 5:
		op = Operand{Kind: LM, Index: uint8(c >> 3 & 1), Num: uint16(c & 7)}
	default: // 100 and 110
		op = Operand{Kind: Xfer, Num: n + uint16(c>>6&1)*uint16(regs)}
	}
	canon, f := code8(op, m)
	if f != "" {
		panic("BUG: operand code without an encoding: " + string(f))
	}
	return code{op, uint16(c ^ canon)}
}

// postMod reads the two-bit modification of *$index; 11 has no effect known.
func postMod(v uint64) PostMod {
	if v &= 3; v < 3 {
		return PostMod(v)
	}
	return NoMod
}

// fault is why a field cannot hold a value; "" means that it can.
type fault string

// code10 encodes an operand for an unrestricted field. The upper bit of an LM
// index is the extension bit's business.
func code10(o Operand, m Mode) (uint64, fault) {
	n, regs := uint64(o.Num), uint64(m.Registers())
	switch o.Kind {
	case GPR:
		if n >= regs {
			return 0, "no such general-purpose register in this context mode"
		}
		return n, ""
	case AbsGPR:
		if n > 0x7f {
			return 0, "absolute register numbers end at 127"
		}
		return 1<<7 | n, ""
	case XferIndex:
		if o.Mod > PostDec {
			return 0, "no such post-modification"
		}
		return 2<<7 | uint64(o.Mod)<<1, ""
	case Xfer:
		if n >= 2*regs {
			return 0, "no such transfer register in this context mode"
		}
		return 3<<7 | n/regs<<6 | n%regs, ""
	case LM:
		c := 8<<6 | uint64(o.Index&1)<<5
		switch {
		case o.Index > 3:
			return 0, "local memory has the index registers 0 to 3"
		case o.Mod == NoMod && n > 0xf:
			return 0, "local memory offset above 15"
		case o.Mod == NoMod:
			return c | n, ""
		case n != 0:
			return 0, "a post-modified local memory operand has no offset"
		case o.Mod > PostDec:
			return 0, "no such post-modification"
		}
		return c | 1<<4 | uint64(o.Mod-PostInc), ""
	case NNIndex:
		if o.Mod > PostInc {
			return 0, "*n$index can only be incremented"
		}
		return 9<<6 | uint64(o.Mod)<<1, ""
	case NN:
		if n >= regs {
			return 0, "no such next-neighbour register in this context mode"
		}
		return 10<<6 | n, ""
	case Imm:
		if n > 0xff {
			return 0, "constant above 255"
		}
		return 3<<8 | n, ""
	}
	return 0, "operand is missing"
}

// code8 encodes an operand for a restricted field, a constant without its
// bit 7.
func code8(o Operand, m Mode) (uint64, fault) {
	n, regs := uint64(o.Num), uint64(m.Registers())
	switch o.Kind {
	case GPR:
		if n >= regs {
			return 0, "no such general-purpose register in this context mode"
		}
		return n, ""
	case Imm:
		if n > 0xff {
			return 0, "constant above 255"
		}
		return 1<<5 | n&0x1f | n&0x60<<1, ""
	case XferIndex:
		if o.Mod > PostDec {
			return 0, "no such post-modification"
		}
		return 4<<4 | uint64(o.Mod)<<1, ""
	case NNIndex:
		if o.Mod > PostInc {
			return 0, "*n$index can only be incremented"
		}
		return 4<<4 | uint64(o.Mod)<<1 | 1, ""
	case LM:
		switch {
		case o.Index > 3:
			return 0, "local memory has the index registers 0 to 3"
		case o.Mod != NoMod:
			return 0, "a restricted field has no post-modified local memory operand"
		case n > 7:
			return 0, "local memory offset above 7 in a restricted field"
		}
		return 5<<4 | uint64(o.Index&1)<<3 | n, ""
	case Xfer:
		if n >= 2*regs {
			return 0, "no such transfer register in this context mode"
		}
		return 4<<5 | n/regs<<6 | n%regs, ""
	case AbsGPR:
		return 0, "a restricted field has no absolute register"
	case NN:
		return 0, "a restricted field has no next-neighbour register"
	}
	return 0, "operand is missing"
}

// lmExt is the LM extension bit that an operand needs.
func lmExt(o Operand) uint64 {
	if o.Kind == LM {
		return uint64(o.Index >> 1)
	}
	return 0
}
