package ssa

import (
	"fmt"

	"github.com/skipsw/skipsw/translate/bpf"
)

// CallSite says what a Call calls and what its arguments are. The Call's Args
// are, in this order: the map's number if there is one, two words for each of
// Pairs, the words of the key, the words of the value, the words that lie at the
// stack base, and the stack base itself if it is needed to reach the others.
type CallSite struct {
	Helper bpf.HelperID
	// Map is the map whose own routine is called, by its index in
	// Source().Maps; -1 for a routine of the firmware.
	Map int32
	// Inner says that it is the routine of the maps that Map holds.
	Inner  bool
	Number bool
	// Pairs are the registers that take 64-bit arguments, by that of the low word.
	Pairs []uint8
	Key   int // words
	Value int // words
	Data  int // words at the stack base, to which a pair points
	Base  bool
	// Program says that another program of the image runs in the place of a
	// function: the arguments are its number and the stack base, and Link is the
	// word of the packet vector that leads back.
	Program bool
	Link    uint32
	// Kind is what the data pointer of an event is; 0 for other calls.
	Kind uint8
	// Near is which words of the value that it finds a lookup can return, Taken how
	// many of them, from the first on, are taken.
	Near  Near
	Taken int
}

// Near is the words of a value that a lookup can return, because it reads them with the
// entry that they are in: how many, and the transfer register of the first.
type Near struct {
	Words int
	At    uint8
}

// pairsAt returns the number of arguments before those in Pairs.
func (c *CallSite) pairsAt() int {
	if c.Number {
		return 1
	}
	return 0
}

// Pair returns the words of the argument that Pairs[k] takes.
func (c *CallSite) Pair(args []ID, k int) (lo, hi ID) {
	at := c.pairsAt() + 2*k
	return args[at], args[at+1]
}

// KeyWords returns the words of the key.
func (c *CallSite) KeyWords(args []ID) []ID {
	at := c.pairsAt() + 2*len(c.Pairs)
	return args[at : at+c.Key]
}

// ValueWords returns the words of the value.
func (c *CallSite) ValueWords(args []ID) []ID {
	at := c.pairsAt() + 2*len(c.Pairs) + c.Key
	return args[at : at+c.Value]
}

// DataWords returns the words at the stack base.
func (c *CallSite) DataWords(args []ID) []ID {
	at := c.pairsAt() + 2*len(c.Pairs) + c.Key + c.Value
	return args[at : at+c.Data]
}

// AddCall appends a call.
func (m *Maker) AddCall(c CallSite, args []ID) ID {
	m.F.Calls = append(m.F.Calls, c)
	return m.Add(Value{Op: Call, Imm: uint32(len(m.F.Calls) - 1), Args: args})
}

// ResultValue is the first word of a value that a call returns beside R0. Where the call
// finds no value, the words are nothing in particular.
const ResultValue = 2

// Result appends word k of what a call returns: 0 and 1 are those of R0.
func (m *Maker) Result(call ID, k int) ID {
	return m.Add(Value{Op: Result, Imm: uint32(k), Args: []ID{call}})
}

// Site returns what a Call calls.
func (f *Func) Site(v *Value) *CallSite { return &f.Calls[v.Imm] }

// String names the routine.
func (c *CallSite) String() string {
	if c.Map >= 0 && c.Inner {
		return fmt.Sprintf("map%d.inner.%v", c.Map, c.Helper)
	}
	if c.Map >= 0 {
		return fmt.Sprintf("map%d.%v", c.Map, c.Helper)
	}
	return c.Helper.String()
}
