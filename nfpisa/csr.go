package nfpisa

// csrUnit is the distance of local CSR addresses, in bytes.
const csrUnit = 4

// TimestampTick is the number of cycles of one count of the timestamp (the
// kernel's driver and the firmware).
const TimestampTick = 16

// The local CSRs that generated code uses, by byte address.
// Source: GNU binutils opcodes/nfp-dis.c.
const (
	CSRCtxEnables   = 0x018
	CSRCtxPtr       = 0x020
	CSRActCtxStatus = 0x044
	CSRActLMAddr0   = 0x064
	CSRActLMAddr1   = 0x06c
	CSRByteIndex    = 0x070
	CSRXferIndex    = 0x074
	CSRActLMAddr2   = 0x094
	CSRActLMAddr3   = 0x09c
	CSRTimestampLow = 0x0c0
	CSRTimestampHgh = 0x0c4
	CSRCRCRemainder = 0x140
	CSRPseudoRndNum = 0x148
	CSRMiscControl  = 0x160
	CSRMailbox0     = 0x170
	CSRCmdIndirect0 = 0x190
)

// CSRActLMAddr returns the byte address of ActLMAddr<i>, i = 0..3.
func CSRActLMAddr(i int) uint16 {
	return [...]uint16{CSRActLMAddr0, CSRActLMAddr1, CSRActLMAddr2, CSRActLMAddr3}[i]
}

// csrNames is indexed by byte address / 4.
var csrNames = [...]string{
	0x00: "UstorAddr", 0x01: "UstorDataLwr", 0x02: "UstorDataUpr", 0x03: "UstorErrStat",
	0x04: "ALUOut", 0x05: "CtxArbCtrl", 0x06: "CtxEnables", 0x07: "CondCodeEn",
	0x08: "CSRCtxPtr", 0x09: "PcBreakpoint0", 0x0a: "PcBreakpoint1", 0x0b: "PcBreakpointStatus",
	0x0c: "RegErrStatus", 0x0d: "LMErrStatus", 0x0e: "LMeccErrorMask",
	0x10: "IndCtxStatus", 0x11: "ActCtxStatus", 0x12: "IndCtxSglEvt", 0x13: "ActCtxSglEvt",
	0x14: "IndCtxWkpEvt", 0x15: "ActCtxWkpEvt", 0x16: "IndCtxFtrCnt", 0x17: "ActCtxFtrCnt",
	0x18: "IndLMAddr0", 0x19: "ActLMAddr0", 0x1a: "IndLMAddr1", 0x1b: "ActLMAddr1",
	0x1c: "ByteIndex", 0x1d: "XferIndex", 0x1e: "IndFtrCntSgl", 0x1f: "ActFtrCntSgl",
	0x20: "NNPut", 0x21: "NNGet",
	0x24: "IndLMAddr2", 0x25: "ActLMAddr2", 0x26: "IndLMAddr3", 0x27: "ActLMAddr3",
	0x28: "IndLMAddr2BytIdx", 0x29: "ActLMAddr2BytIdx", 0x2a: "IndLMAddr3BytIdx", 0x2b: "ActLMAddr3BytIdx",
	0x2c: "IndPredCC",
	0x30: "TimestampLow", 0x31: "TimestampHgh",
	0x38: "IndLMAddr0BytIdx", 0x39: "ActLMAddr0BytIdx", 0x3a: "IndLMAddr1BytIdx", 0x3b: "ActLMAddr1BytIdx",
	0x3d: "XfrAndBytIdx",
	0x40: "NxtNghbrSgl", 0x41: "PrvNghbrSgl", 0x42: "SameMESignal",
	0x50: "CRCRemainder", 0x51: "ProfileCnt", 0x52: "PseudoRndNum",
	0x58: "MiscControl", 0x59: "PcBreakpoint0Mask", 0x5a: "PcBreakpoint1Mask",
	0x5c: "Mailbox0", 0x5d: "Mailbox1", 0x5e: "Mailbox2", 0x5f: "Mailbox3",
	0x64: "CmdIndirectRef0",
}

// CSRName returns objdump's name of the local CSR at a byte address, or "".
func CSRName(addr uint16) string {
	if n := addr / csrUnit; addr%csrUnit == 0 && int(n) < len(csrNames) {
		return csrNames[n]
	}
	return ""
}
