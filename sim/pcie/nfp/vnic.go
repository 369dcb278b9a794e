package nfp

// Registers of a vNIC's control memory.
const (
	cfgControl  = 0x0000
	cfgUpdate   = 0x0004
	cfgTXEnable = 0x0008
	cfgRXEnable = 0x0010
	cfgMTU      = 0x0018
	cfgBuffer   = 0x001c // size of a free-list buffer
	cfgLink     = 0x0020 // vector of the link interrupt
	cfgMAC      = 0x0024 // first 4 bytes as a big-endian number, the others at +6 as another
	cfgVersion  = 0x0030
	cfgStatus   = 0x0034
	cfgCap      = 0x0038
	cfgMaxTX    = 0x003c
	cfgMaxRX    = 0x0040
	cfgMaxMTU   = 0x0044
	cfgFirstTX  = 0x0048
	cfgFirstRX  = 0x004c
	cfgRXOffset = 0x0050

	cfgBPFABI    = 0x0080
	cfgBPFCap    = 0x0081
	cfgBPFMax    = 0x0082
	cfgBPFStart  = 0x0084
	cfgBPFDone   = 0x0086
	cfgBPFStack  = 0x0088
	cfgBPFInline = 0x0089
	cfgBPFSize   = 0x008e
	cfgBPFAddr   = 0x0090

	cfgTXAddr   = 0x0200 // 8 bytes a ring
	cfgTXSize   = 0x0600 // 1 byte a ring: log2
	cfgTXVector = 0x0640
	cfgRXAddr   = 0x0800
	cfgRXSize   = 0x0a00
	cfgRXVector = 0x0a40

	cfgCause     = 0x0c00 // 1 byte a vector: 0 is unmasked
	cfgCauseSize = 0x0100
)

// Bits of control, capability and update words.
const (
	ctrlEnable   = 1 << 0
	ctrlPromisc  = 1 << 1
	ctrlL2BC     = 1 << 2
	ctrlL2MC     = 1 << 3
	ctrlGather   = 1 << 9
	ctrlRingCfg  = 1 << 16
	ctrlBPF      = 1 << 27
	ctrlLiveAddr = 1 << 31

	updateGeneral = 1 << 0
	updateRing    = 1 << 1
	updateMAC     = 1 << 11
	updateBPF     = 1 << 10
	updateError   = 1 << 31

	bpfReload = 1 << 0 // of cfgBPFCap

	causeTraffic = 1
	causeLink    = 2

	statusLink    = 1
	statusRate10G = 3 << 1
)

// What the vNICs have.
const (
	maxRings       = 2
	ringQueues     = 4 // queues from one ring to the next: TX, configuration, RX, unused
	queueConfig    = 1
	queueRX        = 2
	portQueues     = 16
	firstPortQueue = 0
	controlQueue   = 128
	controlPort    = -1

	version = 3<<8 | 5 // NFD3, generic class, 3.5

	// Frame is the longest frame of a port: a packet buffer of 8 KiB less the 128
	// bytes before the packet.
	Frame  = 8192 - 128
	maxMTU = Frame - 18 // without Ethernet header and a VLAN tag
)

// vnic is one virtual NIC: a port's or the control channel.
type vnic struct {
	card    *Card
	name    string
	port    int    // or controlPort
	mem     []byte // control memory
	tx, rx  [maxRings]ring
	enabled bool
	link    bool // the cable is plugged in
	control uint32
	mac     [6]byte
	loaded  bool               // a program was loaded
	told    PortState          // that Options.Changed knows
	pending [cfgCauseSize]byte // causes that came while a vector was masked
}

// ring is one descriptor ring in host memory.
type ring struct {
	queue   *queuePair
	on      bool
	waiting bool // a job to look at it waits
	addr    uint64
	size    uint32 // descriptors, a power of two
	vector  int
}

