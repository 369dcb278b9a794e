package uml

import "github.com/skipsw/skipsw/sim/pcie"

// A message of PCI over virtio (linux/virtio_pcidev.h) has 16 bytes, then data:
//
//	operation 8, BAR 8, zero 16, size 32, address 64
//
// The address is an offset in the configuration space or the BAR. Data of a
// configuration write has 8 bytes whatever its size, that of a set one byte.
const (
	opConfigRead  = 1
	opConfigWrite = 2
	opRead        = 3
	opWrite       = 4
	opSet         = 5
	opMSI         = 7

	messageSize = 16
)

// handle executes one request on the function and returns the length of the
// answer.
func handle(f pcie.Function, r *request, logf func(string, ...any)) int {
	if len(r.in) < messageSize {
		logf("PCI message of %d bytes", len(r.in))
		return 0
	}
	op, bar, addr := r.in[0], int(r.in[1]), le.Uint64(r.in[8:])
	size := int(min(le.Uint32(r.in[4:]), maxRequest))
	data := r.in[messageSize:]
	switch op {
	case opConfigRead, opRead:
		// The answer is made apart from the guest's memory, so that the guest
		// cannot change it while it is made.
		p := make([]byte, min(size, len(r.out)))
		if op == opRead {
			f.Read(bar, addr, p)
		} else {
			f.Config().Read(addr, p)
		}
		return copy(r.out, p)
	case opConfigWrite, opWrite:
		if r.out != nil || len(data) < size {
			// The unrepaired driver keeps commands in one buffer for all: an
			// interrupt between a read and its answer that writes spoils the
			// read.
			logf("PCI write of %d bytes at %#x of BAR %d carries %d", size, addr, bar, len(data))
			return len(r.out)
		}
		if op == opWrite {
			f.Write(bar, addr, data[:size])
		} else {
			f.WriteConfig(addr, data[:size])
		}
	case opSet:
		if len(data) == 0 {
			logf("PCI set of %d bytes without a value", size)
			return 0
		}
		p := make([]byte, size)
		for i := range p {
			p[i] = data[0]
		}
		f.Write(bar, addr, p)
	default:
		logf("PCI message with operation %d", op)
	}
	return 0
}

// interrupt is a vector's message on its way to the guest.
type interrupt struct {
	vector  int
	message pcie.Message
}

func (i *interrupt) encode() []byte {
	b := make([]byte, messageSize+4)
	b[0] = opMSI
	le.PutUint32(b[4:], 4)
	le.PutUint64(b[8:], i.message.Addr)
	le.PutUint32(b[messageSize:], i.message.Data)
	return b
}
