package hostmap

import (
	"encoding/binary"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
)

// ringTable is a queue or a stack in memory that the program's own code walks.
type ringTable struct {
	maplayout.Ring
	mem []byte // the region
	lo  uint64 // what a stored pointer to its first byte is
}

var _, _ = register(maplayout.KindQueue, newRing), register(maplayout.KindStack, newRing)

func newRing(info *image.Map, l maplayout.Layout) table {
	return &ringTable{Ring: l.(maplayout.Ring), lo: low(info)}
}

// slot returns the offset of the slot that a stored pointer means. A pointer
// that a program has spoilt means slot 0.
func (t *ringTable) slot(at maplayout.Offset) uint64 {
	s := uint64(binary.LittleEndian.Uint32(t.mem[at:])) - t.lo
	if s < t.Slot(0) || s >= t.Size() || (s-t.Slot(0))%uint64(t.Stride) != 0 {
		return t.Slot(0)
	}
	return s
}

func (t *ringTable) set(at maplayout.Offset, slot uint64) {
	binary.LittleEndian.PutUint32(t.mem[at:], uint32(t.lo+slot))
}

// after returns the slot after one, and before the one before it.
func (t *ringTable) after(slot uint64) uint64 {
	if slot += uint64(t.Stride); slot == t.Size() {
		return t.Slot(0)
	}
	return slot
}

func (t *ringTable) before(slot uint64) uint64 {
	if slot == t.Slot(0) {
		slot = t.Size()
	}
	return slot - uint64(t.Stride)
}

func (t *ringTable) reset(memory []byte) {
	t.mem = memory
	t.set(maplayout.RingHead, t.Slot(0))
	t.set(maplayout.RingTail, t.Slot(0))
}

// find gives the value that a program would take out next.
func (t *ringTable) find([]byte) (uint64, bool) {
	head, tail := t.slot(maplayout.RingHead), t.slot(maplayout.RingTail)
	if t.Stack {
		return t.before(head), head != tail
	}
	return tail, head != tail
}

func (t *ringTable) exact([]byte) (uint64, bool) { return 0, false }

func (t *ringTable) insert([]byte) (uint64, bpf.Errno) { return 0, bpf.EINVAL }

func (t *ringTable) remove([]byte) bpf.Errno { return bpf.EINVAL }

func (t *ringTable) push(flags uint64) (uint64, bpf.Errno) {
	head, tail := t.slot(maplayout.RingHead), t.slot(maplayout.RingTail)
	next := t.after(head)
	switch {
	case flags != UpdateAny && flags != UpdateExist:
		return 0, bpf.EINVAL
	case next == tail && flags != UpdateExist:
		return 0, bpf.E2BIG
	case next == tail:
		t.set(maplayout.RingTail, t.after(tail))
	}
	t.set(maplayout.RingHead, next)
	return head, 0
}

func (t *ringTable) pop() bpf.Errno {
	v, ok := t.find(nil)
	switch {
	case !ok:
		return bpf.ENOENT
	case t.Stack:
		t.set(maplayout.RingHead, v)
	default:
		t.set(maplayout.RingTail, t.after(v))
	}
	return 0
}

func (t *ringTable) each(f func([]byte, uint64)) {
	head, tail := t.slot(maplayout.RingHead), t.slot(maplayout.RingTail)
	if t.Stack {
		for s := head; s != tail; {
			s = t.before(s)
			f(nil, s)
		}
		return
	}
	for s := tail; s != head; s = t.after(s) {
		f(nil, s)
	}
}

func (t *ringTable) lock() maplayout.Offset { return maplayout.RingLock }
