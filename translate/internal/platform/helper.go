package platform

import "github.com/skipsw/skipsw/translate/bpf"

// Helper is a row of the table of helper functions: what a helper wants, for
// whom, and what it does, as far as a proof asks.
type Helper struct {
	ID  bpf.HelperID
	For Progs // who may call it
	// GPL says that only programs under a licence compatible with the GPL may.
	GPL  bool
	Args [5]Arg // what it wants in R1 to R5
	Ret  Ret    // what it leaves in R0
	// Fixed are the bytes of its ArgFixed arguments, in their order.
	Fixed [2]int
	// Packet says that memory arguments may lie in the packet.
	Packet bool
	// Moves says that pointers into the packet do not survive the call; of one
	// that leaves, a call that succeeds.
	Moves bool
	// Leaves says that a call that succeeds does not come back: another program
	// runs in the place of the function.
	Leaves bool
	// Writes says that it changes what its map holds.
	Writes bool
	// CallsBack says that it calls the function in R2.
	CallsBack bool
	// Dynptr is the kind of the dynptr that it makes in its ArgNewDynptr.
	Dynptr Dynptr
	// Refused says why a program that calls it is not supported, "" when it is.
	Refused string
}

// Name returns the name that programs call it by.
func (h *Helper) Name() string { return "bpf_" + h.ID.String() }

// Arg is what a helper wants in an argument register.
type Arg uint8

// The arguments, with the kernel's names behind them.
const (
	ArgNone Arg = iota
	// ArgAnything is anything that was set (ARG_ANYTHING).
	ArgAnything
	// ArgRest is anything, set or not: the values of a variadic helper.
	ArgRest
	ArgCtx       // ARG_PTR_TO_CTX
	ArgCtxOrNull // ARG_PTR_TO_CTX_OR_NULL
	ArgMap       // ARG_CONST_MAP_PTR: the map itself
	ArgKey       // ARG_PTR_TO_MAP_KEY: readable memory of the map's key size
	ArgValue     // ARG_PTR_TO_MAP_VALUE: readable memory of the map's value size
	ArgFillValue // ARG_PTR_TO_MAP_VALUE | MEM_UNINIT: the same, to be filled
	ArgMem       // ARG_PTR_TO_MEM: readable memory, its size in the next argument
	ArgMemOrNull // ARG_PTR_TO_MEM | PTR_MAYBE_NULL: the same, or null with size 0
	ArgFill      // ARG_PTR_TO_UNINIT_MEM: memory to be filled, its size in the next
	ArgSize      // ARG_CONST_SIZE: of the memory before, at least 1
	// ArgSizeOrZero is the size of the memory before, which may be 0
	// (ARG_CONST_SIZE_OR_ZERO).
	ArgSizeOrZero
	ArgFill4 // ARG_PTR_TO_FIXED_SIZE_MEM | MEM_WRITE | MEM_ALIGNED: 4 bytes
	ArgFill8 // the same of 8 bytes
	ArgFixed // ARG_PTR_TO_FIXED_SIZE_MEM: readable memory of the next of Fixed
	// ArgRecordSize is a known number: the bytes of the record that the helper
	// returns (ARG_CONST_ALLOC_SIZE_OR_ZERO).
	ArgRecordSize
	// ArgRecord is a record that was reserved and that the helper takes back
	// (ARG_PTR_TO_RINGBUF_MEM | OBJ_RELEASE).
	ArgRecord
	ArgFunc // ARG_PTR_TO_FUNC: a function of the program
	// ArgNumber is a number, for functions of the kernel.
	ArgNumber
	// ArgDynptr is a dynptr on the stack (ARG_PTR_TO_DYNPTR | MEM_RDONLY).
	ArgDynptr
	// ArgNewDynptr is stack memory for a dynptr to be made in (ARG_PTR_TO_DYNPTR |
	// MEM_UNINIT).
	ArgNewDynptr
	// ArgRecordDynptr is a dynptr of a ring buffer's record that the helper takes
	// back (ARG_PTR_TO_DYNPTR | DYNPTR_TYPE_RINGBUF | OBJ_RELEASE).
	ArgRecordDynptr
	// ArgBufferOrNull is memory that is read and written, or null (void *buffer__opt).
	ArgBufferOrNull
	// ArgSliceSize is a known number: the bytes of the memory before and of the slice
	// that is returned (u32 buffer__szk).
	ArgSliceSize
	// ArgStackOrNull is a pointer to the stack or null (ARG_PTR_TO_STACK_OR_NULL).
	ArgStackOrNull
	// ArgConstString is a string that is constant data of the object (ARG_PTR_TO_CONST_STR).
	ArgConstString
	// ArgLock is the struct bpf_spin_lock of a map value (ARG_PTR_TO_SPIN_LOCK).
	ArgLock
)

// Fills reports whether the helper writes the argument's memory.
func (a Arg) Fills() bool {
	return a == ArgFill || a == ArgFillValue || a == ArgFill4 || a == ArgFill8
}

// Ret is what a helper leaves in R0.
type Ret uint8

// The results.
const (
	RetScalar Ret = iota
	// RetCPU is the number of a processor.
	RetCPU
	// RetVoid leaves nothing.
	RetVoid
	// RetValueOrNull is a pointer to a value of the map in R1, or null.
	RetValueOrNull
	// RetRecordOrNull is memory of ArgRecordSize bytes that the program has to
	// give back, or null (RET_PTR_TO_RINGBUF_MEM_OR_NULL).
	RetRecordOrNull
	// RetSliceOrNull is memory of a dynptr, or null; of RetReadSliceOrNull it may only
	// be read.
	RetSliceOrNull
	RetReadSliceOrNull
	// RetDynptrDataOrNull is the same for dynptrs of map values and records
	// (RET_PTR_TO_DYNPTR_MEM_OR_NULL).
	RetDynptrDataOrNull
)

// Uses returns the argument registers that a call reads.
func (h *Helper) Uses() (regs bpf.RegSet) {
	for k, a := range h.Args {
		switch a {
		case ArgNone:
		case ArgRest:
			return regs | bpf.ArgRegs
		default:
			regs |= bpf.Reg(bpf.R1 + uint8(k))
		}
	}
	return regs
}
