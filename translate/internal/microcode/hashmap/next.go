package hashmap

import (
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/internal/microcode/micro"
)

// atOnce is the most buckets that one command reads.
const atOnce = 8

// together returns how many buckets one command reads. What is behind the last bucket is
// read with them and not looked at: it may begin where the buckets end.
func (m Map) together() int {
	l := m.Layout()
	fit := micro.MaxWords // whole words of a command
	if words := (l.Size() - l.Bucket(l.Buckets)) / 4; words < uint64(fit) {
		fit = int(words)
	}
	step := int(l.BucketStride() / 4)
	if !l.Inside {
		return min(fit, atOnce)
	}
	// Of the last one the first two words are enough.
	return min(1+(fit-2)/step, atOnce)
}

// Next returns the routine that goes from one entry to the next. It gets, as 64-bit
// arguments, the low words of the addresses of an entry (0 to begin with) and of the
// bucket behind the entry's own, and of the end of the buckets; it returns the next
// entry, 0 for none, and the bucket behind its own. It takes no lock: an entry that is
// deleted keeps its place in the chain until it is used again.
func (m Map) Next(start int) ([]nfpisa.Instr, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	flags, l := m.Target.Calls.Flags, m.Layout()
	c := micro.For(m.Target, m.Target.Calls.Result, flags, flags+1, flags+2)
	a := &micro.Assembler{Start: start}
	entry, bucket := c.Flags(), c.FlagsHigh()
	end := target.Reg{Bank: nfpisa.BankB, Num: flags + 2}.Operand() // arguments are in both banks
	high, sig := c.LastB(), c.Signal(0)
	n, step := m.together(), int(l.BucketStride()/4)
	read := n
	if l.Inside {
		read = (n-1)*step + 2
	}
	c.Xfer(read, 0)
	first, have := a.NewLabel(), a.NewLabel()
	a.Load(high, uint32(m.Base>>32)<<24)
	a.Emit(nfpisa.Mov(nfpisa.NoOperand, entry))
	a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), first)
	a.Move(nfpisa.MemRead32Swap, high, entry, 1, sig)
	a.Emit(pointer(entry, word(maplayout.HashNext)))
	a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), have)
	a.Place(first)
	a.Move(nfpisa.MemRead32Swap, high, bucket, read, sig)
	for k := range n {
		a.Emit(nfpisa.ALU(nfpisa.NoOperand, bucket, nfpisa.ALUXor, end), nfpisa.Immed(entry, 0))
		a.Branch(nfpisa.Bcc(nfpisa.CondEQ, 0), have)
		if l.Inside {
			a.Emit(nfpisa.Mov(entry, nfpisa.X(k*step+1)))
		}
		a.Emit(nfpisa.ALU(bucket, bucket, nfpisa.ALUAdd, nfpisa.Const(4*step)))
		if l.Inside {
			a.Emit(nfpisa.Mov(nfpisa.NoOperand, entry))
			a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), have)
		}
		a.Emit(pointer(entry, nfpisa.X(k*step)))
		a.Branch(nfpisa.Bcc(nfpisa.CondNE, 0), have)
	}
	a.Branch(nfpisa.Br(0), first)
	a.Place(have)
	a.Emit(nfpisa.Rtn(c.Back).WithDefer(2), nfpisa.Mov(c.Result(0), entry).Both(), nfpisa.Mov(c.Result(1), bucket).Both())
	return a.Finish(), c.Err()
}
