package nfpisa

// Override is the content of PREV_ALU from which a command with indirect_ref
// takes some of its fields:
//
//	 31     16 15 13 12      8   7    6  5    3 2  0
//	┌─────────┬─────┬─────────┬──────┬──┬──────┬────┐
//	│  value  │     │ length-1│len on│  │select│    │
//	└─────────┴─────┴─────────┴──────┴──┴──────┴────┘
//
// The result of the instruction before the command must be this word.
// Sources: Linux nfp driver, Netronome nic-firmware. Bits without a name here
// replace the byte mask, signal, masters and island together with the local CSR
// CmdIndirectRef0.
type Override struct {
	// Length replaces the command's length, in its units, 1..32; 0 leaves it.
	Length uint8
	// Select says what Value replaces.
	Select OverrideSelect
	Value  uint16
}

// OverrideSelect is what an override's value is.
type OverrideSelect uint8

// The known selections. In commands with an immediate operand (mem[add_imm])
// that OverrideImm16 gives, the length is 9 for 32-bit and 13 for 64-bit memory
// operands.
const (
	OverrideNoData OverrideSelect = 0
	OverrideImm16  OverrideSelect = 2 // a 16-bit immediate operand
)

// The fields of an override.
const (
	fOvSelect   field = 3<<fieldLo | 3
	fOvLengthOn field = 7<<fieldLo | 1
	fOvLength   field = 8<<fieldLo | 5
	fOvValue    field = 16<<fieldLo | 16
)

// Word returns the word for PREV_ALU.
func (o Override) Word() uint32 {
	w := fOvSelect.put(uint64(o.Select)) | fOvValue.put(uint64(o.Value))
	if o.Length != 0 {
		w |= fOvLengthOn.mask() | fOvLength.put(uint64(o.Length)-1)
	}
	return uint32(w)
}

// DecodeOverride reads a word of PREV_ALU; ok is false if it has bits that
// Override does not name, so that Word would not give it back.
func DecodeOverride(w uint32) (o Override, ok bool) {
	x := uint64(w)
	o.Select = OverrideSelect(fOvSelect.get(x))
	o.Value = uint16(fOvValue.get(x))
	if fOvLengthOn.bit(x) {
		o.Length = uint8(fOvLength.get(x)) + 1
	}
	return o, o.Word() == w
}
