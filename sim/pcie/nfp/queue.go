package nfp

// queuePair is one queue of the queue controller: two pointers to which host
// and firmware add.
type queuePair struct {
	read, write uint32
	moved       func() // after the host moved the write pointer
}

// Registers of a queue.
const (
	numQueues   = 256
	queueStride = 0x800 // bytes from one queue's to the next one's

	queueAddRead  = 0x0
	queueAddWrite = 0x4
	queueRead     = 0x8 // 18 bits
	queueWrite    = 0xc // 18 bits
	queueMask     = 1<<18 - 1
)

// queueController accesses a word.
func (c *Card) queueController(off uint64, p []byte, write bool) {
	q := &c.queues[off/queueStride]
	switch reg := off % queueStride; {
	case write && reg == queueAddRead:
		q.read += le.Uint32(p)
	case write && reg == queueAddWrite:
		q.write += le.Uint32(p)
		if q.moved != nil {
			q.moved()
		}
	case !write && reg == queueRead:
		le.PutUint32(p, q.read&queueMask)
	case !write && reg == queueWrite:
		le.PutUint32(p, q.write&queueMask)
	default:
		c.unknown("queue register %#x write %t", off, write)
	}
}
