package uml

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"github.com/skipsw/skipsw/sim/pcie/internal/guestmem"
)

var le = binary.LittleEndian

// queue is one split virtqueue (virtio 1.1, 2.6).
type queue struct {
	mem               *guestmem.Memory
	num               uint32 // entries
	desc, avail, used uint64
	kick, call        *os.File
	enabled           bool
	next              uint16 // of the available ring
	uncalled          int    // requests finished since the guest was last told
}

// request is one chain of descriptors: what the guest sent, copied, and where
// the answer goes.
type request struct {
	in  []byte
	out []byte // nil for a posted request; the guest's memory
	id  uint16
}

const (
	descSize  = 16
	descNext  = 1
	descWrite = 2

	maxQueue   = 1 << 15
	maxRequest = 1 << 20 // bytes of one request; the guest's largest is a BAR copy
)

// setSize takes the number of entries.
func (q *queue) setSize(n uint32) error {
	if n == 0 || n > maxQueue || n&(n-1) != 0 {
		return fmt.Errorf("queue of %d entries", n)
	}
	q.num = n
	return nil
}

// setPlace takes the addresses of a queue's parts.
func (q *queue) setPlace(desc, used, avail uint64) error {
	if desc%descSize != 0 || used%4 != 0 || avail%4 != 0 {
		return fmt.Errorf("queue at %#x, %#x, %#x: not aligned", desc, avail, used)
	}
	q.desc, q.used, q.avail = desc, used, avail
	return nil
}

// pop takes the next request, or nil. The caller holds the memory's lock.
func (q *queue) pop() (*request, error) {
	if q.num == 0 {
		return nil, errors.New("queue without a size")
	}
	av, err := q.mem.Slice(q.avail, uint64(4+2*q.num))
	if err != nil {
		return nil, err
	}
	// Flags and index are one word; the index tells that entries are there.
	if uint16(atomic.LoadUint32((*uint32)(unsafe.Pointer(&av[0])))>>16) == q.next {
		return nil, nil
	}
	r := &request{id: le.Uint16(av[4+2*(uint32(q.next)%q.num):])}
	q.next++
	d := r.id
	for range q.num {
		if uint32(d) >= q.num {
			return nil, fmt.Errorf("descriptor %d of %d", d, q.num)
		}
		var e [descSize]byte
		b, err := q.mem.Slice(q.desc+descSize*uint64(d), descSize)
		if err != nil {
			return nil, err
		}
		copy(e[:], b)
		n := le.Uint32(e[8:])
		if b, err = q.mem.Slice(le.Uint64(e[:]), uint64(n)); err != nil {
			return nil, err
		}
		flags := le.Uint16(e[12:])
		switch {
		case flags&descWrite != 0:
			r.out = b
		case len(r.in)+len(b) > maxRequest:
			return nil, fmt.Errorf("request of more than %d bytes", maxRequest)
		default:
			r.in = append(r.in, b...)
		}
		if flags&descNext == 0 {
			return r, nil
		}
		d = le.Uint16(e[14:])
	}
	return nil, fmt.Errorf("descriptors of request %d form a ring", r.id)
}

// push finishes a request whose answer has n bytes.
func (q *queue) push(r *request, n int) error {
	us, err := q.mem.Slice(q.used, uint64(4+8*q.num))
	if err != nil {
		return err
	}
	i := le.Uint16(us[2:])
	e := us[4+8*(uint32(i)%q.num):]
	le.PutUint32(e, uint32(r.id))
	le.PutUint32(e[4:], uint32(n))
	atomic.StoreUint32((*uint32)(unsafe.Pointer(&us[0])), uint32(i+1)<<16)
	return nil
}

// tell interrupts the guest.
func (q *queue) tell() {
	q.uncalled = 0
	if q.call != nil {
		_, _ = q.call.Write([]byte{1, 0, 0, 0, 0, 0, 0, 0})
	}
}

// close closes the queue's descriptors.
func (q *queue) close() {
	for _, f := range []*os.File{q.kick, q.call} {
		if f != nil {
			_ = f.Close()
		}
	}
}
