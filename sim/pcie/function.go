package pcie

// Function is one PCI function as a transport drives it. Calls may come from
// any goroutine, and each answers at once: what takes time the function does
// elsewhere. Nothing that a guest passes is an error for the caller: what a
// function has not, reads as zero or as all ones and ignores writes.
type Function interface {
	// Config returns the configuration space, to read; WriteConfig changes it.
	Config() *Config
	WriteConfig(off uint64, p []byte)
	// Read and Write access a BAR at an offset in bytes, in any length. A BAR is
	// named by its first register.
	Read(bar int, off uint64, p []byte)
	Write(bar int, off uint64, p []byte)
	// Connect gives the function a host, and takes it away with nil, after which
	// it uses it no more. The function is then as after power-up.
	Connect(h Host)
}

// Host is the other side of the bus. Its methods answer at once and never call
// the function.
type Host interface {
	// ReadMemory and WriteMemory copy guest memory at a bus address. Up to 8
	// bytes that are aligned to their length are one access, and writes are seen
	// in their order. An error is an address that is not memory.
	ReadMemory(addr uint64, p []byte) error
	WriteMemory(addr uint64, p []byte) error
	// Interrupt raises vector v, whose message is m. A guest that cannot take
	// it now gets it later; the same vector meanwhile is one interrupt.
	Interrupt(v int, m Message)
}

// VectorKeeper is a Host that keeps the vector table and its masks itself: the
// function's own table is not written, and every interrupt goes to the host, with
// its number alone.
type VectorKeeper interface {
	Host
	KeepsVectors()
}

// Message is what an MSI-X vector writes, and where.
type Message struct {
	Addr uint64
	Data uint32
}
