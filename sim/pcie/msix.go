package pcie

// vectorSize is an entry of an MSI-X table in bytes: address, data, control.
const vectorSize = 16

// vectorMasked is the bit of a vector's control word that keeps its message
// back.
const vectorMasked = 1

// MSIX is a table of interrupt vectors and what is pending of them. Its owner
// guards it.
type MSIX struct {
	cfg     *Config
	at      int // the capability
	table   []byte
	pending []bool
}

// AddMSIX adds the MSI-X capability for a number of vectors, with the table and
// the pending bits at offsets of BARs.
func (c *Config) AddMSIX(vectors, tableBAR int, table uint32, pendingBAR int, pending uint32) *MSIX {
	at := c.addCap(capMSIX, msixSize)
	c.put16(at+msixControl, uint16(vectors-1))
	c.put32(at+4, table|uint32(tableBAR))
	c.put32(at+8, pending|uint32(pendingBAR))
	c.open(at+msixControl, msixEnable|msixMaskAll, 2)
	c.Reset()
	m := &MSIX{cfg: c, at: at, table: make([]byte, vectorSize*vectors), pending: make([]bool, vectors)}
	m.Reset()
	return m
}

// Reset masks all vectors and forgets what is pending.
func (m *MSIX) Reset() {
	clear(m.table)
	clear(m.pending)
	for v := range m.pending {
		m.table[vectorSize*v+12] = vectorMasked
	}
}

// Size returns the length of the table in bytes.
func (m *MSIX) Size() uint64 { return uint64(len(m.table)) }

// Read copies bytes of the table, which must lie inside it.
func (m *MSIX) Read(off uint64, p []byte) { copy(p, m.table[off:]) }

// Write changes bytes of the table, which must lie inside it, and sends what
// became free to h.
func (m *MSIX) Write(off uint64, p []byte, h Host) {
	copy(m.table[off:], p)
	if len(p) == 0 {
		return
	}
	for v := off / vectorSize; v <= (off+uint64(len(p))-1)/vectorSize; v++ {
		if m.pending[v] {
			m.Fire(int(v), h)
		}
	}
}

// Fire sends a vector's message to h, or keeps it until the vector is free. A
// vector that the table does not have is ignored.
func (m *MSIX) Fire(v int, h Host) {
	if v < 0 || v >= len(m.pending) {
		return
	}
	if k, ok := h.(VectorKeeper); ok {
		k.Interrupt(v, Message{})
		return
	}
	e := m.table[vectorSize*v:]
	free := m.cfg.word(m.at+msixControl)&(msixEnable|msixMaskAll) == msixEnable && e[12]&vectorMasked == 0
	m.pending[v] = !free
	if free && h != nil {
		h.Interrupt(v, Message{Addr: le.Uint64(e), Data: le.Uint32(e[8:])})
	}
}

// Retry sends what is pending and free, after the capability has changed.
func (m *MSIX) Retry(h Host) {
	for v, p := range m.pending {
		if p {
			m.Fire(v, h)
		}
	}
}
