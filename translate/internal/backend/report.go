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
	// Unprinted is the number of prints that were left out, as was asked for.
	Unprinted int         `json:"unprinted,omitempty"`
	Maps      []Map       `json:"maps,omitempty"`
	Routines  []Routine   `json:"routines,omitempty"`
	Alloc     Allocation  `json:"allocation"`
	Passes    []pass.Stat `json:"passes"`
}

// Map says where a map was placed and why.
type Map struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Layout string `json:"layout,omitempty"`
	Base   uint64 `json:"base"` // address of the first byte, 0 where the firmware places it
	Size   uint64 `json:"size"` // bytes
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
