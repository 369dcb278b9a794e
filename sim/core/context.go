package core

import "github.com/skipsw/skipsw/sim/mem"

// A value is kept in 64 bits: the word in bits 31:0 and, above it, a mask of
// the bits that nobody wrote. A fully defined value is just a zero-extended
// word, so one test of the upper half tells that there is nothing to watch.
const undefAll = 0xffffffff << 32

// Bits of the carry and overflow flags.
const (
	flagC     uint8 = 1
	flagV     uint8 = 2
	flagUndef uint8 = 0x80
)

const (
	lmWords    = 1024 // local memory of a core, in words
	gprs       = 32   // of one bank, in a context
	xfers      = 64   // transfer-in registers of a context, and as many transfer-out
	numSignals = 16
	numLMIndex = 4
)

// indexReg is an index register with a write pipeline: a written address is
// used from ready on, until then the one before it.
type indexReg struct {
	addr  uint32
	ready uint64 // cycle from which addr is used
	old   [3]struct {
		addr  uint32
		until uint64
	}
}

// write schedules a new value that is used from cycle ready on.
func (x *indexReg) write(addr uint32, ready uint64) {
	x.old[2], x.old[1] = x.old[1], x.old[0]
	x.old[0].addr, x.old[0].until = x.addr, ready
	x.addr, x.ready = addr, ready
}

// at returns the address that an instruction at cycle now uses.
func (x *indexReg) at(now uint64) uint32 {
	if now >= x.ready {
		return x.addr
	}
	addr := x.old[0].addr
	for k := 1; k < len(x.old) && now < x.old[k].until; k++ {
		addr = x.old[k].addr
	}
	return addr
}

// Context is one hardware thread.
type Context struct {
	core *Core
	buf  *mem.Region // packet buffer
	rest *mem.Region // of the packet, behind the buffer; may be nil
	slot uint8       // 0..3

	state
	fault *Fault
	told  uint64 // cycle of what Work was told last

	access   mem.Command // the command that is being issued
	deferred mem.Command // the command whose swap has defer slots left
}

// state is what changes of a context, in plain values.
type state struct {
	regs [numSlots]uint64

	cc      uint64 // last result that set the condition codes
	cv      uint8  // carry and overflow
	prevALU uint64
	prevA   uint64
	prevPC  uint32 // word that left prevA, or noTarget
	align   [2]uint64

	pc         uint32
	left       uint32 // defer slots left, counting the branch itself
	leftTarget uint32
	leftBubble uint8
	swapLeft   uint32 // defer slots left before a context swap

	lm     [numLMIndex]indexReg
	lmSet  uint8 // index registers that were written
	tindex indexReg
	bindex indexReg

	// Local memory that is this context's, in words, a gap in it that is not,
	// and where the packet vector begins.
	lmLo, lmLen, gapLo, gapLen, vector uint32

	// Signals: raised is set from the issue of the command, arrival says when
	// it comes.
	raised  uint16
	arrival [numSignals]uint64
	// unanswered signals are those of commands that no unit has served yet;
	// arrival is the earliest possible time then. Bit 0 stands for commands
	// without a signal.
	unanswered uint16
	// loose is the number of commands without a signal that take words and that
	// no unit has served yet.
	loose int
	// A program that has ended is leaving while the worker waits for its writes;
	// ended is what it cost until then.
	leaving bool
	ended   Counts
	sigIn   [numSignals]uint64 // transfer-in registers that the signal delivers
	sigOut  [numSignals]uint64 // transfer-out registers it gives back
	pending uint64             // transfer-in registers on their way
	busy    uint64             // transfer-out registers not yet read by their command
	owed    owed               // what commands without a signal have not read for certain
	freeAt  uint64             // by then they have, and their signals would have come
	settled uint64             // memory has done by then what the program changed

	wait    uint16 // signals that end the swap
	waitAny bool
	wake    uint64
	// unsettled: wake is the earliest possible time, since a command that the
	// context waits for is unanswered.
	unsettled bool
	target    uint32 // where a ctx_arb goes on, or noTarget
	swapCost  uint8  // cycles that the swap costs
	swapPC    uint32 // word of the last command or ctx_arb

	// A command whose context swap has defer slots takes its data after them:
	// its index, or noCommand.
	held int32

	mul      mulState
	pop      popState
	csrRead  bool // the next instruction is the immed that takes csrValue
	csrValue uint32

	dirty uint32 // where the bytes of the buffer that are zero for certain begin

	commands     uint64
	waited, lost uint64 // cycles of memory waits; other cycles without an instruction
	start, limit uint64 // cycle of the first word; cycle from which it is a runaway
	asleep       uint64 // cycle at which it gave up the core
	turns        turns  // of taking its packet in
	asked        bool   // it waits for a packet, and nobody knows yet if there is one
	over         bool   // its packet has ended, and nobody knows yet
	stop         Stop   // why
	live         bool   // it has a packet
	running      bool   // it has begun its packet

	landing [xfers]uint64 // words for transfer-in registers that are on their way
}

// reset prepares the context for a packet: nothing is written that the code could
// read. Local memory is the core's.
func (x *Context) reset() {
	v := x.core.blank
	copy(x.regs[:slotIn], x.core.blanks[:])
	for _, s := range [...]span{x.core.code.readsIn, x.core.code.readsOut} {
		copy(x.regs[s.lo:s.hi], x.core.blanks[:])
	}
	x.cc, x.cv = v, flagUndef
	if v>>32 == 0 {
		x.cv = 0
	}
	x.prevALU, x.prevA, x.prevPC = v, v, noTarget
	x.align = [2]uint64{v, v}
	x.left, x.swapLeft, x.target = 0, 0, noTarget
	x.lm, x.lmSet = [numLMIndex]indexReg{}, 0
	x.tindex, x.bindex = indexReg{}, indexReg{}
	x.raised, x.unanswered, x.pending, x.busy, x.freeAt, x.settled = 0, 0, 0, 0, 0, 0
	x.owed, x.loose, x.leaving = owed{}, 0, false
	x.unsettled = false
	x.wait, x.waitAny, x.wake, x.held = 0, false, 0, noCommand
	x.mul, x.pop = mulState{}, popState{}
	x.csrRead = false
	x.waited, x.lost, x.commands = 0, 0, 0
	x.fault = nil
}

// constants fills the slots of constants.
func (x *Context) constants() {
	for i := range uint64(numSlots - slotConst) {
		x.regs[slotConst+i] = i
	}
}

// forget destroys the state that lives between neighbouring instructions.
func (x *Context) forget(v uint64) {
	x.prevPC = noTarget
	x.prevALU, x.prevA = v, v
	x.align = [2]uint64{v, v}
}
