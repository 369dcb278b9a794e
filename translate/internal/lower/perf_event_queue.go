package lower

import (
	"cmp"
	"math"

	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// queueEvent makes bpf_perf_event_output on a queue in card memory, which is that of all
// CPUs: a program names its own, or index 0.
func queueEvent(c *Call) error {
	size, put, err := c.recordData(4, 5)
	if err != nil {
		return err
	}
	flo, fhi := c.Reg(3)
	const packetBits = bpf.FCtxLenMask >> 32
	zero, packet := c.Const(0), c.And(fhi, packetBits)
	if c.Fragments() && !c.F.Is(packet, 0) {
		return c.Unsupported("bytes of the packet in an event of a program that takes frames in several pieces", "the copy goes through the first piece alone")
	}
	ptr, length := c.Packet()
	// Data of whole words stands in front of the packet's bytes.
	const words = 4
	front := c.AddConst(c.And(c.AddConst(size, words-1), ^uint32(words-1)), uint32(maplayout.EventData))
	send := func() []ssa.ID {
		lo, _ := c.reserve(c.Op(ssa.Add, 0, packet, front))
		return c.when(ssa.NE, lo, zero, bpf.ENOSPC, func() []ssa.ID {
			c.write(lo, 0, int(maplayout.EventData), []ssa.ID{size, packet})
			put(lo, int(maplayout.EventData))
			if !c.F.Is(packet, 0) {
				c.copyPacket(c.Op(ssa.Add, 0, lo, front), ptr, packet)
			}
			c.failed = cmp.Or(c.failed, c.submit(lo, bpf.RingbufBusyBit))
			return []ssa.ID{zero}
		})
	}
	index := func() []ssa.ID {
		current := ssa.Compare{Cond: ssa.EQ, XL: flo, YL: c.Const(bpf.FCurrentCPU & math.MaxUint32)}
		return c.Choose(current, send, func() []ssa.ID {
			most := c.Map.MaxEntries
			if most == 0 {
				most = uint32(c.T.Card.PerCPU()) // a loader makes an entry for each
			}
			return c.when(ssa.ULT, flo, c.Const(most), bpf.E2BIG, func() []ssa.ID {
				another := flo
				if n, ok := c.F.IsConst(flo); !ok || n != 0 {
					another = c.Choose(ssa.Compare{Cond: ssa.EQ, XL: flo, YL: cpu(c)},
						func() []ssa.ID { return []ssa.ID{zero} }, func() []ssa.ID { return []ssa.ID{flo} })[0]
				}
				return c.when(ssa.EQ, another, zero, bpf.ENOENT, send)
			})
		})
	}
	result := c.when(ssa.EQ, c.And(fhi, ^uint32(packetBits)), zero, bpf.EINVAL, func() []ssa.ID {
		return c.when(ssa.ULE, packet, length, bpf.EFAULT, index)
	})
	c.SetResult(result[0])
	return nil
}

// copyPacket calls the routine that copies bytes of the packet to a record.
func (c *Call) copyPacket(to, from, n ssa.ID) {
	s := ssa.CallSite{Helper: bpf.HelperPerfEventOutput, Map: int32(c.K), Pairs: []uint8{uint8(c.T.Calls.Flags)}, Value: 1}
	args := []ssa.ID{to, from, n}
	if c.pointed(&s) {
		args = append(args, c.StackBase())
	}
	c.AddCall(s, args)
}
