package micro

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
)

// Convention is the calling convention of a target as a routine sees it, and
// the registers that the routine may use: those that the target grants to
// programs and that a call may change. Registers are given out in the order of
// their numbers. What is not there is noted, for Err.
type Convention struct {
	Back  nfpisa.Operand // return address
	Walk  int            // index register that runs through the key
	t     *target.Target
	free  [2][]target.GPR // by bank
	lacks []string
}

// For returns the convention of a target for a routine. Registers of bank A with
// one of the numbers in held are not given out, nor those of bank B that have
// the result.
func For(t *target.Target, held ...target.GPR) *Convention {
	c := &Convention{Back: t.Calls.Return.Operand(), t: t}
	for bank, keep := range [][]target.GPR{t.Registers.KeepA, t.Registers.KeepB} {
		for n := range target.GPR(t.Registers.GPRs) {
			switch {
			case slices.Contains(keep, n), slices.Contains(t.Calls.Kept, n), n == t.Calls.Result:
			case t.Calls.Return == target.Reg{Bank: nfpisa.Bank(bank), Num: n}:
			case nfpisa.Bank(bank) == nfpisa.BankA && slices.Contains(held, n):
			default:
				c.free[bank] = append(c.free[bank], n)
			}
		}
	}
	c.Walk = c.walk()
	return c
}

// walk chooses the index register that runs through the key: the key's own if
// calls may change it.
func (c *Convention) walk() int {
	k := &c.t.Calls
	if !slices.Contains(k.KeptIndexes, k.Key.Index) {
		return int(k.Key.Index)
	}
	for n := target.LastLMIndex; n > 0; n-- {
		if !slices.Contains(k.KeptIndexes, n) && n != k.Value.Index {
			return int(n)
		}
	}
	c.lack("an index register that calls may change beside calls.value.index", "calls.kept_indexes are %v", k.KeptIndexes)
	return 0
}

// lack notes that a routine needs what the target does not grant.
func (c *Convention) lack(what, format string, args ...any) {
	text := fmt.Sprintf("its routine needs %s, and of target %s %s", what, c.t.Name, fmt.Sprintf(format, args...))
	if !slices.Contains(c.lacks, text) {
		c.lacks = append(c.lacks, text)
	}
}

// Err tells what the target does not grant, by the names of its fields.
func (c *Convention) Err() error {
	if len(c.lacks) == 0 {
		return nil
	}
	return errors.New(strings.Join(c.lacks, "; "))
}

// take gives out the k-th free register of a bank.
func (c *Convention) take(bank nfpisa.Bank, last bool) nfpisa.Operand {
	f := c.free[bank]
	if len(f) == 0 {
		keep := c.t.Registers.KeepA
		if bank == nfpisa.BankB {
			keep = c.t.Registers.KeepB
		}
		c.lack("more registers of bank "+string('A'+rune(bank)), "registers.gprs is %d, registers.keep_%c %v and calls.kept %v",
			c.t.Registers.GPRs, 'a'+rune(bank), keep, c.t.Calls.Kept)
		return target.Reg{Bank: bank}.Operand()
	}
	k := 0
	if last {
		k = len(f) - 1
	}
	r := target.Reg{Bank: bank, Num: f[k]}
	c.free[bank] = slices.Delete(f, k, k+1)
	return r.Operand()
}

// A gives out a register of bank A, B one of bank B, LastB that with the
// highest number.
func (c *Convention) A() nfpisa.Operand { return c.take(nfpisa.BankA, false) }

// B gives out a register of bank B.
func (c *Convention) B() nfpisa.Operand { return c.take(nfpisa.BankB, false) }

// LastB gives out the register of bank B with the highest number.
func (c *Convention) LastB() nfpisa.Operand { return c.take(nfpisa.BankB, true) }

// Place is where a routine finds its map: at a base address, or, where a map of maps
// holds the map, at the one whose low word is an argument, the high word of the flags.
type Place struct {
	Base  uint64
	Inner bool
}

