package nfpisa

// use says which operands an operation has and what stands in their fields.
type use uint8

const (
	useLeft  use = 1 << iota // the left operand
	useRight                 // the right operand
	useDst                   // the destination
	useEntry                 // the destination field is a CAM entry number 0..15
	useCRC                   // the left field holds CRC parameters
	useCamLM                 // the right field says which ActLMAddr gets the CAM's answer
)

// usesLeft and usesRight are what can stand in the field of an operand.
const (
	usesLeft  = useLeft | useCRC
	usesRight = useRight | useCamLM
)

// aluOp describes an operation of class alu.
type aluOp struct {
	name  string // objdump's: an operator for alu[], otherwise the mnemonic
	use   use
	plain bool // written as alu[dst, left, name, right]
}

// aluOps is indexed by ALUOp; operations without a name are not defined.
// Source: GNU binutils opcodes/nfp-dis.c.
var aluOps = [32]aluOp{
	ALUB:            {"B", useRight | useDst, true},
	ALUAdd:          {"+", useLeft | useRight | useDst, true},
	ALUPopCount3:    {"pop_count3", useRight | useDst, false},
	ALUNotB:         {"~B", useRight | useDst, true},
	ALUAdd16:        {"+16", useLeft | useRight | useDst, true},
	ALUPopCount1:    {"pop_count1", useRight, false},
	ALUPopCount2:    {"pop_count2", useRight, false},
	ALUAnd:          {"AND", useLeft | useRight | useDst, true},
	ALUAdd8:         {"+8", useLeft | useRight | useDst, true},
	ALUCamClear:     {"cam_clear", 0, false},
	ALUNotAnd:       {"~AND", useLeft | useRight | useDst, true},
	ALUSubCarry:     {"-carry", useLeft | useRight | useDst, true},
	ALUFFS:          {"ffs", useRight | useDst, false},
	ALUCamReadTag:   {"cam_read_tag", useRight | useDst, false},
	ALUAndNot:       {"AND~", useLeft | useRight | useDst, true},
	ALUAddCarry:     {"+carry", useLeft | useRight | useDst, true},
	ALUCRC:          {"crc", useCRC | useRight | useDst, false},
	ALUCamWrite:     {"cam_write", useLeft | useRight | useEntry, false},
	ALUOr:           {"OR", useLeft | useRight | useDst, true},
	ALUSub:          {"-", useLeft | useRight | useDst, true},
	ALUCamLookup:    {"cam_lookup", useLeft | useCamLM | useDst, false},
	ALUXor:          {"XOR", useLeft | useRight | useDst, true},
	ALURevSub:       {"B-A", useLeft | useRight | useDst, true},
	ALUCamWrState:   {"cam_write_state", useRight | useEntry, false},
	ALUCamReadState: {"cam_read_state", useRight | useDst, false},
}

// String returns objdump's name of the operation.
func (o ALUOp) String() string {
	if int(o) < len(aluOps) && aluOps[o].name != "" {
		return aluOps[o].name
	}
	return "invalid"
}

// shfOp describes an operation of class alu_shf without a double shift.
type shfOp struct {
	name string
	use  use
}

// shfOps is indexed by ShfOp.
var shfOps = [8]shfOp{
	ShfB:         {"B", useRight | useDst},
	ShfNotB:      {"~B", useRight | useDst},
	ShfAnd:       {"AND", useLeft | useRight | useDst},
	ShfNotAnd:    {"~AND", useLeft | useRight | useDst},
	ShfAndNot:    {"AND~", useLeft | useRight | useDst},
	ShfOr:        {"OR", useLeft | useRight | useDst},
	ShfAsr:       {"asr", useRight | useDst},
	ShfByteAlign: {"byte_align_be", useRight | useDst},
}

// useOf returns the operands of an alu_shf operation under a shift control:
// dbl_shf has a left operand, byte_align_le reads the left one only.
func (o ShfOp) useOf(k ShiftKind) use {
	switch {
	case o == ShfB && k == ShiftDouble:
		return useLeft | useRight | useDst
	case o == ShfByteAlign && k == ShiftLeft:
		return useLeft | useDst
	}
	return shfOps[o].use
}

// String returns objdump's name of the operation.
func (o ShfOp) String() string {
	if int(o) < len(shfOps) {
		return shfOps[o].name
	}
	return "invalid"
}

// condArg says what a branch's 4-bit argument is.
type condArg uint8

const (
	argNone condArg = iota
	argNumber
	argInp
	argCLS
)

// brOp describes an operation of class br.
type brOp struct {
	name string
	arg  condArg
}

// brOps is indexed by Cond; operations without a name are not defined.
// Source: GNU binutils opcodes/nfp-dis.c.
var brOps = [32]brOp{
	CondEQ: {"beq", argNone}, CondNE: {"bne", argNone},
	CondMI: {"bmi", argNone}, CondPL: {"bpl", argNone},
	CondCS: {"bcs", argNone}, CondCC: {"bcc", argNone},
	CondVS: {"bvs", argNone}, CondVC: {"bvc", argNone},
	CondGE: {"bge", argNone}, CondLT: {"blt", argNone},
	CondLE: {"ble", argNone}, CondGT: {"bgt", argNone},
	CondCtx: {"br=ctx", argNumber}, CondNotCtx: {"br!=ctx", argNumber},
	CondSignal: {"br_signal", argNumber}, CondNoSignal: {"br_!signal", argNumber},
	CondInp: {"br_inp_state", argInp}, CondNotInp: {"br_!inp_state", argInp},
	CondCLS: {"br_cls_state", argCLS}, CondNotCLS: {"br_!cls_state", argCLS},
	CondAlways: {"br", argNone},
}

// unusedArg is what the Linux driver leaves in the argument field of branches
// that have no argument.
const unusedArg = 2

// String returns objdump's name of the branch.
func (c Cond) String() string {
	if int(c) < len(brOps) && brOps[c].name != "" {
		return brOps[c].name
	}
	return "invalid"
}

// crcNames and crcBytes are the parts of CRC parameters; "" is not defined.
var (
	crcNames = [8]string{"--", "", "crc_ccitt", "", "crc_32", "crc_iscsi", "crc_10", "crc_5"}
	crcBytes = [8]string{"bytes_0_3", "bytes_1_3", "bytes_2_3", "byte_3", "bytes_0_2", "bytes_0_1", "byte_0", ""}
)

// mulTypes and mulSteps are indexed by MulType and MulStep.
var (
	mulTypes = [4]string{"start", "24x8", "16x16", "32x32"}
	mulSteps = [6]string{"step1", "step2", "step3", "step4", "last", "last2"}
)

// inpStates names the input states of br_inp_state.
var inpStates = [16]string{
	"nn_empty", "nn_full",
	"ctm_ring0_status", "ctm_ring1_status", "ctm_ring2_status", "ctm_ring3_status",
	"ctm_ring4_status", "ctm_ring5_status", "ctm_ring6_status", "ctm_ring7_status",
	"ctm_ring8_status", "ctm_ring9_status", "ctm_ring10_status", "ctm_ring11_status",
	"ctm_ring12_status", "ctm_ring13_status",
}
