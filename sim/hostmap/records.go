package hostmap

import (
	"encoding/binary"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
)

// Queue is the host's side of a queue of records: a ring buffer or a perf event
// array. What programs reserve while the host reads is left for later.
type Queue struct {
	maplayout.Records
	mem []byte // the region
}

// Record is one record of a queue. Its bytes are those of memory: they are valid
// until programs run on.
type Record struct {
	Position uint64 // in all bytes that were ever reserved
	Writer   uint32 // packet pointer of the program's packet
	Data     []byte
	Packet   []byte // bytes of the packet that an event has
}

var _, _ = register(maplayout.KindRingbuf, newQueue), register(maplayout.KindEvents, newQueue)

func newQueue(_ *image.Map, l maplayout.Layout) table {
	return &Queue{Records: l.(maplayout.Records)}
}

// Queue returns the map as a queue of records, if it is one.
func (m *Map) Queue() (*Queue, bool) {
	q, ok := m.table.(*Queue)
	return q, ok
}

func (q *Queue) position(at maplayout.Offset) uint64 { return binary.LittleEndian.Uint64(q.mem[at:]) }

// Lost returns the number of records for which there was no room, modulo 2^32.
func (q *Queue) Lost() uint32 { return binary.BigEndian.Uint32(q.mem[maplayout.RecordsLost:]) }

// record reads the record at a position. ok is false for one that cannot be: a
// program has written to the header. end is the position behind it.
func (q *Queue) record(at uint64) (r Record, state uint32, end uint64, ok bool) {
	b := q.mem[q.At(at):]
	word := binary.BigEndian.Uint32(b)
	n := uint64(word &^ (bpf.RingbufBusyBit | bpf.RingbufDiscardBit))
	end = at + q.Taken(n)
	if end-at >= uint64(q.Room) {
		return Record{}, 0, 0, false
	}
	r = Record{Position: at, Writer: binary.BigEndian.Uint32(b[maplayout.RecordWriter:]), Data: b[maplayout.RecordData:][:n]}
	return r, word & (bpf.RingbufBusyBit | bpf.RingbufDiscardBit), end, true
}

// event parts the data of an event in what the program passed and the packet's
// bytes. ok is false for lengths that no program's event has.
func (q *Queue) event(r *Record) (ok bool) {
	if !q.Events {
		return true
	}
	if len(r.Data) < int(maplayout.EventData) {
		return false
	}
	size, packet := uint64(binary.LittleEndian.Uint32(r.Data)), uint64(binary.LittleEndian.Uint32(r.Data[maplayout.EventPacket:]))
	b := r.Data[maplayout.EventData:]
	front := (size + 3) &^ 3
	if front+packet != uint64(len(b)) {
		return false
	}
	r.Data, r.Packet = b[:size], b[front:]
	return true
}

// walk calls f for all records between consumer and producer that are whole.
// What f returns says whether to go on.
func (q *Queue) walk(f func(r Record, state uint32, end uint64) bool) {
	for at, producer := q.position(maplayout.RecordsConsumer), q.position(maplayout.RecordsProducer); at != producer; {
		r, state, end, ok := q.record(at)
		if !ok || end > producer {
			// What is behind a spoilt header cannot be found.
			binary.LittleEndian.PutUint64(q.mem[maplayout.RecordsConsumer:], producer)
			return
		}
		if !f(r, state, end) {
			return
		}
		at = end
	}
}

// Next takes the oldest record out. ok is false when there is none, or when a
// program is still writing it: those behind it wait, so that records come in the
// order in which they were reserved.
func (q *Queue) Next() (next Record, ok bool) {
	q.walk(func(r Record, state uint32, end uint64) bool {
		if state&bpf.RingbufBusyBit != 0 {
			return false
		}
		binary.LittleEndian.PutUint64(q.mem[maplayout.RecordsConsumer:], end)
		if state&bpf.RingbufDiscardBit == 0 && q.event(&r) {
			next, ok = r, true
		}
		return !ok
	})
	return next, ok
}

// Of calls f for the records of a writer that are whole, and leaves them in the
// queue.
func (q *Queue) Of(writer func(pointer uint32) bool, f func(r Record)) {
	q.walk(func(r Record, state uint32, _ uint64) bool {
		if state == 0 && writer(r.Writer) && q.event(&r) {
			f(r)
		}
		return true
	})
}

// Abandon discards what a writer will not finish.
func (q *Queue) Abandon(writer func(pointer uint32) bool) {
	q.walk(func(r Record, state uint32, _ uint64) bool {
		if state&bpf.RingbufBusyBit != 0 && writer(r.Writer) {
			binary.BigEndian.PutUint32(q.mem[q.At(r.Position):], uint32(len(r.Data))|bpf.RingbufDiscardBit)
		}
		return true
	})
}

func (q *Queue) reset(memory []byte) { q.mem = memory }

func (q *Queue) find([]byte) (uint64, bool) { return 0, false }

func (q *Queue) exact([]byte) (uint64, bool) { return 0, false }

func (q *Queue) insert([]byte) (uint64, bpf.Errno) { return 0, bpf.EINVAL }

func (q *Queue) remove([]byte) bpf.Errno { return bpf.EINVAL }

func (q *Queue) each(func([]byte, uint64)) {}

func (q *Queue) lock() maplayout.Offset { return maplayout.RecordsLock }
