package nfp

// memory is what the card has of target MU's 40-bit address space. Other
// addresses read as zero and ignore writes.
type memory struct {
	segments []segment
	hooks    []hook
}

// segment is a stretch of memory.
type segment struct {
	base uint64
	data []byte
}

// hook is called after the host wrote to a place, with what it wrote.
type hook struct {
	base, size uint64
	written    func(off uint64, n int)
}

func newMemory() memory {
	return memory{segments: []segment{
		{armBase, make([]byte, armSize)},
		{ememBase, make([]byte, ememSize)},
	}}
}

// view returns n bytes at an address, or nil where there is no such memory.
func (m *memory) view(addr, n uint64) []byte {
	for _, s := range m.segments {
		if off := addr - s.base; addr >= s.base && off < uint64(len(s.data)) && n <= uint64(len(s.data))-off {
			return s.data[off : off+n : off+n]
		}
	}
	return nil
}

// put stores bytes without telling anybody. The card's own tables have their
// room.
func (m *memory) put(addr uint64, p []byte) {
	v := m.view(addr, uint64(len(p)))
	if v == nil {
		panic("BUG: a table of the card has no memory")
	}
	copy(v, p)
}

func (m *memory) watch(base, size uint64, f func(off uint64, n int)) {
	m.hooks = append(m.hooks, hook{base, size, f})
}

// load reads for the host and reports whether there is memory.
func (m *memory) load(addr uint64, p []byte) bool {
	v := m.view(addr, uint64(len(p)))
	copy(p, v)
	return v != nil
}

// store writes for the host and reports whether there is memory.
func (m *memory) store(addr uint64, p []byte) bool {
	v := m.view(addr, uint64(len(p)))
	if v == nil {
		return false
	}
	copy(v, p)
	for _, h := range m.hooks {
		if addr < h.base+h.size && addr+uint64(len(p)) > h.base {
			from := max(addr, h.base)
			h.written(from-h.base, int(min(addr+uint64(len(p)), h.base+h.size)-from))
		}
	}
	return true
}
