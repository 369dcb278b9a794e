package nfpisa

// form describes one instruction class: the bits that identify it and the
// fields that its words hold. Encoder, decoder, printer, parser and the tests'
// word generator all work from this table and from the fields it lists.
type form struct {
	class  Class
	name   string
	mask   uint64 // bits that identify the class
	match  uint64 // their value
	fields []formField

	// free is the rest: bits that neither identify the class nor belong to a
	// field. They are zero in words that the encoder makes.
	free uint64
}

// formField is a field with its name.
type formField struct {
	field
	name string
}

// forms lists the classes of ME v2.8, indexed by Class.
// Source: GNU binutils include/opcode/nfp.h for masks and values.
var forms = buildForms([...]form{
	ClassInvalid: {name: "invalid"},
	ClassCmd: {name: "cmd", mask: 1 << 39, fields: []formField{
		{fA8, "A"},
		{fCmdCtx, "ctx"},
		{fB8, "B"},
		{fCmdToken, "token"},
		{fCmdXfer, "xfer 4:0"},
		{fCmdLen, "length-1"},
		{fCmdSignal, "signal"},
		{fCmdOp, "op"},
		{fCmdXfer5, "xfer 5"},
		{fCmdInd, "indirect"},
		{fCmdMode, "mode"},
	}},
	ClassALUShf: {name: "alu_shf", mask: 7 << 37, match: 4 << 37, fields: []formField{
		{fA8, "A"},
		{fShfSC, "sc"},
		{fB8, "B"},
		{fImmMSB, "constant 7"},
		{fShfSwap, "swap"},
		{fShfDst, "dst"},
		{fShfAmount, "shift"},
		{fShfOp, "op"},
		{fShfDstBank, "dst bank"},
		{fNoCC, "no_cc"},
		{fWrBoth, "wr_both"},
		{fSrcLM, "src_lm"},
		{fDstLM, "dst_lm"},
		{fPredCC, "pred_cc"},
	}},
	ClassALU: {name: "alu", mask: 7 << 37, match: 5 << 37, fields: []formField{
		{fA10, "A"},
		{fB10, "B"},
		{fALUDst, "dst"},
		{fALUSwap, "swap"},
		{fALUOp, "op"},
		{fALUDstBank, "dst bank"},
		{fNoCC, "no_cc"},
		{fWrBoth, "wr_both"},
		{fSrcLM, "src_lm"},
		{fDstLM, "dst_lm"},
		{fPredCC, "pred_cc"},
	}},
	ClassImmed: {name: "immed", mask: 0x3f<<35 | 1<<32, match: 0x1e << 35, fields: []formField{
		{fA10, "A"},
		{fB10, "B"},
		{fImmHi, "value 15:8"},
		{fImmByte, "byte"},
		{fImmWord, "word"},
		{fImmInv, "invert"},
		{fImmShift, "shift/8"},
		{fWrBoth, "wr_both"},
		{fDstLM, "dst_lm"},
		{fPredCC, "pred_cc"},
	}},
	ClassLdField: {name: "ld_field", mask: 0x3f<<35 | 1<<33 | 7<<21, match: 0x18 << 35, fields: []formField{
		{fA8, "A"},
		{fShfSC, "sc"},
		{fB8, "B"},
		{fImmMSB, "constant 7"},
		{fShfSwap, "swap"},
		{fLdClear, "clear"},
		{fLdMask, "byte mask"},
		{fShfAmount, "shift"},
		{fLdCC, "load_cc"},
		{fWrBoth, "wr_both"},
		{fSrcLM, "src_lm"},
		{fDstLM, "dst_lm"},
		{fPredCC, "pred_cc"},
	}},
	ClassCtxArb: {name: "ctx_arb", mask: 0x1f << 35, match: 0x1c << 35, fields: []formField{
		{fArbMask, "signals"},
		{fArbAny, "any"},
		{fArbBreak, "bpt"},
		{fArbResume, "br"},
		{fArbNoLoad, "no load"},
		{fDefer, "defer"},
		{fAddr, "address 12:0"},
		{fAddrMSB, "address 13"},
	}},
	ClassLocalCSR: {name: "local_csr", mask: 0xff<<33 | 1<<20, match: 0x7e << 33, fields: []formField{
		{fA10, "A"}, {fB10, "B"}, {fCSRWrite, "write"}, {fCSRNum, "CSR/4"}, {fSrcLM, "src_lm"},
	}},
	ClassBranch: {name: "br", mask: 0x1f<<35 | 3<<18 | 0xf<<10 | 7<<5, match: 0x1b<<35 | 1<<5, fields: []formField{
		{fBrOp, "op"},
		{fBrEvPip, "ev_pip"},
		{fBrArg, "argument"},
		{fDefer, "defer"},
		{fAddr, "address 12:0"},
		{fAddrMSB, "address 13"},
	}},
	ClassBrByte: {name: "br_byte", mask: 0x1f << 35, match: 0x19 << 35, fields: []formField{
		{fA8, "A"},
		{fBBByte, "byte"},
		{fB8, "B"},
		{fImmMSB, "constant 7"},
		{fBBEq, "equal"},
		{fDefer, "defer"},
		{fAddr, "address 12:0"},
		{fAddrMSB, "address 13"},
		{fSrcLM, "src_lm"},
	}},
	ClassBrBit: {name: "br_bit", mask: 0x1f<<35 | 1<<19 | 3<<8, match: 0x1a << 35, fields: []formField{
		{fA8, "A"},
		{fB8, "B"},
		{fBitSet, "set"},
		{fDefer, "defer"},
		{fAddr, "address 12:0"},
		{fAddrMSB, "address 13"},
		{fSrcLM, "src_lm"},
	}},
	ClassJump: {name: "jump", mask: 0x1f<<35 | 0xf<<31, match: 0x1d << 35, fields: []formField{
		{fA10, "A"}, {fB10, "B"}, {fDefer, "defer"}, {fJumpHi, "offset 16:8"}, {fSrcLM, "src_lm"},
	}},
	ClassMulStep: {name: "mul_step", mask: 0x7f<<33 | 0x3f<<24, match: 0x7c << 33, fields: []formField{
		{fA10, "A"},
		{fB10, "B"},
		{fMulStep, "step"},
		{fMulDstBank, "dst bank"},
		{fMulSwap, "swap"},
		{fMulType, "type"},
		{fNoCC, "no_cc"},
		{fWrBoth, "wr_both"},
		{fSrcLM, "src_lm"},
		{fDstLM, "dst_lm"},
		{fPredCC, "pred_cc"},
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
