// Package lpm makes the microcode of tries of prefixes for programs that address
// map memory themselves: lookup, update and delete, specialised for one map's key
// and value size and place in memory, to be linked to a program.
//
// It never knows eBPF, SSA or the simulator. A Map says where a map is and
// what it holds; Lookup, Update and Delete give instructions.
//
// The calling convention is that of package hashmap. A key of more than
// maplayout.LPMNearKey bytes comes in front of the value.
//
// # Memory
//
// maplayout.LPM says where everything is.
//
// # Concurrency
//
// Changes take the map's lock; lookups do not. Whatever is put in or taken out shows
// by one write of one pointer. A node that is taken out may be used again at once: a
// lookup that stands on it may end there.
package lpm

import (
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/internal/microcode/micro"
)

// Map is one longest-prefix map.
type Map struct {
	maplayout.Shape
	// Target has the calling convention and the registers that routines may
	// use.
	Target *target.Target
	// Base is the 40-bit memory address of the region, see
	// maplayout.CheckPlace.
	Base uint64
	// Inner says that the map is one that a map of maps holds: the low word of its
	// address is an argument, the high word of the flags. Base is that of one like
	// it.
	Inner bool
}

// place is where routines find the map.
func (m Map) place() micro.Place { return micro.Place{Base: m.Base, Inner: m.Inner} }

// held are registers of bank A that routines must not use.
func (m Map) held(list ...target.GPR) []target.GPR {
	if m.Inner {
		list = append(list, m.Target.Calls.Flags+1)
	}
	return list
}

// Layout returns where the parts of the map are.
func (m Map) Layout() maplayout.LPM { return maplayout.NewLPM(m.Shape) }

// routine is the assembler of a lookup with its registers.
type routine struct {
	micro.Assembler
	conv   *micro.Convention
	best   nfpisa.Operand // low address of the best value so far
	node   nfpisa.Operand
	root   nfpisa.Operand
	diff   nfpisa.Operand
	lm     nfpisa.Operand
	length nfpisa.Operand
	mask   nfpisa.Operand
	keys   []nfpisa.Operand
	high   nfpisa.Operand
	temp   nfpisa.Operand
	signal int
}

func (m Map) newRoutine(start int) (*routine, error) {
	result := m.Target.Calls.Result
	c := micro.For(m.Target, m.held(result, result+1)...)
	a := &routine{Assembler: micro.Assembler{Start: start}, conv: c, signal: c.Signal(0)}
	for _, r := range []*nfpisa.Operand{&a.best, &a.node, &a.root, &a.diff, &a.lm, &a.length, &a.mask} {
		*r = c.A()
	}
	a.temp, a.high = c.LastB(), c.LastB()
	words := m.Layout().KeyWords()
	for range words {
		a.keys = append(a.keys, c.B())
	}
	c.Xfer(int(maplayout.LPMHead/4)+3*words, 0)
	return a, c.Err()
}

// The root and a node's way for bit 0 are read into the same register: both are
// the first word that is read.
var _ = [1]struct{}{maplayout.LPMZero: {}}

// word returns the transfer register of word i behind an offset of a node that
// was read.
func word(at maplayout.Offset, i int) nfpisa.Operand { return nfpisa.X(int(at/4) + i) }

// Lookup returns the lookup routine, linked to start at a control-store
// address.
func (m Map) Lookup(start int) ([]nfpisa.Instr, error) {
	if err := maplayout.CheckLPM(m.Shape, m.Base); err != nil {
		return nil, err
	}
	if m.long() {
		return m.lookupLong(start)
	}
	a, err := m.newRoutine(start)
	if err != nil {
		return nil, err
	}
	body, zero, one, skip, done, none := a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel()
	l := m.Layout()
	kw := l.KeyWords()
	m.key(a, none)
	a.Move(nfpisa.MemRead32Swap, a.high, a.root, 1, a.signal)
	a.Place(zero)
	a.Emit(nfpisa.Mov(a.node, word(maplayout.LPMZero, 0)))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), done)
	a.Place(body)
	a.Move(nfpisa.MemRead32Swap, a.high, a.node, int(maplayout.LPMHead/4)+3*kw, a.signal)
	// A prefix that is longer than the key, or differs from it, ends the way.
	a.Emit(nfpisa.ALU(nfpisa.NoOperand, a.length, nfpisa.ALUSub, word(maplayout.LPMLength, 0)))
	a.Branch(nfpisa.Bcc(nfpisa.CondCC, 0), done)
	for i := range kw {
		a.Emit(nfpisa.ALU(a.diff, word(l.Key, i), nfpisa.ALUXor, a.keys[i]),
			nfpisa.ALU(nfpisa.NoOperand, a.diff, nfpisa.ALUAnd, word(l.Mask(), i)))
		a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), done)
	}
	a.Emit(nfpisa.Mov(a.diff, word(maplayout.LPMAddr, 0)))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), skip)
	a.Emit(nfpisa.Mov(a.best, word(maplayout.LPMAddr, 0)))
	a.Place(skip)
	for i := range kw {
		a.Emit(nfpisa.ALU(nfpisa.NoOperand, word(l.Bit(), i), nfpisa.ALUAnd, a.keys[i]))
		a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), one)
	}
	a.Branch(nfpisa.Br(0), zero)
	a.Place(one)
	a.Emit(nfpisa.Mov(a.node, word(maplayout.LPMOne, 0)))
	a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), body)
	a.Place(done)
	a.Emit(nfpisa.Mov(nfpisa.NoOperand, a.best))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), none)
	a.Emit(nfpisa.Rtn(a.conv.Back).WithDefer(2), nfpisa.Mov(a.conv.Result(0), a.best).Both(), nfpisa.Mov(a.conv.Result(1), a.high).Both())
	a.Place(none)
	a.Emit(nfpisa.Rtn(a.conv.Back).WithDefer(2), nfpisa.Immed(a.conv.Result(0), 0).Both(), nfpisa.Immed(a.conv.Result(1), 0).Both())
	return a.Finish(), nil
}

// key loads prefix length and key, and goes to none for a length beyond the
// key.
func (m Map) key(a *routine, none micro.Label) {
	next := a.conv.Key()
	data := m.KeySize - maplayout.LPMLengthSize
	at := a.conv.PointAtKey(&a.Assembler, a.lm)
	a.Load(a.high, uint32(m.Base>>32)<<24)
	a.conv.Region(&a.Assembler, a.root, a.temp, m.place(), uint32(maplayout.LPMRoot))
	a.Load(a.mask, ^uint32(0)>>(8*(-data&3)))
	a.Load(a.temp, 8*data)
	a.Emit(nfpisa.Immed(a.best, 0))
	a.conv.Settle(&a.Assembler, at)
	a.Emit(nfpisa.Mov(a.length, next))
	kw := m.Layout().KeyWords()
	for i := range kw {
		if i == kw-1 && data%4 != 0 {
			a.Emit(nfpisa.ALU(a.keys[i], a.mask, nfpisa.ALUAnd, next))
		} else {
			a.Emit(nfpisa.Mov(a.keys[i], next))
		}
	}
	a.Emit(nfpisa.ALU(nfpisa.NoOperand, a.temp, nfpisa.ALUSub, a.length))
	a.Branch(nfpisa.Bcc(nfpisa.CondCC, 0), none)
}
