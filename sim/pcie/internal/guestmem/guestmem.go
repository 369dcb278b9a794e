// Package guestmem is the memory that a guest shares with the process of its card,
// as files that are mapped. Every access is checked against what was shared.
package guestmem

import (
	"encoding/binary"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

var le = binary.LittleEndian

// Memory is a guest's memory by its bus addresses. ReadMemory and WriteMemory are
// those of pcie.Host.
type Memory struct {
	mu      sync.RWMutex
	regions []region
}

type region struct {
	base  uint64
	mem   []byte // what the guest has there
	whole []byte // the mapping
}

// MaxRegions is how many regions there can be.
const MaxRegions = 64

// pageSize is what file offsets of mappings are multiples of.
const pageSize = 4096

// Lock keeps memory from being taken away while slices of it are in use; Unlock
// ends that. Others may do the same meanwhile.
func (m *Memory) Lock() { m.mu.RLock() }

// Unlock ends what Lock began.
func (m *Memory) Unlock() { m.mu.RUnlock() }

// Guard runs f, which uses memory of a guest, and makes an error of memory that is
// not there any more: a guest can cut its file short under the mapping.
func Guard(f func() error) (err error) {
	old := debug.SetPanicOnFault(true)
	defer debug.SetPanicOnFault(old)
	defer func() {
		r := recover()
		if fault, ok := r.(interface{ Addr() uintptr }); ok {
			err = fmt.Errorf("the guest has taken away memory at %#x of this process", fault.Addr())
		} else if r != nil {
			panic(r)
		}
	}()
	return f()
}

// Slice returns n bytes at an address, to be used until Unlock. The guest may
// change them at any time.
func (m *Memory) Slice(addr, n uint64) ([]byte, error) {
	for _, r := range m.regions {
		if off := addr - r.base; addr >= r.base && off < uint64(len(r.mem)) && n <= uint64(len(r.mem))-off {
			return r.mem[off : off+n : off+n], nil
		}
	}
	return nil, fmt.Errorf("guest address %#x, %d bytes: not in the memory that the guest shares", addr, n)
}

// Add maps a region: size bytes of a file from an offset on. The file stays the
// caller's.
func (m *Memory) Add(base, size, offset uint64, fd int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.regions) == MaxRegions {
		return fmt.Errorf("more than %d regions of memory", MaxRegions)
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	for _, r := range m.regions {
		if base < r.base+uint64(len(r.mem)) && r.base < base+size {
			return fmt.Errorf("guest memory %#x, %d bytes: there is memory already", base, size)
		}
	}
	// Memory behind the file's end would be a fault at its first use.
	if end := offset + size; size == 0 || end < size || end > uint64(st.Size) || base+size < base {
		return fmt.Errorf("guest memory %#x, %d bytes at offset %#x of a file of %d", base, size, offset, st.Size)
	}
	page := offset &^ (pageSize - 1)
	b, err := unix.Mmap(fd, int64(page), int(size+offset-page), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("map guest memory %#x, %d bytes: %w", base, size, err)
	}
	m.regions = append(m.regions, region{base, b[offset-page:], b})
	return nil
}

// Remove gives a region back. It reports whether there was one of this address and
// size.
func (m *Memory) Remove(base, size uint64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, r := range m.regions {
		if r.base == base && uint64(len(r.mem)) == size {
			_ = unix.Munmap(r.whole)
			m.regions = append(m.regions[:i:i], m.regions[i+1:]...)
			return true
		}
	}
	return false
}

// Close gives all memory back. Nobody reaches it then.
func (m *Memory) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.regions {
		_ = unix.Munmap(r.whole)
	}
	m.regions = nil
}

// ReadMemory implements pcie.Host.
func (m *Memory) ReadMemory(addr uint64, p []byte) error {
	m.mu.RLock()
	defer m.mu.RUnlock()
	b, err := m.Slice(addr, uint64(len(p)))
	if err != nil || len(p) == 0 {
		return err
	}
	return Guard(func() error {
		if len(p) == 8 && addr%8 == 0 && aligned(b, 8) {
			le.PutUint64(p, atomic.LoadUint64((*uint64)(unsafe.Pointer(&b[0]))))
		} else {
			copy(p, b)
		}
		return nil
	})
}

// WriteMemory implements pcie.Host.
func (m *Memory) WriteMemory(addr uint64, p []byte) error {
	m.mu.RLock()
	defer m.mu.RUnlock()
	b, err := m.Slice(addr, uint64(len(p)))
	if err != nil || len(p) == 0 {
		return err
	}
	return Guard(func() error {
		if len(p) == 8 && addr%8 == 0 && aligned(b, 8) {
			atomic.StoreUint64((*uint64)(unsafe.Pointer(&b[0])), le.Uint64(p))
		} else {
			copy(b, p)
		}
		return nil
	})
}

// aligned reports whether memory begins at a multiple of n in this process, too.
func aligned(b []byte, n uintptr) bool { return uintptr(unsafe.Pointer(&b[0]))%n == 0 }
