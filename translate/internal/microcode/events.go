package microcode

import (
	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
)

// Events go to the host by a queue of records, or by the firmware's routine.
var _ = register(&Kind{
	Type:     bpf.MapTypePerfEventArray,
	Bytes:    true,
	Layout:   func(Map) maplayout.Layout { return maplayout.NewEvents() },
	Inline:   []bpf.HelperID{bpf.HelperPerfEventOutput},
	Firmware: []bpf.HelperID{bpf.HelperPerfEventOutput},
	Shared: map[bpf.HelperID]Routine{
		bpf.HelperRingbufReserve:  records((*recorder).reserve),
		bpf.HelperPerfEventOutput: records((*recorder).copyPacket),
	},
})

// copyPacket copies bytes of the packet, as many as the value says, from the
// packet pointer in the second argument to the place in the region whose low
// word the first one is.
func (a *recorder) copyPacket() ([]nfpisa.Instr, error) {
	const piece = 8 // words that are copied at a time
	c := a.conv
	left, ref, high := c.A(), c.A(), c.LastB()
	to, from := c.A(), c.A()
	c.Xfer(piece, piece)
	again, rest, end := a.NewLabel(), a.NewLabel(), a.NewLabel()
	through := func() {
		for k := range piece {
			a.Emit(nfpisa.Mov(nfpisa.X(k), nfpisa.X(k)))
		}
	}
	a.Emit(nfpisa.Mov(left, c.Value()), nfpisa.Mov(to, c.Flags()), nfpisa.Mov(from, c.FlagsHigh()))
	a.Load(high, uint32(a.m.Base>>32)<<24)
	a.Place(again)
	a.Emit(nfpisa.ALU(nfpisa.NoOperand, left, nfpisa.ALUSub, nfpisa.Const(4*piece)))
	a.Branch(nfpisa.Bcc(nfpisa.CondCC, 0), rest)
	a.Emit(nfpisa.Mem32(nfpisa.MemRead32, 0, from, nfpisa.Const(0), piece).CtxSwap(a.signal))
	through()
	a.Move(nfpisa.MemWrite32, high, to, piece, a.signal)
	a.Emit(
		nfpisa.ALU(left, left, nfpisa.ALUSub, nfpisa.Const(4*piece)),
		nfpisa.ALU(from, from, nfpisa.ALUAdd, nfpisa.Const(4*piece)),
		nfpisa.ALU(to, to, nfpisa.ALUAdd, nfpisa.Const(4*piece)),
	)
	a.Branch(nfpisa.Br(0), again)
	a.Place(rest)
	a.Emit(nfpisa.ALU(ref, left, nfpisa.ALUSub, nfpisa.Const(1)))
	a.Branch(nfpisa.Bcc(nfpisa.CondCC, 0), end)
	a.LengthOf(ref)
	a.Emit(nfpisa.Mov(nfpisa.NoOperand, ref), nfpisa.Mem32(nfpisa.MemRead8, 0, from, nfpisa.Const(0), 1).CtxSwap(a.signal).IndirectRef())
	through()
	a.Emit(nfpisa.Mov(nfpisa.NoOperand, ref), nfpisa.Mem40(nfpisa.MemWrite8, 0, high, to, 1).CtxSwap(a.signal).IndirectRef())
	a.Place(end)
	c.Return(&a.Assembler, 0)
	return a.Finish(), c.Err()
}
