// Package lpm makes the microcode of longest-prefix lookups for programs that
// address map memory themselves, specialised for one map's key size and place
// in memory, to be linked to a program.
//
// It never knows eBPF, SSA or the simulator. A Map says where a map is and
// what it holds; Lookup gives instructions. Prefixes are put in and taken out
// by the host only.
//
// The calling convention is that of package hashmap.
//
// # Memory
//
// A trie that branches at single bits. All words are little-endian, keys and
// masks stand as the bytes they are; pointers are the low words of memory
// addresses, 0 means none.
//
//	region   +0  root node
//	         +4  first free node
//	         +16 nodes, two for each entry
//	node     +0  node for bit 0, +4 node for bit 1
//	         +8  prefix length in bits
//	         +12 value's address, 0 for a node that only branches
//	         +16 key bytes, then a mask of the bits within the prefix, then a
//	             mask of the one bit behind it; each padded to words
//	             value, at a multiple of 8
package lpm

import (
	"fmt"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/translate/internal/microcode/micro"
)

// Map is one longest-prefix map. A key is a 4-byte prefix length and the bytes
// it counts.
type Map struct {
	KeySize    uint32 // bytes, prefix length included, 5..MaxKey
	ValueSize  uint32 // bytes
	MaxEntries uint32
	// Base is the 40-bit memory address of the region, a multiple of 8; its
	// low word is not 0.
	Base uint64
}

// Limits of a map.
const (
	MaxKey     = 4 + 28 // bytes
	MaxValue   = 65536  // bytes
	MaxEntries = 1 << 22

	lenBytes  = 4 // prefix length at the front of a key
	offNodes  = 16
	nodeWords = 4 // of a node, before its key
)

// Layout is where a map's parts are.
type Layout struct {
	Nodes  uint32 // number of nodes
	First  uint64 // offset of node 0 from the base, in bytes
	Value  uint32 // offset of the value in a node, in bytes
	Stride uint32 // from one node to the next, in bytes
	Size   uint64 // of the region, in bytes
}

// Params returns the layout's numbers by the names that images use.
func (l Layout) Params() map[string]uint64 {
	return map[string]uint64{"nodes": uint64(l.Nodes), "first": l.First, "value": uint64(l.Value)}
}

// Layout returns where the parts of the map are.
func (m Map) Layout() Layout {
	l := Layout{Nodes: 2 * m.MaxEntries, First: offNodes}
	l.Value = (4*(nodeWords+3*uint32(m.words())) + 7) &^ 7
	l.Stride = (l.Value + m.ValueSize + 7) &^ 7
	l.Size = l.First + uint64(l.Stride)*uint64(l.Nodes)
	return l
}

// words is the number of words of a key without its prefix length.
func (m Map) words() int { return int(m.KeySize-lenBytes+3) / 4 }

func (m Map) check() error {
	switch {
	case m.KeySize <= lenBytes || m.KeySize > MaxKey:
		return fmt.Errorf("longest-prefix map with keys of %d bytes; %d to %d are possible", m.KeySize, lenBytes+1, MaxKey)
	case m.ValueSize == 0 || m.ValueSize > MaxValue:
		return fmt.Errorf("longest-prefix map with values of %d bytes; 1 to %d are possible", m.ValueSize, MaxValue)
	case m.MaxEntries == 0 || m.MaxEntries > MaxEntries:
		return fmt.Errorf("longest-prefix map with %d entries; 1 to %d are possible", m.MaxEntries, MaxEntries)
	case m.Base&7 != 0 || m.Base>>40 != 0 || uint32(m.Base) == 0 || uint64(uint32(m.Base))+m.Layout().Size > 1<<32:
		return fmt.Errorf("longest-prefix map at address %#x, which must be a multiple of 8 in 40 bits and not cross a multiple of 2^32", m.Base)
	}
	return nil
}

// Registers of the routine; key words are in B1 and up.
var (
	regBest  = nfpisa.A(2) // low address of the best value so far
	regNode  = nfpisa.A(3)
	regRoot  = nfpisa.A(4)
	regDiff  = nfpisa.A(5)
	regLM    = nfpisa.A(6)
	regLen   = nfpisa.A(7)
	regMask  = nfpisa.A(8)
	regHigh  = nfpisa.B(30)
	regConst = nfpisa.B(31)
	back     = nfpisa.B(0)
)

