package core

import (
	"fmt"
	"slices"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/translate/bpf"
)

// The flat register file of a context. Constants have slots of their own, so
// that fetching an operand is one load whatever its kind.
const (
	slotA      = 0   // bank A, 0..31
	slotB      = 32  // bank B
	slotIn     = 64  // transfer-in, 0..63
	slotOut    = 128 // transfer-out, 0..63
	slotSink   = 192 // where results without a destination go
	slotConst  = 256 // constants 0..255
	slotMask   = 511
	numSlots   = 512
	numMutable = slotSink
)

// opcode is the flattened operation of a predecoded word.
type opcode uint8

const (
	opInvalid opcode = iota // reason in Code.reasons

	// Arithmetic and logic. Left is a, right is b.
	opB
	opNotB
	opAdd
	opAdd16
	opAdd8
	opAddCarry
	opSub
	opSubCarry
	opRevSub
	opAnd
	opNotAnd
	opAndNot
	opOr
	opXor
	opFFS
	opPop1
	opPop2
	opPop3
	opCRC
	opCamClear
	opCamLookup
	opCamWrite
	opCamWriteState
	opCamReadTag
	opCamReadState

	// Shift, then combine. shr and shl with a fixed amount and no left operand
	// are the common ones.
	opShr
	opShl
	opShf
	opAsr
	opByteAlignBE
	opByteAlignLE
	opLdField

	opImmed
	opImmedPart
	opMulStart
	opMulStep
	opMulLast
	opMulLast2

	// Control.
	opBr
	opBrEQ
	opBrNE
	opBrMI
	opBrPL
	opBrCS
	opBrCC
	opBrVS
	opBrVC
	opBrGE
	opBrLT
	opBrLE
	opBrGT
	opBrCtx
	opBrSignal
	opBrBit
	opBrByte
	opJump
	opCtxArb
	opCSRRead
	opCSRWrite
	opCmd

	// Places outside the words: what lies behind the last word, the exit and
	// the firmware's routines.
	opEnd
	opDone
	opHelper
)

// Flags of a predecoded word.
const (
	fSrcSpecial uint8 = 1 << iota // a source is not in the flat file
	fDstSpecial                   // neither is the destination
	fXferOut                      // the destination is a transfer-out register
	fCC                           // writes the condition codes
	fPost                         // modifies an index register afterwards
	fHasA                         // leaves its left operand in PREV_A
	fStraight                     // is one of a stretch
)

// srcKind and dstKind of special operands.
const (
	kFlat   uint8 = iota
	kLM           // local memory: index register << 4 | offset
	kXferIx       // through T_INDEX
	kAbs          // absolute GPR: bank << 7 | number
)

// Post-modifications: bits 3:0 increment of LM index 0..3, 7:4 decrement, 8
// and 9 the same for T_INDEX.
const (
	postLMInc = 0
	postLMDec = 4
	postTInc  = 1 << 8
	postTDec  = 1 << 9
)

// uop is one predecoded word.
type uop struct {
	op     opcode
	flags  uint8
	lk, rk uint8 // kinds of left and right source
	l, r   uint16
	d, d2  uint16
	dk     uint8
	shift  uint8 // nfpisa.ShiftKind
	amount uint8 // 0..31; for shift kinds other than rotate 0 is indirect
	sub    uint8 // nfpisa.ShfOp, bit or byte number, step, ...
	slots  uint8 // defer slots
	bubble uint8 // cycles lost when the branch is taken
	post   uint16
	imm    uint32 // constant, byte mask, CSR address, signal mask, command index
	mask   uint32 // immed parts: bits that change; ld_field: bits that change
	target uint32 // index of the branch target; words of the stretch from here on
}

// bareOp is an operation without operands.
func bareOp(op opcode, imm uint32) uop {
	return uop{op: op, imm: imm, l: slotConst, r: slotConst, d: slotSink, d2: slotSink}
}

