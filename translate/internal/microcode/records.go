package microcode

import (
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/microcode/micro"
)

// Records are reserved by a routine, written by the program's own code, and
// given to the host by one atomic operation.
var _ = register(&Kind{
	Type:   bpf.MapTypeRingbuf,
	Bytes:  true,
	Layout: func(m Map) maplayout.Layout { return maplayout.NewRingbuf(m.Shape) },
	Inline: []bpf.HelperID{bpf.HelperRingbufReserve, bpf.HelperRingbufReserveDynptr, bpf.HelperRingbufOutput, bpf.HelperRingbufQuery},
	Shared: map[bpf.HelperID]Routine{
		bpf.HelperRingbufReserve: records((*recorder).reserve),
		bpf.HelperRingbufQuery:   records((*recorder).query),
	},
})

// records makes a routine of a queue of records.
func records(make func(a *recorder) ([]nfpisa.Instr, error)) Routine {
	return func(m Map, start int) ([]nfpisa.Instr, error) {
		l := Of(m.Type).Layout(m).(maplayout.Records)
		if err := maplayout.CheckRecords(l, m.Base); err != nil {
			return nil, err
		}
		c := micro.For(m.Target, m.Target.Calls.Result, m.Target.Calls.Flags, m.Target.Calls.Flags+1)
		return make(&recorder{Assembler: micro.Assembler{Start: start}, conv: c, m: m, layout: l, signal: c.Signal(0)})
	}
}

// recorder is the assembler of a routine for a queue of records.
type recorder struct {
	micro.Assembler
	conv   *micro.Convention
	m      Map
	layout maplayout.Records
	signal int
}

// low returns the low word of an address in the region.
func (a *recorder) low(offset maplayout.Offset) uint32 { return uint32(a.m.Base) + uint32(offset) }

// reserve makes room for a record of as many bytes as the first argument says,
// whose header has the second. It returns a pointer to the record's data, or null
// when there is no room. The producer is written after the header, so that the
// host never meets a record without one.
func (a *recorder) reserve() ([]nfpisa.Instr, error) {
	c := a.conv
	size, writer := c.Flags(), c.FlagsHigh()
	lock, addr, taken, used, low, carry := c.A(), c.A(), c.A(), c.A(), c.A(), c.A()
	high, mask, temp, ref := c.LastB(), c.LastB(), c.LastB(), c.LastB()
	c.Xfer(4, 2)
	full := a.NewLabel()
	a.Load(high, uint32(a.m.Base>>32)<<24)
	a.Load(lock, a.low(maplayout.RecordsLock))
	a.Load(addr, a.low(maplayout.RecordsProducer))
	a.LoadOne(ref)
	a.Emit(nfpisa.ALU(taken, size, nfpisa.ALUAdd, nfpisa.Const(int(maplayout.RecordData)+maplayout.Align-1)))
	a.Load(mask, ^uint32(maplayout.Align-1))
	a.Emit(nfpisa.ALU(taken, taken, nfpisa.ALUAnd, mask))
	a.Lock(high, lock, used, a.signal)
	a.Move(nfpisa.MemRead32Swap, high, addr, 4, a.signal)
	// As in the kernel a ring is never quite full.
	a.Load(mask, a.layout.Room-maplayout.Align)
	a.Emit(
		nfpisa.Mov(low, nfpisa.X(0)), nfpisa.Mov(carry, nfpisa.X(1)), nfpisa.Mov(temp, nfpisa.X(2)),
		nfpisa.ALU(used, low, nfpisa.ALUSub, temp),
		nfpisa.Mov(temp, taken),
		nfpisa.ALU(used, used, nfpisa.ALUAdd, temp),
		nfpisa.ALU(nfpisa.NoOperand, mask, nfpisa.ALUSub, used),
	)
	a.Branch(nfpisa.Bcc(nfpisa.CondCC, 0), full)
	a.Load(mask, a.layout.Room-1)
	a.Emit(nfpisa.ALU(addr, low, nfpisa.ALUAnd, mask))
	a.Load(mask, a.low(maplayout.RecordsFirst))
	a.Emit(nfpisa.ALU(addr, addr, nfpisa.ALUAdd, mask))
	a.Load(mask, bpf.RingbufBusyBit)
	a.Emit(nfpisa.ALU(nfpisa.X(0), size, nfpisa.ALUOr, mask), nfpisa.Mov(nfpisa.X(1), writer))
	a.Move(nfpisa.MemWrite32, high, addr, 2, a.signal)
	a.Load(used, a.low(maplayout.RecordsProducer))
	a.Emit(nfpisa.ALU(nfpisa.X(0), low, nfpisa.ALUAdd, temp), nfpisa.ALU(nfpisa.X(1), carry, nfpisa.ALUAddCarry, nfpisa.Const(0)))
	a.Move(nfpisa.MemWrite32Swap, high, used, 2, a.signal)
	a.Unlock(high, lock, ref)
	a.Emit(
		nfpisa.Rtn(c.Back).WithDefer(2),
		nfpisa.ALU(c.Result(0), addr, nfpisa.ALUAdd, nfpisa.Const(int(maplayout.RecordData))).Both(),
		nfpisa.Mov(c.Result(1), high).Both(),
	)
	a.Place(full)
	a.Load(addr, a.low(maplayout.RecordsLost))
	a.AddOne(high, addr, ref)
	a.Unlock(high, lock, ref)
	c.Return(&a.Assembler, 0)
	return a.Finish(), c.Err()
}

// The bytes of an operation of the header's offsets: the producer and, behind
// it, the consumer; length and writer.
var (
	_ = [1]struct{}{maplayout.RecordsConsumer - maplayout.RecordsProducer - 8: {}}
	_ = [1]struct{}{maplayout.RecordWriter - maplayout.RecordLength - 4: {}}
)

// query returns the positions of producer and consumer in transfer registers, as
// they are at one time.
func (a *recorder) query() ([]nfpisa.Instr, error) {
	c := a.conv
	addr, high := c.A(), c.LastB()
	c.Xfer(4, 0)
	a.Load(high, uint32(a.m.Base>>32)<<24)
	a.Load(addr, a.low(maplayout.RecordsProducer))
	a.Move(nfpisa.MemRead32Swap, high, addr, 4, a.signal)
	c.Return(&a.Assembler, 0)
	return a.Finish(), c.Err()
}
