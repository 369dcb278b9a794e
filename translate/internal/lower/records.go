package lower

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/verify"
)

var (
	_ = register(&Helper{ID: bpf.HelperRingbufReserve, Map: 1, OnMap: reserveRecord})
	_ = register(&Helper{ID: bpf.HelperRingbufOutput, Map: 1, OnMap: outputRecord})
	_ = register(&Helper{ID: bpf.HelperRingbufQuery, Map: 1, OnMap: queryRecords})
	_ = register(&Helper{ID: bpf.HelperRingbufSubmit, Inline: func(c *Call) error { return finishRecord(c, bpf.RingbufBusyBit) }})
	_ = register(&Helper{ID: bpf.HelperRingbufDiscard, Inline: func(c *Call) error { return finishRecord(c, bpf.RingbufBusyBit|bpf.RingbufDiscardBit) }})
)

// maxRecord is the most bytes that are copied to a record: each word takes
// instructions.
const maxRecord = 1024

// reserve calls the routine that makes room for a record of size bytes. It
// returns the pointer to its data, null when there is no room.
func (c *Call) reserve(size ssa.ID) (lo, hi ssa.ID) {
	packet, _ := c.Packet()
	call := c.AddCall(ssa.CallSite{
		Helper: bpf.HelperRingbufReserve, Map: int32(c.K), Pairs: []uint8{uint8(c.T.Calls.Flags)},
	}, []ssa.ID{size, packet})
	return c.Result(call, 0), c.Result(call, 1)
}

// submit changes the bits of a record's header that say who has it. The engine
// does so after all writes before, each of which was waited for.
func (c *Call) submit(lo ssa.ID, bits uint32) error {
	if !slices.Contains(c.T.Maps.Atomics, "xor") {
		return c.Unsupported("helper "+c.ID.String(), "maps.atomics of target "+c.T.Name+" does not have xor")
	}
	at := c.AddConst(lo, ^uint32(maplayout.RecordData-1))
	c.Add(ssa.Value{
		Op: ssa.AtomicXor, Space: ssa.MapValue, Aux: int32(c.K), Size: 4, Imm: uint32(maplayout.RecordLength),
		Args: []ssa.ID{at, c.Const(c.Env.Machine.MapHigh), c.Const(bits)},
	})
	return nil
}

// write stores words to a record from byte at of its data on; n is the bytes
// that they have.
func (c *Call) write(lo ssa.ID, at, n int, words []ssa.ID) {
	put := func(size uint8, at int, v ssa.ID) {
		c.Add(ssa.Value{
			Op: ssa.Store, Space: ssa.MapValue, Aux: int32(c.K), Size: size, Imm: uint32(at),
			Args: []ssa.ID{lo, c.Const(c.Env.Machine.MapHigh), v},
		})
	}
	for k, w := range words {
		switch left := n - 4*k; {
		case left >= 4:
			put(4, at+4*k, w)
		case left == 3:
			put(2, at+4*k, w)
			put(1, at+4*k+2, c.Shift(ssa.Shr, w, 16))
		default:
			put(uint8(left), at+4*k, w)
		}
	}
}

// when makes yes where the words are equal to a constant, else the errno.
func (c *Call) when(cond ssa.Cond, x, y ssa.ID, e bpf.Errno, yes func() []ssa.ID) []ssa.ID {
	return c.Choose(ssa.Compare{Cond: cond, XL: x, YL: y}, yes, func() []ssa.ID { return []ssa.ID{c.Errno(e)} })
}

// recordSize returns the constant size in bytes in register r of what is copied
// to a record.
func (c *Call) recordSize(r int) (int, error) {
	lo, _ := c.Reg(r)
	n, ok := c.F.IsConst(lo)
	if !ok {
		return 0, c.Unsupported("a record of a size known at run time only", "what it is copied from is not at one place; pass a constant size")
	}
	if n > maxRecord {
		return 0, c.Unsupported(fmt.Sprintf("a record of %d bytes", n), fmt.Sprintf("its words are copied one by one, at most %d bytes", maxRecord))
	}
	return int(n), nil
}