// Code is an image's control store, decoded once.
type Code struct {
	img     *image.Image
	grant   Grant
	ops     []uop
	cmds    []command
	reasons map[int]reason
	words   int
	raw     []nfpisa.Word
	mode    nfpisa.Mode
	start   uint16
	outside map[uint16]uint32 // exit and helper addresses to indexes in ops
	runtime []image.Symbol    // linked routines

	readsIn, readsOut span // transfer registers that it may read
}

type reason struct {
	kind FaultKind
	text string
}

// calls reports whether there are routines outside the code.
func (cd *Code) calls() bool {
	return slices.ContainsFunc(cd.ops[cd.words:], func(u uop) bool { return u.op == opHelper })
}

// Load decodes the words of img. Words that do not decode become faults that
// strike when they execute, and so do those that use what g does not grant. With
// correct, single flipped bits of a word are repaired.
func Load(img *image.Image, g Grant, correct bool) (*Code, error) {
	n := len(img.Words)
	if n == 0 {
		return nil, fmt.Errorf("image has no code")
	}
	if int(img.Machine.CodeStart)+n > 1<<14 {
		return nil, fmt.Errorf("code of %d words at control-store address %d ends beyond address 16383", n, img.Machine.CodeStart)
	}
	cd := &Code{
		img: img, grant: g, ops: make([]uop, n, n+8), words: n, raw: img.Words, mode: img.Machine.Mode, start: img.Machine.CodeStart,
		reasons: map[int]reason{}, outside: map[uint16]uint32{},
	}
	for _, s := range img.Symbols {
		if s.Kind == image.SymRuntime {
			cd.runtime = append(cd.runtime, s)
		}
	}
	cd.ops = append(cd.ops, bareOp(opEnd, 0))
	if err := cd.addOutside(img.Machine.Done, bareOp(opDone, 0), "the exit"); err != nil {
		return nil, err
	}
	for id, addr := range sortedHelpers(img.Machine.Helpers) {
		if err := cd.addOutside(addr, bareOp(opHelper, id), "routine "+bpf.HelperID(id).String()); err != nil {
			return nil, err
		}
	}
	d := decoder{cd: cd, grant: g}
	for i, w := range img.Words {
		d.at = i
		if !nfpisa.CheckECC(w) {
			fixed, status := nfpisa.Correct(w)
			if !correct || status == nfpisa.ECCUncorrectable {
				d.bad(FaultECC, fmt.Sprintf("word %#016x has wrong check bits", uint64(w)))
				continue
			}
			w = fixed
		}
		in, err := nfpisa.Decode(w, img.Machine.Mode)
		if err != nil {
			d.bad(FaultInvalidWord, err.Error())
			continue
		}
		d.word(&in)
	}
	cd.findStretches()
	cd.findReads()
	return cd, nil
}

func (cd *Code) addOutside(addr uint16, u uop, what string) error {
	if addr >= cd.start && int(addr) < int(cd.start)+cd.words {
		return fmt.Errorf("%s at control-store address %d lies inside the code (%d..%d)", what, addr, cd.start, int(cd.start)+cd.words-1)
	}
	if _, taken := cd.outside[addr]; taken {
		return fmt.Errorf("%s shares control-store address %d with another routine", what, addr)
	}
	cd.outside[addr] = uint32(len(cd.ops))
	cd.ops = append(cd.ops, u)
	return nil
}

// index returns the index in ops of a control-store address.
func (cd *Code) index(addr uint32) (uint32, bool) {
	if i := addr - uint32(cd.start); i < uint32(cd.words) {
		return i, true
	}
	if addr > 0xffff {
		return 0, false
	}
	i, ok := cd.outside[uint16(addr)]
	return i, ok
}

// ofProgram reports whether a word belongs to a program rather than to a linked
// routine. An image that names no routines does not tell them apart.
func (cd *Code) ofProgram(word uint32) bool {
	for _, s := range cd.runtime {
		if word-s.Word < s.Size {
			return false
		}
	}
	return len(cd.runtime) > 0
}

// Words returns the number of words.
func (cd *Code) Words() int { return cd.words }
