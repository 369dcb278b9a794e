// Package regalloc allocates registers for machines with banked register
// files. It knows a function only through the interface Function: blocks,
// instructions, operands with constraints. It never knows an encoding, an
// instruction set or a source language.
//
// Allocator.Allocate is the entry point. Check proves a result right without
// trusting the allocator.
//
// # The machine
//
// Four register files and one memory hold words:
//
//	A, B   general-purpose banks; one instruction reads at most one register
//	       of each, so an addition of two values wants them in different banks
//	In     words that arrive from memory, in consecutive blocks; sources like
//	       any other, but no instruction writes them
//	Out    words on their way to memory, in consecutive blocks; destinations
//	       like any other, but no instruction reads them
//	Slot   spill slots in a memory that operands can name
//
// Three things about this machine are unlike others, and the allocator lives
// on them. An instruction can write its result to registers of the same number
// in both banks for nothing (Both), and such a value can be read from either
// bank. A spilled value is still an operand: it is loaded only if an operand
// cannot name its slot, or the other operand is in a slot too. And a word that
// was read from memory is an operand where it arrived; it gets a register only
// if it outlives its place or meets another such word.
//
// # One forward scan
//
// A value is not given one register. The scan goes through the blocks in
// reverse postorder and through each block from top to bottom, and knows at
// every point all the places that each value is in: one register of each bank,
// a transfer register, a slot. An operand takes the place that costs least; a
// copy that is made for one operand serves those after it; a place that is
// needed for something else is given up for nothing as long as the value has
// another one. What is left are the questions which place to choose and which
// to give up, and they are answered by what a few passes find out beforehand:
//
//   - liveness: for each block the values that live into it, with the distance
//     to their next use, and for each operand the next use after it. Found by
//     following each use up to its definition, which costs as much as there are
//     live values at block borders, and three backward passes for distances.
//     Uses behind a loop count as far away. The pass also collects for each
//     value the registers that calls destroy during its life.
//   - banks: wishes that two values be in different banks (they are operands of
//     one instruction), in the same (one is passed to the other), or in a given
//     one. The wishes with the greatest weight come first; a union-find with
//     parity grants those that contradict none before. For the pairs that are
//     left (odd cycles), the values with most of them are written to both
//     banks. Which bank a class of values gets is left to the scan, which takes
//     the emptier one.
//   - hints: values that are passed to one parameter, or tied together, would
//     like one register, and it should be one that all of them can keep; so do
//     values that are read at a fixed place.
//   - equal constants that are passed to one parameter on several edges become
//     one value without a definition. It is created where it is first wanted.
//   - Out groups: a value whose only use is a block of Out registers in the same
//     block is written there by its own definition.
//   - sinking: a constant that is only passed along one edge need not be defined
//     either, unless its definition can write the parameter's place.
//
// # One instruction
//
// Instructions that are glued together are allocated as one (a bundle); all
// moves go before it. The steps, each of which works on the state that the
// one before left:
//
//  1. Values are brought to the fixed registers that operands read. Who was
//     there moves out.
//  2. Values that the bundle would destroy (in registers that a call loses or
//     a fixed result takes) get another place, unless they have one.
//  3. The other operands choose files. Paired operands are decided together:
//     all combinations of files are tried, there are at most a few. Being there
//     costs nothing, a move costs one, and a move for a value that lives on is
//     a little cheaper than for one that dies. Where a value is missing in one
//     bank, it may be that its register of the other bank has a twin that was
//     free ever since the value was written: then that write is widened to both
//     banks after the fact, and no move is needed.
//  4. Blocks of Out registers are filled, those at fixed numbers first. Out
//     registers keep what was moved there, so a word that is stored again needs
//     no second move.
//  5. The bundle's results get their places: first the fixed ones, then those
//     tied to an operand, blocks of In registers, and the others. Registers of
//     operands that are read for the last time are free by now. A value that
//     should be in both banks takes a number free in both; one that lives
//     across calls takes a register that they keep. When a bank is full, a
//     value that is elsewhere too gives up its register, else the value goes to
//     a slot directly, else the value that is needed last goes.
//
// # Where blocks meet
//
// A block starts with what its most frequent predecessor ends with, without
// places that another known predecessor lacks. Parameters take the place that
// most of their values come in. At the head of a loop the scan does not know
// yet what the loop's end will hold, and whatever the head has the end must
// restore; so In places are not carried around a loop unless that is safe. If
// it turns out that it was not (a move cannot write In), the allocation runs
// again without them.
//
// Programs leave by many branches to a few blocks and pass them the same things.
// So when a block branches, and what it passes is passed on again later, it is
// put in the parameter's register there and then, once for all edges to come.
// A constant that waits in that register makes way for the value that replaces
// it, and other values stay out of such registers while there is room elsewhere.
//
// When all blocks are done, the moves on each edge are ordered so that each
// source is read before it is overwritten. A cycle is broken through a register
// that is free on the edge, or a slot. The moves stand at the end of the
// predecessor or the start of the successor. Those of a critical edge would
// need a block of their own and a branch; a few of them are rather made before
// the predecessor's branches, if they are in nobody's way there.
//
// # What it costs
//
// All of it is near-linear in the number of instructions plus the number of
// values that live across block borders. An Allocator that is used again
// allocates no memory. No map is iterated and nothing depends on addresses: the
// same function has the same allocation, always.
//
// # The checker
//
// Check follows from the result alone which values each place holds, to a fixed
// point over all paths, where a place holds a value only if it does on all
// paths. Then it demands of each operand that its place holds its value and
// obeys every constraint, of each move that its source holds what it claims and
// that its files can be read and written. It shares no code with the allocator,
// so that an error in one does not hide in the other.
//
// Stable for importers.
package regalloc
