package firmware

import (
	"fmt"

	"github.com/skipsw/skipsw/sim/core"
)

// Words of the packet vector.
const (
	pvLength    = 0
	pvPointer   = 2
	pvQueueFlag = 4
	pvQueue     = 6
	pvIfindex   = 8
	pvRxQueue   = 9

	pvLengthMask = 0x3fff
	pvQueueBit   = 1 << 4
	pvQueueMask  = 0xff
)

// Geometry of a context's local memory: the packet vector, then the stack.
const (
	lmPerContext = 1024 // bytes
	stackBase    = 64   // bytes from the context's first
	maxStack     = lmPerContext - stackBase
	stackGPR     = 22
)

// View returns where a packet's place stands.
func View() core.PacketView {
	return core.PacketView{Pointer: pvPointer, Length: pvLength, LengthMask: pvLengthMask}
}

// Convention is entry and exit by the contract of the image's target.
type Convention struct {
	cfg Config
}

// NewConvention checks that the image keeps to what the contract has room for.
func NewConvention(cfg Config) (*Convention, error) {
	if n := cfg.Image.Machine.StackSize; n > maxStack {
		return nil, fmt.Errorf("image uses %d bytes of stack; a context has %d", n, maxStack)
	}
	return &Convention{cfg: cfg}, nil
}

// Enter puts the packet into the context's buffer, describes it in the packet
// vector, and sets stack register and index registers.
func (v *Convention) Enter(x *core.Context, in *Input) {
	img := v.cfg.Image
	base := uint32(x.Slot()) * lmPerContext
	size := stackBase + img.Machine.StackSize
	if !x.Checked(core.CheckLocalMemory) {
		size = lmPerContext
	}
	x.Enter(img.Programs[in.Program].Entry, base, size)
	addr := x.Fill(in.Packet, uint32(v.cfg.PacketOffset))
	x.SetLocal(pvLength, pvLengthMask, uint32(len(in.Packet)))
	x.SetLocal(pvPointer, ^uint32(0), addr)
	x.SetLocal(pvQueueFlag, pvQueueBit, 0)
	x.SetLocal(pvIfindex, ^uint32(0), in.IngressIfindex)
	x.SetLocal(pvRxQueue, ^uint32(0), in.RxQueue)
	x.SetReg(core.FileA, stackGPR, base+stackBase)
	x.SetPointer(0, base+stackBase)
	x.SetPointer(1, base)
}

// Leave reads exit word, packet and queue; the verdict is the exit word.
func (v *Convention) Leave(x *core.Context, _ int, out *Outcome) bool {
	code, ok := x.Arg(core.FileA, 0, "the exit word has bits that nobody wrote")
	if !ok {
		return false
	}
	out.Code, out.Verdict = code, code
	n, badLen := x.Local(pvLength)
	addr, badAddr := x.Local(pvPointer)
	if badLen&pvLengthMask != 0 || badAddr != 0 {
		x.Fail(core.FaultUndefined, "the packet vector's length or pointer has bits that nobody wrote")
		return false
	}
	n &= pvLengthMask
	if out.Packet, ok = x.Packet(addr, n); !ok {
		x.Fail(core.FaultPacket, "the packet vector at exit has pointer %#x and length %d, outside the packet buffer", addr, n)
		return false
	}
	flag, _ := x.Local(pvQueueFlag)
	if out.QueueSelected = flag&pvQueueBit != 0; out.QueueSelected {
		q, _ := x.Local(pvQueue)
		out.Queue = uint8(q & pvQueueMask)
	}
	return true
}

// Events returns none.
func (v *Convention) Events(*core.Context) []Event { return nil }
