package platform

// Sizes that every program keeps. They are constants, not fields of a Platform,
// because states are laid out by them.
const (
	// MaxSlots bounds the length of a program (BPF_COMPLEXITY_LIMIT_INSNS, as
	// bpf(2) has it).
	MaxSlots = 1_000_000
	// MaxFrames is how many functions may be active at once, the program among
	// them (MAX_CALL_FRAMES).
	MaxFrames = 8
	// StackBytes is the stack of a frame, and of all frames together
	// (MAX_BPF_STACK), where each counts in steps of StackStep bytes
	// (round_up_stack_depth, of a program that is compiled).
	StackBytes = 512
	StackStep  = 16
	// TailCallStack bounds the bytes of stack that the callers of a function may
	// use that makes a tail call: less than this (check_max_stack_depth_subprog).
	TailCallStack = 256
	// MaxOffset bounds the offsets that pointers carry, in bytes and in both
	// directions: less than this (BPF_MAX_VAR_OFF).
	MaxOffset = 1 << 29
	// MaxPacket is the greatest offset in a packet for which a check of bounds
	// counts, in bytes (MAX_PACKET_OFF).
	MaxPacket = 0xffff
	// MaxInsns is how many instructions are walked before a program counts as
	// too complex (BPF_COMPLEXITY_LIMIT_INSNS).
	MaxInsns = 1_000_000
	// MaxPending is how many ways of jumps may be put aside at once
	// (BPF_COMPLEXITY_LIMIT_JMP_SEQ).
	MaxPending = 8192
)