// recordData returns the size in register r of the bytes behind register ptr, and what
// copies them to a record from byte at of its data on: one by one where their number is
// known and small, else in a loop.
func (c *Call) recordData(ptr, r int) (size ssa.ID, put func(lo ssa.ID, at int), err error) {
	size, _ = c.Reg(r)
	n, known := c.F.IsConst(size)
	loops := c.InLocal(ptr) || isFar(c, ptr) || c.Fact(ptr).Kind == verify.PtrPacket
	if !loops || known && n <= maxRecord {
		n, err := c.recordSize(r)
		return size, func(lo ssa.ID, at int) {
			data, err := c.Behind(ptr, n)
			c.failed = cmp.Or(c.failed, err)
			if err == nil {
				c.write(lo, at, n, data)
			}
		}, err
	}
	return size, func(lo ssa.ID, at int) {
		from, _ := c.Reg(ptr)
		copyBytes(c, size, from, c.AddConst(lo, uint32(at)), func(from, to ssa.ID, size int) {
			v, err := c.LoadBehind(ptr, from, size)
			c.failed = cmp.Or(c.failed, err)
			c.Add(ssa.Value{
				Op: ssa.Store, Space: ssa.MapValue, Aux: int32(c.K), Size: uint8(size),
				Args: []ssa.ID{to, c.Const(c.Env.Machine.MapHigh), v},
			})
		})
	}, nil
}

// reserveRecord makes bpf_ringbuf_reserve.
func reserveRecord(c *Call) error {
	size, _ := c.Reg(2)
	flo, fhi := c.Reg(3)
	zero := c.Const(0)
	words := c.Choose(ssa.Compare{Cond: ssa.EQ, XL: c.Op(ssa.Or, 0, flo, fhi), YL: zero}, func() []ssa.ID {
		lo, hi := c.reserve(size)
		return []ssa.ID{lo, hi}
	}, func() []ssa.ID { return []ssa.ID{zero, zero} })
	c.SetReg(0, words[0], words[1])
	return nil
}

// finishRecord makes bpf_ringbuf_submit and bpf_ringbuf_discard. Whether the host
// is to be woken is the host's: it looks by itself.
func finishRecord(c *Call, bits uint32) error {
	fact := c.Fact(1)
	if fact.Map < 0 {
		return c.Unsupported("a record of one of several ring buffers", "memory is told apart by its map")
	}
	c.K = fact.Map
	lo, _ := c.Reg(1)
	if err := c.submit(lo, bits); err != nil {
		return err
	}
	c.SetReg(0, c.Const(0), c.Const(0))
	return nil
}

// outputRecord makes bpf_ringbuf_output.
func outputRecord(c *Call) error {
	size, put, err := c.recordData(2, 3)
	if err != nil {
		return err
	}
	flo, fhi := c.Reg(4)
	const known = bpf.RBNoWakeup | bpf.RBForceWakeup
	unknown := c.Op(ssa.Or, 0, c.And(flo, ^uint32(known)), fhi)
	words := c.when(ssa.EQ, unknown, c.Const(0), bpf.EINVAL, func() []ssa.ID {
		lo, _ := c.reserve(size)
		return c.when(ssa.NE, lo, c.Const(0), bpf.EAGAIN, func() []ssa.ID {
			put(lo, 0)
			c.failed = cmp.Or(c.failed, c.submit(lo, bpf.RingbufBusyBit))
			return []ssa.ID{c.Const(0)}
		})
	})
	c.SetResult(words[0])
	return nil
}

// queryRecords makes bpf_ringbuf_query.
func queryRecords(c *Call) error {
	what, whatHi := c.Reg(2)
	zero := c.Const(0)
	none := func() []ssa.ID { return []ssa.ID{zero, zero} }
	call := c.AddCall(ssa.CallSite{Helper: c.ID, Map: int32(c.K)}, nil)
	// position returns a position of which the routine gives the words from k on.
	position := func(k int) []ssa.ID {
		return []ssa.ID{c.Result(call, ssa.ResultValue+k), c.Result(call, ssa.ResultValue+k+1)}
	}
	produced, consumed := position(0), position(2)
	list := []struct {
		what   uint32
		answer []ssa.ID
	}{
		{bpf.RBAvailData, []ssa.ID{c.Op(ssa.Sub, 0, produced[0], consumed[0]), zero}},
		{bpf.RBRingSize, []ssa.ID{c.Const(c.Map.MaxEntries), zero}},
		{bpf.RBConsPos, consumed},
		{bpf.RBProdPos, produced},
	}
	var among func(k int) []ssa.ID
	among = func(k int) []ssa.ID {
		if k == len(list) {
			return none()
		}
		return c.Choose(ssa.Compare{Cond: ssa.EQ, XL: what, YL: c.Const(list[k].what)}, func() []ssa.ID { return list[k].answer }, func() []ssa.ID { return among(k + 1) })
	}
	words := c.Choose(ssa.Compare{Cond: ssa.EQ, XL: whatHi, YL: zero}, func() []ssa.ID { return among(0) }, none)
	c.SetReg(0, words[0], words[1])
	return nil
}
