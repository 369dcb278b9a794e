package uml

import (
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// memory is the guest's physical memory, shared with the guest's process.
type memory struct {
	mu      sync.RWMutex
	regions []region
}

type region struct {
	base  uint64
	mem   []byte // what the guest has there
	whole []byte // the mapping
}

// maxRegions is how many regions a memory table has (vhost-user: 8).
const maxRegions = 8

// pageSize is what file offsets of mappings are multiples of.
const pageSize = 4096

// slice returns n bytes at a physical address. The caller holds mu. The guest
// may change them at any time.
func (m *memory) slice(addr, n uint64) ([]byte, error) {
	for _, r := range m.regions {
		if off := addr - r.base; addr >= r.base && off < uint64(len(r.mem)) && n <= uint64(len(r.mem))-off {
			return r.mem[off : off+n : off+n], nil
		}
	}
	return nil, fmt.Errorf("guest address %#x, %d bytes: not in the memory that the guest shares", addr, n)
}

// add maps one region of a memory table.
func (m *memory) add(base, size, offset uint64, fd int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.regions) == maxRegions {
		return fmt.Errorf("more than %d regions of memory", maxRegions)
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
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

// close gives the memory back. Nobody reaches it then.
func (m *memory) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.regions {
		_ = unix.Munmap(r.whole)
	}
	m.regions = nil
}

// ReadMemory implements pcie.Host.
func (m *memory) ReadMemory(addr uint64, p []byte) error {
	m.mu.RLock()
	defer m.mu.RUnlock()
	b, err := m.slice(addr, uint64(len(p)))
	if err != nil {
		return err
	}
	if len(p) == 8 && addr%8 == 0 && aligned(b, 8) {
		le.PutUint64(p, atomic.LoadUint64((*uint64)(unsafe.Pointer(&b[0]))))
		return nil
	}
	copy(p, b)
	return nil
}

// WriteMemory implements pcie.Host.
func (m *memory) WriteMemory(addr uint64, p []byte) error {
	m.mu.RLock()
	defer m.mu.RUnlock()
	b, err := m.slice(addr, uint64(len(p)))
	if err != nil {
		return err
	}
	if len(p) == 8 && addr%8 == 0 && aligned(b, 8) {
		atomic.StoreUint64((*uint64)(unsafe.Pointer(&b[0])), le.Uint64(p))
		return nil
	}
	copy(b, p)
	return nil
}

// aligned reports whether memory begins at a multiple of n in this process, too.
func aligned(b []byte, n uintptr) bool { return uintptr(unsafe.Pointer(&b[0]))%n == 0 }
