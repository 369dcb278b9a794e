package nfp

import (
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
)

// swapSlots is the number of defer slots of a command that gives up the core.
const swapSlots = 2

// reach is how far from a command instructions for its slots are looked for.
const reach = 16

// filler moves instructions into defer slots, in which they run in cycles that a
// branch or giving up the core takes anyway. They come from the same stretch:
// from before the branch or command, for a command from behind it, too.
type filler struct {
	o     *Output
	delay int
	s     *stretch
	slot  []bool // by word: it is in a slot
	dead  []bool // by word: nobody reads the flags that it sets
	// flight is, at the command at hand, the transfer-out registers that
	// commands without a signal may still have to read.
	flight uint64
	// packet are the words that say where the packet is: what writes them stays
	// behind the commands that go to the packet.
	packet [2]nfpisa.Operand
}

func newFiller(o *Output, t *target.Target) *filler {
	return &filler{o: o, delay: t.LocalMemory.PointerDelay, slot: o.slots(), dead: make([]bool, len(o.Words)), packet: packetWords(t)}
}

// fillCommands fills the slots of commands. It reports whether it moved
// anything.
func (o *Output) fillCommands(t *target.Target) (changed bool) {
	list := o.stretches()
	live, flight := o.flagsRead(list), o.inFlight(list)
	f := newFiller(o, t)
	for b := range list {
		f.enter(&list[b], live[b])
		regs := flight[b]
		for k := f.s.lo; k < f.s.hi; k++ {
			w := &o.Words[k]
			f.flight = 0
			for _, r := range regs {
				f.flight |= r
			}
			fly(w, &regs)
			if w.waits() && w.I.Cmd.Ctx == nfpisa.CmdSwap {
				at := f.fill(k)
				changed = changed || o.Words[at].I.Cmd.Ctx != nfpisa.CmdSwap
				k = at + int(o.Words[at].I.Cmd.Ctx)
			}
		}
	}
	return changed
}

// enter begins a stretch; read says that the flags it leaves are read.
func (f *filler) enter(s *stretch, read bool) {
	f.s = s
	for k := s.hi - 1; k >= s.lo; k-- {
		f.dead[k] = !read
		read = flagsBefore(&f.o.Words[k], read)
	}
}

// quiet has the word at k, which nobody reads the flags of, set none.
func (f *filler) quiet(k int) {
	i := &f.o.Words[k].I
	i.NoCC = i.NoCC || effectOf(&f.o.Words[k]).setsFlags
}

// fill fills the slots of the command at k and returns where it is then.
func (f *filler) fill(k int) int {
	n := 0
	for n < swapSlots {
		j := f.above(k)
		if j < 0 {
			break
		}
		f.move(j, k)
		k--
		n++
	}
	for n < swapSlots {
		j := f.below(k, n)
		if j < 0 {
			break
		}
		n++
		f.move(j, k+n)
	}
	f.o.Words[k].I.Cmd.Ctx = nfpisa.CmdCtx(n)
	for j := range n {
		f.slot[k+1+j] = true
		f.quiet(k + 1 + j)
	}
	return k
}

// move takes the word at from to place to; those between make room.
func (f *filler) move(from, to int) {
	w, d := f.o.Words[from], f.dead[from]
	if from < to {
		copy(f.o.Words[from:to], f.o.Words[from+1:to+1])
		copy(f.dead[from:to], f.dead[from+1:to+1])
	} else {
		copy(f.o.Words[to+1:from+1], f.o.Words[to:from])
		copy(f.dead[to+1:from+1], f.dead[to:from])
	}
	f.o.Words[to], f.dead[to] = w, d
}

// candidate returns what the word at j does if it may be moved at all. Nobody
// needs the flags that it sets then, so that it need not set them.
func (f *filler) candidate(j int) (effect, bool) {
	w := &f.o.Words[j]
	if f.slot[j] || !f.o.movable(j, f.delay) {
		return effect{}, false
	}
	if d := written(&w.I); d == f.packet[0] || d == f.packet[1] {
		return effect{}, false
	}
	e := effectOf(w)
	if e.setsFlags && !f.dead[j] {
		return effect{}, false
	}
	e.setsFlags = false
	return e, true
}

