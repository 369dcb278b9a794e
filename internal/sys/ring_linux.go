package sys

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/translate/bpf"
)

// Ring is a BPF ring buffer as a reader sees it: a page with the reader's
// position, a page with the programs', and the records, mapped twice so that none
// is in two pieces.
type Ring struct {
	reader   []byte
	programs []byte
	data     []byte
	size     int
}

// OpenRing maps the ring buffer of a file descriptor, which has size bytes.
func OpenRing(fd, size int) (*Ring, error) {
	page := os.Getpagesize()
	reader, err := unix.Mmap(fd, 0, page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map the reader's page: %w", err)
	}
	programs, err := unix.Mmap(fd, int64(page), page+2*size, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("map the records: %w", err), unix.Munmap(reader))
	}
	return &Ring{reader: reader, programs: programs, data: programs[page:], size: size}, nil
}

// Next takes the oldest record out, passing over discarded ones. ok is false when
// there is none or it is still written.
func (r *Ring) Next() (record []byte, ok bool) {
	mine, theirs := (*uint64)(unsafe.Pointer(&r.reader[0])), (*uint64)(unsafe.Pointer(&r.programs[0]))
	for at := atomic.LoadUint64(mine); at != atomic.LoadUint64(theirs); {
		b := r.data[at&uint64(r.size-1):]
		word := atomic.LoadUint32((*uint32)(unsafe.Pointer(&b[0])))
		if word&bpf.RingbufBusyBit != 0 {
			return nil, false
		}
		n := word &^ bpf.RingbufDiscardBit
		if word&bpf.RingbufDiscardBit == 0 {
			record, ok = bytes.Clone(b[bpf.RingbufHdrSz:][:n]), true
		}
		at += uint64(n+bpf.RingbufHdrSz+7) &^ 7
		atomic.StoreUint64(mine, at)
		if ok {
			return record, true
		}
	}
	return nil, false
}

// Close unmaps the ring.
func (r *Ring) Close() error { return errors.Join(unix.Munmap(r.reader), unix.Munmap(r.programs)) }
