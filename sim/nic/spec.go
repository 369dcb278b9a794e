package nic

import (
	"fmt"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/core"
	"github.com/skipsw/skipsw/sim/traffic"
)

// Spec holds the parameters of a card. Each number's source, rationale and
// impact stand in docs/timing.md.
type Spec struct {
	// Machine is what cores and memories are like; its IslandCores make islands of
	// the cores, in the order of their numbers.
	Machine sim.Spec
	// Cores is the number of worker cores.
	Cores int
	// Hertz is the clock of cores and memories.
	Hertz uint64

	// Ports is the number of ports, and PortRate what each carries in and out,
	// in bits a second with preambles and gaps.
	Ports    int
	PortRate uint64
	// Buffers is the number of receive buffers. A frame has one from its arrival
	// until its program has ended; one that finds none is dropped.
	Buffers int
	// EgressQueue is the number of frames that wait for or are in transmission
	// at a port; one that comes when there are so many is dropped.
	EgressQueue int
	// Egress is the port by which frames leave that programs send, by the port
	// that they came in at; nil sends them back by the same one.
	Egress []int

	// LoadWord is how many cycles a core stands still for each word that is written
	// into its control store, see Traffic.Replace.
	LoadWord uint64

	// Order is which frames leave in the order in which they came in.
	Order Order
	// Leave is called for each frame that leaves the card, in the order of time; nil
	// is nobody.
	Leave func(Departure)

	// HostRate is what the way to the host carries, in bits a second. A frame
	// takes HostOverhead bytes besides its own, and is there HostDelay
	// picoseconds later. HostQueue frames can wait.
	HostRate     uint64
	HostOverhead int
	HostDelay    uint64
	HostQueue    int
	// HostQueues is the number of queues that programs choose from by the maps
	// of processors and of sockets. They share the way to the host.
	HostQueues int
}

// Departure is a frame that leaves the card.
type Departure struct {
	In    int    // port that it came in at
	Place uint64 // among those that came in there, from 1 on
	Out   int    // port that it leaves by, or -1 for the host
	Frame []byte // valid during the call
	Time  uint64 // of the last bit, in picoseconds
	Came  uint64 // when its last bit was in, in picoseconds
}

// DefaultSpec returns the parameters of an Agilio card with two ports of
// 40 Gb/s.
func DefaultSpec() Spec {
	machine := sim.DefaultSpec()
	machine.IslandCores, machine.Shapes, machine.WorkerTurns = 10, DefaultShapes(), 4
	return Spec{
		Machine: machine, Cores: 50, Hertz: 800_000_000,
		LoadWord: 60,
		Ports:    2, PortRate: 40_000_000_000, Buffers: 640, EgressQueue: 1024,
		HostRate: 50_000_000_000, HostOverhead: 64, HostDelay: 500_000, HostQueue: 1024, HostQueues: 64,
	}
}

// DefaultShapes returns how the memories of an Agilio card are built, by the names
// that targets call them.
func DefaultShapes() map[string]sim.Shape {
	return map[string]sim.Shape{
		"cls":  {PerIsland: true},
		"ctm":  {PerIsland: true},
		"imem": {Banks: 4, Interleave: 64, AtomicBusy: 4, Bus: 1},
		"emem": {
			Banks: 8, Interleave: 64, AtomicBusy: 4, Bus: 1,
			Cache: sim.Cache{
				Lines: 49152, Ways: 8, LineBytes: 64, Miss: 150, PageMiss: 100, Fill: 4,
				DRAMBanks: 8, PageBytes: 8192, PageBusy: 38,
			},
		},
	}
}

// Contexts returns the number of contexts of all cores.
func (s *Spec) Contexts() int { return s.Cores * core.Contexts }

// The most that a card can have of each, so that numbers stay within their
// types and a slip of the finger does not eat the host's memory.
const (
	maxPorts = 64
	maxQueue = 1 << 20
	maxHertz = 100_000_000_000
	maxDelay = traffic.Second
)

// check rejects what makes no card.
func (s *Spec) check() error {
	for _, n := range []struct {
		what     string
		n        uint64
		min, max uint64
	}{
		{"cores", unsigned(s.Cores), 1, 1 << 16},
		{"hertz of the clock", s.Hertz, 1_000_000, maxHertz},
		{"ports", unsigned(s.Ports), 1, maxPorts},
		{"bits a second of a port", s.PortRate, 1_000_000, traffic.MaxRate},
		{"receive buffers", unsigned(s.Buffers), 1, maxQueue},
		{"frames of an egress queue", unsigned(s.EgressQueue), 1, maxQueue},
		{"bits a second to the host", s.HostRate, 1_000_000, traffic.MaxRate},
		{"bytes of overhead to the host", unsigned(s.HostOverhead), 0, traffic.MaxFrame},
		{"picoseconds to the host", s.HostDelay, 0, maxDelay},
		{"frames of the host's queue", unsigned(s.HostQueue), 1, maxQueue},
		{"order of frames", uint64(s.Order), 0, uint64(OrderNone)},
		{"cycles of a word that is loaded", s.LoadWord, 0, 1 << 20},
		{"queues of the host", unsigned(s.HostQueues), 1, 1 << 16},
	} {
		if n.n < n.min || n.n > n.max {
			return fmt.Errorf("%d %s; there can be %d to %d", int64(n.n), n.what, n.min, n.max)
		}
	}
	if s.Buffers < s.Contexts() {
		return fmt.Errorf("%d receive buffers for %d contexts of %d cores; each context works on one", s.Buffers, s.Contexts(), s.Cores)
	}
	if s.Egress != nil && len(s.Egress) != s.Ports {
		return fmt.Errorf("egress ports of %d ports; the card has %d", len(s.Egress), s.Ports)
	}
	for _, p := range s.Egress {
		if p < 0 || p >= s.Ports {
			return fmt.Errorf("egress port %d; the card has ports 0 to %d", p, s.Ports-1)
		}
	}
	if s.Machine.Memory != nil {
		return unsupported.New("a card with memory that others use", "its units have one clock")
	}
	return nil
}

// unsigned makes a negative number one that is too large.
func unsigned(n int) uint64 { return uint64(n) }

// egress returns the port by which a frame leaves that a program sends.
func (s *Spec) egress(port int) int {
	if s.Egress == nil {
		return port
	}
	return s.Egress[port]
}