// above returns the nearest word before the command at k that may run behind
// it, or -1. The command takes the words that it writes to memory after its
// slots, so that they may be made there.
func (f *filler) above(k int) int {
	cmd := &f.o.Words[k]
	between := effectOf(cmd)
	between.reads.out &^= cmd.Data.outs()
	passed := []effect{between}
	for j := k - 1; j >= max(f.s.lo, k-reach); j-- {
		if e, ok := f.candidate(j); ok && !f.slot[j+1] && apartFrom(&e, passed) {
			return j
		}
		w := &f.o.Words[j]
		if f.slot[j] || !passable(&w.I) {
			return -1
		}
		passed = append(passed, effectOf(w))
	}
	return -1
}

// below returns the nearest word behind the command at k and its n slots that
// may run before the core is given up, or -1. It fills no transfer register that
// a command may still read, this one among them.
func (f *filler) below(k, n int) int {
	cmd := &f.o.Words[k]
	busy := effectOf(cmd)
	busy.reads.out |= f.flight
	passed := []effect{busy}
	for j := k + 1 + n; j < min(f.s.hi, k+1+n+reach); j++ {
		w := &f.o.Words[j]
		if e, ok := f.candidate(j); ok && (j == k+1+n || !takesHidden(&f.o.Words[j].I)) && f.settled(&e, k) && apartFrom(&e, passed) {
			return j
		}
		if f.slot[j] || !passable(&w.I) {
			return -1
		}
		passed = append(passed, effectOf(w))
	}
	return -1
}

// settled reports whether an instruction that comes to stand behind the command
// at k does not use local memory that an index register is being pointed at.
func (f *filler) settled(e *effect, k int) bool {
	if !e.reads.lm && !e.writes.lm {
		return true
	}
	for j := k; j >= max(0, k-f.delay); j-- {
		if f.o.Words[j].I.Class == nfpisa.ClassLocalCSR {
			return false
		}
	}
	return true
}

// passable reports whether instructions may be moved over another, as far as
// their effects allow.
func passable(i *nfpisa.Instr) bool {
	switch i.Class {
	case nfpisa.ClassALU, nfpisa.ClassALUShf, nfpisa.ClassLdField, nfpisa.ClassImmed, nfpisa.ClassMulStep:
		return true
	case nfpisa.ClassCmd:
		return i.Cmd.Ctx == nfpisa.CmdNoSwap
	}
	return false
}

func apartFrom(e *effect, list []effect) bool {
	for k := range list {
		if !e.apart(&list[k]) {
			return false
		}
	}
	return true
}

// inFlight returns, before each stretch and by memory, the transfer-out
// registers that commands without a signal may still have to read.
func (o *Output) inFlight(list []stretch) [][memories]uint64 {
	in := make([][memories]uint64, len(list))
	for changed := true; changed; {
		changed = false
		for b := range list {
			at := in[b]
			for k := list[b].lo; k < list[b].hi; k++ {
				fly(&o.Words[k], &at)
			}
			for _, s := range list[b].succs {
				for m := range at {
					if at[m]&^in[s][m] != 0 {
						in[s][m] |= at[m]
						changed = true
					}
				}
			}
		}
	}
	return in
}

// fly follows registers in flight over a word.
func fly(w *Word, at *[memories]uint64) {
	if w.I.Class != nfpisa.ClassCmd {
		return
	}
	m := w.Data.memory
	if w.waits() {
		at[m] = 0
		return
	}
	at[m] |= w.Data.outs()
}

// packetWords returns the words of local memory with the packet's pointer and
// length.
func packetWords(t *target.Target) [2]nfpisa.Operand {
	word := func(f target.Field) nfpisa.Operand { return nfpisa.LMem(int(t.Entry.VectorIndex), int(f.Word)) }
	return [2]nfpisa.Operand{word(t.PacketVector.Pointer), word(t.PacketVector.Length)}
}