// newVNIC makes a vNIC with its control memory at an address and its first queue.
func (c *Card) newVNIC(name string, port int, base uint64, queue int) *vnic {
	v := &vnic{card: c, name: name, port: port, mem: c.mem.view(base, controlBytes), link: true}
	le.PutUint32(v.mem[cfgVersion:], version)
	caps := uint32(ctrlEnable | ctrlGather | ctrlRingCfg)
	if port != controlPort {
		caps |= ctrlPromisc | ctrlL2BC | ctrlL2MC | ctrlBPF | ctrlLiveAddr
		le.PutUint32(v.mem[cfgStatus:], statusLink|statusRate10G)
		v.setMAC(c.MAC(port))
		v.describeBPF(&c.opt.BPF)
	}
	le.PutUint32(v.mem[cfgCap:], caps)
	le.PutUint32(v.mem[cfgMaxTX:], maxRings)
	le.PutUint32(v.mem[cfgMaxRX:], maxRings)
	le.PutUint32(v.mem[cfgMaxMTU:], maxMTU)
	le.PutUint32(v.mem[cfgFirstTX:], uint32(queue))
	le.PutUint32(v.mem[cfgFirstRX:], uint32(queue+queueRX))
	for r := range maxRings {
		v.tx[r].queue = &c.queues[queue+ringQueues*r]
		v.tx[r].queue.moved = func() { v.moved(r) }
		v.rx[r].queue = &c.queues[queue+queueRX+ringQueues*r]
	}
	c.queues[queue+queueConfig].moved = v.reconfigure
	c.mem.watch(base+cfgCause, cfgCauseSize, v.unmask)
	return v
}

// describeBPF writes what a program on this vNIC may be.
func (v *vnic) describeBPF(b *Capabilities) {
	v.mem[cfgBPFABI] = byte(b.ABI)
	if b.Reload {
		v.mem[cfgBPFCap] = bpfReload
	}
	le.PutUint16(v.mem[cfgBPFMax:], b.MaxWords)
	le.PutUint16(v.mem[cfgBPFStart:], b.Start)
	le.PutUint16(v.mem[cfgBPFDone:], b.Done)
	v.mem[cfgBPFStack] = byte(b.Stack / unit)
	v.mem[cfgBPFInline] = byte(b.Inline / unit)
}

func (v *vnic) word(reg int) uint32 { return le.Uint32(v.mem[reg:]) }

func (v *vnic) setMAC(mac [6]byte) {
	v.mac = mac
	le.PutUint32(v.mem[cfgMAC:], be.Uint32(mac[:]))
	le.PutUint16(v.mem[cfgMAC+6:], be.Uint16(mac[4:]))
}

// readMAC takes over the address that the driver wrote.
func (v *vnic) readMAC() {
	be.PutUint32(v.mac[:], v.word(cfgMAC))
	be.PutUint16(v.mac[4:], le.Uint16(v.mem[cfgMAC+6:]))
}

// accepts reports whether the host wants a frame.
func (v *vnic) accepts(frame []byte) bool {
	if v.control&ctrlPromisc != 0 || len(frame) < 6 {
		return v.control&ctrlPromisc != 0
	}
	switch dst := [6]byte(frame); {
	case dst == [6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}:
		return v.control&ctrlL2BC != 0
	case dst[0]&1 != 0:
		return v.control&ctrlL2MC != 0
	default:
		return dst == v.mac
	}
}

// raise interrupts the host. An interrupt masks its vector until the driver
// clears the vector's cause.
func (v *vnic) raise(vector int, cause byte) {
	if vector >= cfgCauseSize {
		return
	}
	at := &v.mem[cfgCause+vector]
	if *at != 0 {
		v.pending[vector] |= cause
		return
	}
	*at = cause
	v.pending[vector] = 0
	v.card.msix.Fire(vector, v.card.host)
}

// unmask is called when the driver wrote causes.
func (v *vnic) unmask(off uint64, n int) {
	for i := int(off); i < int(off)+n; i++ {
		if cause := v.pending[i]; v.mem[cfgCause+i] == 0 && cause != 0 {
			v.raise(i, cause)
		}
	}
}

// SetLink changes the state of a port's link. Without it no frame goes either
// way.
func (c *Card) SetLink(port int, up bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.ports[port]
	v.link = up
	s := uint16(0)
	if up {
		s = statusLink | statusRate10G
	}
	le.PutUint16(v.mem[cfgStatus:], s)
	if v.enabled {
		v.raise(int(v.mem[cfgLink]), causeLink)
	}
}
