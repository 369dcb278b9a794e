package target

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/skipsw/skipsw/nfpisa"
)

// The contract's places have types of their own, so that a plain number in
// place of one is seen.
type (
	// GPR is the number of a general-purpose register in a bank.
	GPR uint16
	// LMIndex is the number of a local-memory index register, ActLMAddr0 to 3.
	LMIndex uint16
	// LMWord is a distance in local memory in words: from the stack base, or in
	// the packet vector.
	LMWord uint16
	// Signal is the number of a signal, 1..15.
	Signal uint16
	// CodeAddr is a control-store address, in words.
	CodeAddr uint16
)

// LastLMIndex is the last local-memory index register, ActLMAddr3.
const LastLMIndex LMIndex = 3

// Reg is one general-purpose register, "A22" in files.
type Reg struct {
	Bank nfpisa.Bank
	Num  GPR
}

// String returns bank and number.
func (r Reg) String() string { return fmt.Sprintf("%c%d", 'A'+rune(r.Bank), r.Num) }

// Operand returns the register as an operand of an instruction.
func (r Reg) Operand() nfpisa.Operand {
	if r.Bank == nfpisa.BankB {
		return nfpisa.B(int(r.Num))
	}
	return nfpisa.A(int(r.Num))
}

// MarshalText implements encoding.TextMarshaler.
func (r Reg) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *Reg) UnmarshalText(b []byte) error {
	s := string(b)
	if len(s) < 2 || s[0] != 'A' && s[0] != 'B' {
		return fmt.Errorf("register %q, must be a bank and a number, as A22", s)
	}
	n, err := strconv.ParseUint(s[1:], 10, 8)
	if err != nil {
		return fmt.Errorf("register %q, must be a bank and a number, as A22", s)
	}
	*r = Reg{nfpisa.Bank(s[0] - 'A'), GPR(n)}
	return nil
}

// LMPlace is a place in local memory: the index register that points at it
// when a routine is called, and where it is.
type LMPlace struct {
	Index LMIndex `json:"index"`
	Word  LMWord  `json:"word"`
}

// Field is a field of the packet vector: the word, its lowest bit there, and
// its width in bits.
type Field struct {
	Word LMWord `json:"word"`
	Low  uint8  `json:"low"`
	Bits uint8  `json:"bits"`
}

// Mask returns the field's bits in its word.
func (f Field) Mask() uint32 { return uint32((uint64(1)<<f.Bits - 1) << f.Low) }

// Get returns the field's value in a word.
func (f Field) Get(word uint32) uint32 { return word & f.Mask() >> f.Low }

// HelperKind is who does the work of a helper.
type HelperKind uint8

// The kinds.
const (
	HelperNone     HelperKind = iota // nobody
	HelperFirmware                   // a routine of the firmware
	HelperRoutine                    // a routine linked to the program, or code in it, by the map's type
	HelperInline                     // code in the program
)

var helperKinds = [...]string{HelperNone: "none", HelperFirmware: "firmware", HelperRoutine: "routine", HelperInline: "inline"}

// String returns the kind's name in files.
func (k HelperKind) String() string { return helperKinds[k] }

// Helper is who does the work of a helper: "none", "inline", "routine", or
// "firmware ADDRESS".
type Helper struct {
	By      HelperKind
	Address CodeAddr // of the firmware's routine
}

// String returns the helper as files have it.
func (h Helper) String() string {
	if h.By == HelperFirmware {
		return fmt.Sprintf("%v %d", h.By, h.Address)
	}
	return h.By.String()
}

// MarshalText implements encoding.TextMarshaler.
func (h Helper) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Helper) UnmarshalText(b []byte) error {
	kind, addr, has := strings.Cut(string(b), " ")
	for k, name := range helperKinds {
		if kind != name || has != (HelperKind(k) == HelperFirmware) {
			continue
		}
		*h = Helper{By: HelperKind(k)}
		if has {
			n, err := strconv.ParseUint(addr, 0, 16)
			if err != nil {
				return fmt.Errorf("helper by %q, whose address must be a number below 65536", b)
			}
			h.Address = CodeAddr(n)
		}
		return nil
	}
	return fmt.Errorf("helper by %q, must be none, inline, routine or firmware ADDRESS", b)
}
