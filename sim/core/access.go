package core

import (
	"fmt"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/sim/mem"
)

// PacketBounds returns where the packet lies in the context's buffer, as the
// packet vector says; an impossible vector gives an empty packet.
func (x *Context) PacketBounds() (lo, hi uint32) {
	v := &x.core.cfg.View
	vector := x.core.lm[x.vector:]
	off := uint64(v.Pointer.Get(uint32(vector[v.Pointer.Word]))) - x.buf.Base
	n := uint64(v.Length.Get(uint32(vector[v.Length.Word])))
	if size := uint64(len(x.buf.Data)); off > size || n > size-off {
		return 0, 0
	}
	return uint32(off), uint32(off + n)
}

// metadata returns the bytes in front of the packet that are the program's.
func (x *Context) metadata() uint32 {
	f := x.core.cfg.View.Metadata
	if f == nil {
		return 0
	}
	return f.Get(uint32(x.core.lm[x.vector:][f.Word]))
}

// resolve finds the memory that a command reaches, and faults for memory that
// is not the program's.
func (c *Core) resolve(x *Context, q *mem.Command) bool {
	if q.Address&c.cfg.View.Mask == c.cfg.View.Set {
		return c.resolvePacket(x, q)
	}
	return c.resolveMap(x, q)
}

func (c *Core) resolveMap(x *Context, q *mem.Command) bool {
	r := c.recent
	if r == nil || q.Address < r.Base || q.Address >= r.End() {
		if r = c.mem.Map.Find(q.Address); r != nil {
			c.recent = r
		}
	}
	n := q.Bytes
	if r == nil && x.inRest(q.Address) {
		return c.resolveRest(x, q)
	}
	if r == nil || q.Address+uint64(n) > r.End() {
		c.fail(x, FaultMemory, "%s of %d bytes at memory address %#x, which is neither packet nor map memory%s", verb(q), n, q.Address, c.nearMap(q.Address))
		return false
	}
	if r.Copies && !q.Op.Reads() {
		c.fail(x, FaultUnsupported, "%v", unsupported.New(verb(q)+" of map "+r.Name, "each island has a copy of its memory, and the others' would stay as they are"))
		return false
	}
	off := q.Address - r.Base
	if c.cfg.Checks&CheckMapValues != 0 && !r.Values.IsLock(q.Op, off, n) && (!r.Values.Mixed() || c.code.ofProgram(x.swapPC)) {
		in, ok := r.Values.Inside(off, n)
		key := !ok && q.Op.Reads() && r.Values.WithKey(off, n)
		if !ok && !key {
			c.fail(x, FaultMemory, "%s of %d bytes at offset %d of map %q, %d bytes from the start of a value of %d", verb(q), n, off, r.Name, int64(in), r.Values.Size)
			return false
		}
		if c.cfg.Checks&CheckExact != 0 && !key && !r.Values.Holds(in, n) {
			c.fail(x, FaultMemory, "%s of %d bytes at offset %d of a value of map %q, which has %d bytes", verb(q), n, in, r.Name, r.Values.Size)
			return false
		}
	}
	q.Region, q.Offset = r, off
	q.Ticket.Lo, q.Ticket.Hi = 0, n
	return true
}

// fragment returns how many bytes of the packet lie behind its buffer.
func (x *Context) fragment() uint32 {
	f := x.core.cfg.View.Fragment
	if f == nil || x.rest == nil {
		return 0
	}
	return min(f.Get(uint32(x.core.lm[x.vector:][f.Word])), uint32(x.rest.Size))
}

// inRest reports whether an address is of the memory behind the context's buffer.
func (x *Context) inRest(addr uint64) bool {
	return x.rest != nil && addr-x.rest.Base < x.rest.Size && x.rest.Data != nil
}

// resolveRest is resolve for the packet behind its buffer, of which a program reaches
// what is there and no more.
func (c *Core) resolveRest(x *Context, q *mem.Command) bool {
	at, n := q.Address-x.rest.Base, x.fragment()
	if at+uint64(q.Bytes) > uint64(n) {
		c.fail(x, FaultPacket, "%s of %d bytes at %d behind the packet buffer; the packet has %d bytes there", verb(q), q.Bytes, at, n)
		return false
	}
	q.Region, q.Offset = x.rest, at
	q.Ticket.Lo, q.Ticket.Hi = 0, q.Bytes
	return true
}

func (c *Core) resolvePacket(x *Context, q *mem.Command) bool {
	n, size := q.Bytes, uint64(len(x.buf.Data))
	at := q.Address - x.buf.Base
	if at >= size || uint64(n) > size-at {
		c.fail(x, FaultPacket, "%s of %d bytes at packet address %#x, outside the packet buffer %#x to %#x",
			verb(q), n, q.Address, x.buf.Base, x.buf.Base+size-1)
		return false
	}
	off := uint32(at)
	write := !q.Op.Reads()
	if write {
		x.dirty = max(x.dirty, off+n)
	}
	q.Region, q.Offset = x.buf, at
	if v := &c.cfg.View; off >= v.BesideLow && off+n <= v.BesideHigh {
		q.Ticket.Lo, q.Ticket.Hi = 0, n
		return true
	}
	lo, hi := x.PacketBounds()
	lo -= min(lo, x.metadata())
	if off >= lo && off+n <= hi {
		q.Ticket.Lo, q.Ticket.Hi = 0, n
		return true
	}
	if write && c.cfg.Checks&CheckPacketWrites != 0 || !write && c.cfg.Checks&CheckExact != 0 {
		c.fail(x, FaultPacket, "%s of %d bytes at packet offset %d; the packet has %d bytes", verb(q), n, int64(off)-int64(lo), hi-lo)
		return false
	}
	q.Ticket.Lo, q.Ticket.Hi = min(max(lo, off)-off, n), min(max(hi, off)-off, n)
	return true
}

// nearMap says which map ends before a wrong address.
func (c *Core) nearMap(addr uint64) string {
	if r := c.mem.Map.Before(addr); r != nil {
		return fmt.Sprintf("; map %q ends %d bytes before", r.Name, addr-r.End())
	}
	return ""
}

func verb(q *mem.Command) string {
	if q.Op.Reads() {
		return "read"
	}
	return "write"
}
