package sys

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// PerfRecord is one record of a perf event array.
type PerfRecord struct {
	CPU  int
	Data []byte
	Lost uint64 // records lost before this one; Data is nil then
}

// PerfReader reads the records of a perf event array, from a ring for each CPU.
// The array may have more entries than there are CPUs, which is usual, and which
// cilium/ebpf's reader takes for more CPUs.
type PerfReader struct {
	rings []*perfRing
	wake  *os.File // read end; Close writes to the other
	stop  *os.File
	next  int // ring to look at first

	once   sync.Once
	reader sync.Mutex // held while rings are read
	gone   bool       // guarded by reader
}

// OpenPerf makes rings of bytes each, a power of two of pages, and puts them
// into the array.
func OpenPerf(array, entries, cpus, bytes int) (*PerfReader, error) {
	r := &PerfReader{}
	var err error
	if r.wake, r.stop, err = os.Pipe(); err != nil {
		return nil, err
	}
	for cpu := range min(entries, cpus) {
		ring, err := openRing(cpu, bytes)
		if errors.Is(err, unix.ENODEV) { // the CPU is off
			continue
		}
		if err == nil {
			r.rings = append(r.rings, ring)
			key, value := order.AppendUint32(nil, uint32(cpu)), order.AppendUint32(nil, uint32(ring.fd))
			err = UpdateElem(array, key, value, unix.BPF_ANY)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("perf ring of CPU %d: %w", cpu, err), r.Close())
		}
	}
	return r, nil
}

// Read waits for the next record. It returns io.EOF after Close.
func (r *PerfReader) Read() (PerfRecord, error) {
	r.reader.Lock()
	defer r.reader.Unlock()
	for {
		if r.gone {
			return PerfRecord{}, io.EOF
		}
		if rec, ok, err := r.look(); ok || err != nil {
			return rec, err
		}
		if err := r.wait(); err != nil {
			return PerfRecord{}, err
		}
	}
}

// Next returns the next record if there is one now.
func (r *PerfReader) Next() (rec PerfRecord, ok bool, err error) {
	r.reader.Lock()
	defer r.reader.Unlock()
	if r.gone {
		return PerfRecord{}, false, io.EOF
	}
	return r.look()
}

// look takes a record out of the rings, beginning with the one whose turn it is.
func (r *PerfReader) look() (rec PerfRecord, ok bool, err error) {
	for range r.rings {
		ring := r.rings[r.next]
		r.next = (r.next + 1) % len(r.rings)
		if rec, ok, err = ring.read(); ok || err != nil {
			break
		}
	}
	return rec, ok, err
}

// wait waits until a ring has something or Close is called.
func (r *PerfReader) wait() error {
	fds := []unix.PollFd{{Fd: int32(r.wake.Fd()), Events: unix.POLLIN}}
	for _, ring := range r.rings {
		fds = append(fds, unix.PollFd{Fd: int32(ring.fd), Events: unix.POLLIN})
	}
	_, err := unix.Poll(fds, -1)
	switch {
	case errors.Is(err, unix.EINTR):
		return nil
	case err != nil:
		return err
	case fds[0].Revents != 0:
		r.gone = true
	}
	return nil
}

// Close ends a Read that waits and frees the rings.
func (r *PerfReader) Close() (err error) {
	r.once.Do(func() {
		err = r.stop.Close() // wakes the poll: the pipe has ended
		r.reader.Lock()
		defer r.reader.Unlock()
		r.gone = true
		for _, ring := range r.rings {
			err = errors.Join(err, ring.close())
		}
		err = errors.Join(err, r.wake.Close())
	})
	return err
}

// perfRing is the ring of one CPU: a page for the kernel's and our positions,
// then the records.
type perfRing struct {
	cpu, fd    int
	mem        []byte
	data       []byte
	head, tail *uint64
}

// Places in struct perf_event_mmap_page.
const (
	perfHead = 1024
	perfTail = 1032
)

func openRing(cpu, bytes int) (*perfRing, error) {
	attr := unix.PerfEventAttr{
		Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_BPF_OUTPUT, Sample_type: unix.PERF_SAMPLE_RAW, Wakeup: 1,
	}
	attr.Size = uint32(unsafe.Sizeof(attr))
	fd, err := unix.PerfEventOpen(&attr, -1, cpu, -1, unix.PERF_FLAG_FD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	page := os.Getpagesize()
	mem, err := unix.Mmap(fd, 0, page+bytes, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return &perfRing{
		cpu: cpu, fd: fd, mem: mem, data: mem[page:],
		head: (*uint64)(unsafe.Pointer(&mem[perfHead])), tail: (*uint64)(unsafe.Pointer(&mem[perfTail])),
	}, nil
}

func (r *perfRing) close() error { return errors.Join(unix.Munmap(r.mem), unix.Close(r.fd)) }

// recordHeader is the size of struct perf_event_header.
const recordHeader = 8

// read takes the next record out of the ring, if there is one. Records that
// programs do not make are passed over.
func (r *perfRing) read() (rec PerfRecord, ok bool, err error) {
	for {
		head, tail := atomic.LoadUint64(r.head), atomic.LoadUint64(r.tail)
		if head == tail {
			return rec, false, nil
		}
		header := r.bytes(tail, recordHeader)
		size := uint64(order.Uint16(header[6:]))
		if size < recordHeader || size > head-tail {
			return rec, false, fmt.Errorf("ring of CPU %d: a record of %d bytes among %d", r.cpu, size, head-tail)
		}
		body := r.bytes(tail+recordHeader, size-recordHeader)
		rec, ok = parseRecord(order.Uint32(header), body)
		rec.CPU = r.cpu
		atomic.StoreUint64(r.tail, tail+size)
		if ok {
			return rec, true, nil
		}
	}
}

// parseRecord reads the body of a record of a kind.
func parseRecord(kind uint32, body []byte) (PerfRecord, bool) {
	switch kind {
	case unix.PERF_RECORD_SAMPLE: // length, then data
		if len(body) >= 4 && uint64(order.Uint32(body)) <= uint64(len(body)-4) {
			return PerfRecord{Data: body[4 : 4+order.Uint32(body)]}, true
		}
	case unix.PERF_RECORD_LOST: // id, then how many
		if len(body) >= 16 {
			return PerfRecord{Lost: order.Uint64(body[8:])}, true
		}
	}
	return PerfRecord{}, false
}

// bytes copies n bytes at a position, which counts on around the ring.
func (r *perfRing) bytes(at, n uint64) []byte {
	out := make([]byte, n)
	from := at % uint64(len(r.data))
	k := copy(out, r.data[from:])
	copy(out[k:], r.data)
	return out
}
