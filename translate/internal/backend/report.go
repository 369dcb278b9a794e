package backend

import "github.com/skipsw/skipsw/translate/internal/pass"

// Report says what was compiled and how. A back end leaves out what it has not.
type Report struct {
	Program string `json:"program"`
	Type    string `json:"type"` // xdp or tc
	Target  string `json:"target"`
	Insns   int    `json:"insns"` // eBPF slots
	Words   int    `json:"words"` // instructions of the code, routines and padding included
	// Own is the number of instructions that come from the program itself.
	Own int `json:"own"`
	// Linked are the programs of the image with their own instructions, the one
	// that was asked for first, if tail calls lead from one to another.
	Linked []Routine `json:"linked,omitempty"`
	Stack  int       `json:"stack"` // bytes of stack
	// Settings are the const volatile variables that no loader has set and that
	// decide branches, with their values.
	Settings []string `json:"settings,omitempty"`
	// Unseen are fields of the context that the program stores to, with the first
	// place, and that nobody reads on a card.
	Unseen []string `json:"unseen,omitempty"`
	// Failing are helper calls that always fail on the target, with their places.
	Failing []string `json:"failing,omitempty"`
	// Unprinted is the number of prints that were left out, as was asked for.
	Unprinted int         `json:"unprinted,omitempty"`
	Maps      []Map       `json:"maps,omitempty"`
	Routines  []Routine   `json:"routines,omitempty"`
	Alloc     Allocation  `json:"allocation"`
	Passes    []pass.Stat `json:"passes"`
	// Remarks say what passes did with the code of single eBPF instructions and what
	// they could not do, and Code what each word of the image is for, if remarks were
	// asked for. What belongs to no program is at the end and left out of Code.
	Remarks []Remark `json:"remarks,omitempty"`
	Code    []Word   `json:"code,omitempty"`
}

// Remark is what a pass did with the code of an eBPF instruction, or why it could
// not.
type Remark struct {
	Program string `json:"program"`
	Pass    string `json:"pass"`
	Insn    int    `json:"insn"` // eBPF slot, -1 for none
	Place   *Place `json:"place,omitempty"`
	// Other is the instruction that it went together with or that was in the way,
	// -1 for none.
	Other      int    `json:"other"`
	OtherPlace *Place `json:"other_place,omitempty"`
	Done       bool   `json:"done"`
	Count      int    `json:"count"`
	What       string `json:"what"`
	Why        string `json:"why,omitempty"`
}

// Place is a C line.
type Place struct {
	File string `json:"file"`
	Line int    `json:"line"`
}

// Word says what a word of the image is for.
type Word struct {
	Use string `json:"use"` // own, move, spill, fetch, remat, delay
	// Live is the number of general-purpose registers that hold something wanted.
	Live int `json:"live"`
	// Makes is the half of an eBPF register that the word makes, nil if it is not known
	// to make one.
	Makes *Half `json:"makes,omitempty"`
}

// Half is half of an eBPF register.
type Half struct {
	Reg  int  `json:"reg"`
	High bool `json:"high"`
}

// Map says where a map was placed and why.
type Map struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Layout string `json:"layout,omitempty"`
	Memory string `json:"memory,omitempty"` // by its name in the target, where the program addresses it
	Base   uint64 `json:"base"`             // address of the first byte, 0 where the firmware places it
	Size   uint64 `json:"size"`             // bytes
	Why    string `json:"why"`
}

// Routine is a routine that was linked behind the program.
type Routine struct {
	Name  string `json:"name"`
	Words int    `json:"words"`
}

// Allocation is what register allocation came to.
type Allocation struct {
	Moves  int `json:"moves"`
	Loads  int `json:"loads"`  // spilled values fetched
	Stores int `json:"stores"` // values spilled
	Remats int `json:"remats"` // constants made anew
	Slots  int `json:"slots"`  // spill slots
}