// Region appends what makes dst the low word of an address at an offset in a map's
// region. It may use temp, of bank B.
func (c *Convention) Region(a *Assembler, dst, temp nfpisa.Operand, p Place, at uint32) {
	const short = 1 << 7 // less than it is part of an instruction
	switch {
	case !p.Inner:
		a.Load(dst, uint32(p.Base)+at)
	case at < short:
		a.Emit(nfpisa.ALU(dst, c.FlagsHigh(), nfpisa.ALUAdd, nfpisa.Const(int(at))))
	default:
		a.Load(temp, at)
		a.Emit(nfpisa.ALU(dst, c.FlagsHigh(), nfpisa.ALUAdd, temp))
	}
}

// Flags returns the register with the low word of an update's flags.
func (c *Convention) Flags() nfpisa.Operand { return nfpisa.A(int(c.t.Calls.Flags)) }

// FlagsHigh returns the register with their high word.
func (c *Convention) FlagsHigh() nfpisa.Operand { return nfpisa.A(int(c.t.Calls.Flags) + 1) }

// Result returns the register of bank A for word k of the result, to be written
// to both banks.
func (c *Convention) Result(k int) nfpisa.Operand { return nfpisa.A(int(c.t.Calls.Result) + k) }

// Value returns the operand that runs through the value of an update.
func (c *Convention) Value() nfpisa.Operand { return through(int(c.t.Calls.Value.Index)) }

// Key returns the operand that runs through the key, after PointAtKey.
func (c *Convention) Key() nfpisa.Operand { return through(c.Walk) }

// KeyWord returns the operand that is word i of the key, where it is. Words are taken in
// order, each once.
func (c *Convention) KeyWord(i int) nfpisa.Operand {
	if key := int(c.t.Calls.Key.Index); c.Walk != key {
		return nfpisa.LMem(key, i)
	}
	return c.Key()
}

func through(index int) nfpisa.Operand {
	return nfpisa.Operand{Kind: nfpisa.LM, Index: uint8(index), Mod: nfpisa.PostInc}
}

// Signal returns the k-th signal that programs may use.
func (c *Convention) Signal(k int) int {
	if s := c.t.Registers.Signals; k < len(s) {
		return int(s[k])
	}
	c.lack("more signals", "registers.signals are %v", c.t.Registers.Signals)
	return 1
}

// Xfer asks for transfer registers 0 to in-1 and 0 to out-1.
func (c *Convention) Xfer(in, out int) {
	r := &c.t.Registers
	if r.XferIn < in {
		c.lack(fmt.Sprintf("%d transfer-in registers", in), "registers.xfer_in is %d", r.XferIn)
	}
	if r.XferOut < out {
		c.lack(fmt.Sprintf("%d transfer-out registers", out), "registers.xfer_out is %d", r.XferOut)
	}
}

// PointAtKey appends what makes the operand Key begin at the key; between puts
// instructions between reading the index register and writing the other. It
// returns where Settle counts from.
func (c *Convention) PointAtKey(a *Assembler, via nfpisa.Operand, between ...nfpisa.Instr) int {
	key := int(c.t.Calls.Key.Index)
	if c.Walk == key {
		a.Emit(between...)
		return -1 << 30
	}
	a.Emit(nfpisa.CSRRd(nfpisa.CSRActLMAddr(key)), nfpisa.Immed(via, 0))
	a.Emit(between...)
	a.Emit(nfpisa.CSRWr(nfpisa.CSRActLMAddr(c.Walk), via))
	return len(a.code)
}

// Settle appends what is missing until an index register that was written
// before instruction at can be used.
func (c *Convention) Settle(a *Assembler, at int) {
	for len(a.code)-at < c.t.LocalMemory.PointerDelay {
		a.Emit(nfpisa.Nop())
	}
}
