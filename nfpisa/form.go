package nfpisa

// form describes one instruction class: the bits that identify it and the
// fields that its words hold. Encoder, decoder, printer, parser and the tests'
// word generator all work from this table and from the fields it lists.
type form struct {
	class  Class
	name   string
	mask   uint64 // bits that identify the class
	match  uint64 // their value
	fields []field

	// free is the rest: bits that neither identify the class nor belong to a
	// field. They are zero in words that the encoder makes.
	free uint64
}

// forms lists the classes of ME v2.8, indexed by Class.
// Source: GNU binutils include/opcode/nfp.h for masks and values.
var forms = buildForms([...]form{
	ClassInvalid: {name: "invalid"},
	ClassCmd: {name: "cmd", mask: 1 << 39, fields: []field{
		fA8, fCmdCtx, fB8, fCmdToken, fCmdXfer, fCmdLen, fCmdSignal, fCmdOp, fCmdXfer5, fCmdInd, fCmdMode,
	}},
	ClassALUShf: {name: "alu_shf", mask: 7 << 37, match: 4 << 37, fields: []field{
		fA8, fShfSC, fB8, fImmMSB, fShfSwap, fShfDst, fShfAmount, fShfOp, fShfDstBank,
		fNoCC, fWrBoth, fSrcLM, fDstLM, fPredCC,
	}},
	ClassALU: {name: "alu", mask: 7 << 37, match: 5 << 37, fields: []field{
		fA10, fB10, fALUDst, fALUSwap, fALUOp, fALUDstBank, fNoCC, fWrBoth, fSrcLM, fDstLM, fPredCC,
	}},
	ClassImmed: {name: "immed", mask: 0x3f<<35 | 1<<32, match: 0x1e << 35, fields: []field{
		fA10, fB10, fImmHi, fImmByte, fImmWord, fImmInv, fImmShift, fWrBoth, fDstLM, fPredCC,
	}},
	ClassLdField: {name: "ld_field", mask: 0x3f<<35 | 1<<33 | 7<<21, match: 0x18 << 35, fields: []field{
		fA8, fShfSC, fB8, fImmMSB, fShfSwap, fLdClear, fLdMask, fShfAmount, fLdCC,
		fWrBoth, fSrcLM, fDstLM, fPredCC,
	}},
	ClassCtxArb: {name: "ctx_arb", mask: 0x1f << 35, match: 0x1c << 35, fields: []field{
		fArbMask, fArbAny, fArbBreak, fArbResume, fArbNoLoad, fDefer, fAddr, fAddrMSB,
	}},
	ClassLocalCSR: {name: "local_csr", mask: 0xff<<33 | 1<<20, match: 0x7e << 33, fields: []field{
		fA10, fB10, fCSRWrite, fCSRNum, fSrcLM,
	}},
	ClassBranch: {name: "br", mask: 0x1f<<35 | 3<<18 | 0xf<<10 | 7<<5, match: 0x1b<<35 | 1<<5, fields: []field{
		fBrOp, fBrEvPip, fBrArg, fDefer, fAddr, fAddrMSB,
	}},
	ClassBrByte: {name: "br_byte", mask: 0x1f << 35, match: 0x19 << 35, fields: []field{
		fA8, fBBByte, fB8, fImmMSB, fBBEq, fDefer, fAddr, fAddrMSB, fSrcLM,
	}},
	ClassBrBit: {name: "br_bit", mask: 0x1f<<35 | 1<<19 | 3<<8, match: 0x1a << 35, fields: []field{
		fA8, fB8, fBitSet, fDefer, fAddr, fAddrMSB, fSrcLM,
	}},
	ClassJump: {name: "jump", mask: 0x1f<<35 | 0xf<<31, match: 0x1d << 35, fields: []field{
		fA10, fB10, fDefer, fJumpHi, fSrcLM,
	}},
	ClassMulStep: {name: "mul_step", mask: 0x7f<<33 | 0x3f<<24, match: 0x7c << 33, fields: []field{
		fA10, fB10, fMulStep, fMulDstBank, fMulSwap, fMulType, fNoCC, fWrBoth, fSrcLM, fDstLM, fPredCC,
	}},
})

const numClasses = int(ClassMulStep) + 1

func buildForms(fs [numClasses]form) [numClasses]form {
	for c := range fs {
		f := &fs[c]
		f.class = Class(c)
		f.free = insnMask &^ f.mask
		for _, fd := range f.fields {
			f.free &^= fd.mask()
		}
	}
	return fs
}

// classByTop maps bits 39:35 to the classes that a word can belong to. Only
// 11111 has two.
var classByTop = buildClassByTop()

func buildClassByTop() [32][2]Class {
	const shift = 35
	var t [32][2]Class
	for top := range t {
		n := 0
		for c := ClassCmd; int(c) < numClasses; c++ {
			f := &forms[c]
			if (uint64(top)<<shift^f.match)&f.mask&(0x1f<<shift) != 0 {
				continue
			}
			if n == len(t[top]) {
				panic("BUG: three instruction classes share bits 39:35")
			}
			t[top][n] = c
			n++
		}
	}
	return t
}

// classify returns the class of a word's instruction bits, or ClassInvalid.
func classify(x uint64) Class {
	for _, c := range classByTop[x>>35&0x1f] {
		if f := &forms[c]; c != ClassInvalid && x&f.mask == f.match {
			return c
		}
	}
	return ClassInvalid
}

// String returns the class's name.
func (c Class) String() string {
	if int(c) < numClasses {
		return forms[c].name
	}
	return "invalid"
}