func keyReg(i int) nfpisa.Operand { return nfpisa.B(1 + i) }

const signal = 1

// Lookup returns the lookup routine, linked to start at a control-store
// address.
func (m Map) Lookup(start int) ([]nfpisa.Instr, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	a := &micro.Assembler{Start: start}
	body, zero, one, skip, done, none := a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel(), a.NewLabel()
	kw := m.words()
	key, mask, bit := nodeWords, nodeWords+kw, nodeWords+2*kw
	m.key(a, none)
	a.Move(nfpisa.MemRead32Swap, regHigh, regRoot, 1, signal)
	a.Place(zero)
	a.Emit(nfpisa.Mov(regNode, nfpisa.X(0)))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), done)
	a.Place(body)
	a.Move(nfpisa.MemRead32Swap, regHigh, regNode, nodeWords+3*kw, signal)
	// A prefix that is longer than the key, or differs from it, ends the way.
	a.Emit(nfpisa.ALU(nfpisa.NoOperand, regLen, nfpisa.ALUSub, nfpisa.X(2)))
	a.Branch(nfpisa.Bcc(nfpisa.CondCC, 0), done)
	for i := range kw {
		a.Emit(nfpisa.ALU(regDiff, nfpisa.X(key+i), nfpisa.ALUXor, keyReg(i)),
			nfpisa.ALU(nfpisa.NoOperand, regDiff, nfpisa.ALUAnd, nfpisa.X(mask+i)))
		a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), done)
	}
	a.Emit(nfpisa.Mov(regDiff, nfpisa.X(3)))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), skip)
	a.Emit(nfpisa.Mov(regBest, nfpisa.X(3)))
	a.Place(skip)
	for i := range kw {
		a.Emit(nfpisa.ALU(nfpisa.NoOperand, nfpisa.X(bit+i), nfpisa.ALUAnd, keyReg(i)))
		a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), one)
	}
	a.Branch(nfpisa.Br(0), zero)
	a.Place(one)
	a.Emit(nfpisa.Mov(regNode, nfpisa.X(1)))
	a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), body)
	a.Place(done)
	a.Emit(nfpisa.Mov(nfpisa.NoOperand, regBest))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), none)
	a.Emit(nfpisa.Rtn(back).WithDefer(2), nfpisa.Mov(nfpisa.A(0), regBest).Both(), nfpisa.Mov(nfpisa.A(1), regHigh).Both())
	a.Place(none)
	a.Emit(nfpisa.Rtn(back).WithDefer(2), nfpisa.Immed(nfpisa.A(0), 0).Both(), nfpisa.Immed(nfpisa.A(1), 0).Both())
	return a.Finish(), nil
}

// key loads prefix length and key, and goes to none for a length beyond the
// key.
func (m Map) key(a *micro.Assembler, none micro.Label) {
	next := nfpisa.Operand{Kind: nfpisa.LM, Index: 3, Mod: nfpisa.PostInc}
	data := m.KeySize - lenBytes
	a.Emit(nfpisa.CSRRd(nfpisa.CSRActLMAddr0), nfpisa.Immed(regLM, 0), nfpisa.CSRWr(nfpisa.CSRActLMAddr3, regLM))
	a.Load(regHigh, uint32(m.Base>>32)<<24)
	a.Load(regRoot, uint32(m.Base))
	a.Load(regMask, ^uint32(0)>>(8*(-data&3)))
	a.Load(regConst, 8*data)
	a.Emit(nfpisa.Immed(regBest, 0), nfpisa.Mov(regLen, next))
	kw := m.words()
	for i := range kw {
		if i == kw-1 && data%4 != 0 {
			a.Emit(nfpisa.ALU(keyReg(i), regMask, nfpisa.ALUAnd, next))
		} else {
			a.Emit(nfpisa.Mov(keyReg(i), next))
		}
	}
	a.Emit(nfpisa.ALU(nfpisa.NoOperand, regConst, nfpisa.ALUSub, regLen))
	a.Branch(nfpisa.Bcc(nfpisa.CondCC, 0), none)
}
