package nic

import (
	"context"
	"fmt"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/firmware"
	"github.com/skipsw/skipsw/sim/traffic"
	"github.com/skipsw/skipsw/translate/bpf"
)

// Card is a network card with an image loaded.
type Card struct {
	spec Spec
	sys  *sim.System
	use  *usage
	tc   bool // the program is tc's
	// versions are images that were made ready to replace the one loaded.
	versions map[*image.Image]*sim.Version
}

// New loads an image, of which the first program gets all packets.
func New(img *image.Image, spec Spec) (*Card, error) {
	if err := spec.check(); err != nil {
		return nil, fmt.Errorf("nic: %w", err)
	}
	if len(img.Programs) == 0 {
		return nil, fmt.Errorf("nic: the image has no program")
	}
	if p := &img.Programs[0]; p.Attach != "" {
		return nil, fmt.Errorf("nic: %w", unsupported.New("packets for program "+p.Name, "it runs in entries of maps ("+p.Attach+"), where no packet comes in"))
	}
	c := &Card{spec: spec, use: &usage{}, tc: img.Programs[0].Type == "tc"}
	machine := spec.Machine
	machine.MemoryHooks = c.use.hooks(machine.MemoryHooks)
	var err error
	if c.sys, err = sim.NewSystem(img, machine, spec.Cores); err != nil {
		return nil, err
	}
	c.use.connect(c.sys, spec.Contexts())
	return c, nil
}

// System returns cores, memories and maps of the card. While Run works it is
// only to be looked at.
func (c *Card) System() *sim.System { return c.sys }

// maxTime is the longest that traffic may take, in picoseconds.
const maxTime = 100 * 24 * 3600 * traffic.Second

// slice is how many cycles pass between two looks at the context of a run.
const slice = 100_000

// Run lets traffic in, one input a port, until all of it has left the card. When
// ctx ends before, the result is of what happened until then and says so, and
// the card cannot run again. Maps have their initial contents at the beginning.
// Inputs are used up.
func (c *Card) Run(ctx context.Context, in []Input) (*Result, error) {
	t, err := c.Start(in)
	if err != nil {
		return nil, err
	}
	return t.Run(ctx)
}

// takes refuses traffic that the card cannot take.
func (c *Card) takes(in []Input) error {
	if len(in) != c.spec.Ports {
		return fmt.Errorf("traffic for %d ports; the card has %d", len(in), c.spec.Ports)
	}
	for port, i := range in {
		if i.Source == nil || i.Pace == nil {
			return fmt.Errorf("port %d has no traffic or no pace", port)
		}
		n := i.Source.Longest()
		if room := c.sys.MaxFrame(0); n > room {
			why := fmt.Sprintf("a packet buffer takes %d, and the program does not take more: %s", room+traffic.FCS, sim.HowFragments)
			return unsupported.New(fmt.Sprintf("frames of %d bytes at port %d", n+traffic.FCS, port), why)
		}
		// Times are numbers of 64 bits.
		if longest := i.Pace.Longest(n); i.Source.Packets() > maxTime/longest {
			return unsupported.New(fmt.Sprintf("%d frames at port %d", i.Source.Packets(), port), "they take more than 100 days")
		}
		// Every context may wait for a packet, one behind the other.
		ahead := uint64(c.spec.Contexts()) + 1
		if most := i.Pace.Longest(n); most > traffic.MulDiv(sim.MaxAhead, traffic.Second, c.spec.Hertz)/ahead {
			return unsupported.New(fmt.Sprintf("a rate that leaves %d ns between frames", most/1000), "contexts wait for up to 2^31 cycles")
		}
	}
	return nil
}

// fate is what becomes of a frame whose program has ended.
type fate uint8

const (
	toHost     fate = iota
	toPort          // sent
	redirected      // where a helper said
	dropped         // by verdict
	aborted         // by a verdict that is an error
	failed          // the program did not reach its exit
	fanned          // to where programs at far ends have left it
)

// fateOf returns what a verdict means, as the kernel takes it.
func (c *Card) fateOf(verdict uint32) fate {
	switch {
	case firmware.Redirects(c.tc, verdict):
		return redirected
	case c.tc:
		switch bpf.TCAction(verdict) {
		case bpf.TCActShot, bpf.TCActStolen, bpf.TCActQueued, bpf.TCActTrap:
			return dropped
		}
		return toHost
	}
	switch bpf.XDPAction(verdict) {
	case bpf.XDPDrop:
		return dropped
	case bpf.XDPPass:
		return toHost
	case bpf.XDPTX:
		return toPort
	}
	return aborted
}
