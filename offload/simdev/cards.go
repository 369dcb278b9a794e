package simdev

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/sim"
)

// Spec says what cards are made of. The zero value is a card of target skipsw.
type Spec struct {
	// Prefix is what stands before the colon of the cards' names; "" is "sim".
	Prefix string
	// Target is what programs are compiled for; nil is the built-in skipsw.
	Target *target.Target
	// Sim holds the simulator's parameters; nil is sim.DefaultSpec.
	Sim *sim.Spec
	// StopFaulty stops a program that breaks a rule of the machine: packets then
	// pass by it, as if nothing were attached, until it is replaced.
	StopFaulty bool
}

// Cards is a set of simulated cards. Its methods may be called from several
// goroutines.
type Cards struct {
	prefix string
	target *target.Target
	sim    sim.Spec
	stop   bool // programs that break a rule

	mu    sync.Mutex
	cards map[string]*card
}

// New makes an empty set of cards.
func New(s Spec) *Cards {
	c := &Cards{prefix: s.Prefix, target: s.Target, sim: sim.DefaultSpec(), stop: s.StopFaulty, cards: map[string]*card{}}
	if c.prefix == "" {
		c.prefix = "sim"
	}
	if s.Sim != nil {
		c.sim = *s.Sim
	}
	if c.target == nil {
		t, err := target.Builtin("skipsw")
		if err != nil {
			panic("BUG: " + err.Error())
		}
		c.target = t
	}
	return c
}

// Open opens the card of a name, which is made when there is none.
func (c *Cards) Open(name string) (*Device, error) {
	if name == "" || strings.ContainsAny(name, " /:") {
		return nil, fmt.Errorf("%q cannot be the name of a card: it is a word without slash and colon", name)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.cards[name]
	if k == nil {
		k = newCard(c.prefix+":"+name, c.target, c.sim)
		k.stop = c.stop
		c.cards[name] = k
	}
	return &Device{card: k}, nil
}

// Remove takes a card away, with its programs and maps. Devices that are open
// on it answer offload.ErrDeviceGone from then on.
func (c *Cards) Remove(name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.cards[name]
	if k == nil {
		return &offload.Error{Op: "remove " + c.prefix + ":" + name, Kind: offload.ErrDeviceGone, Reason: "there is no such card"}
	}
	delete(c.cards, name)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.gone = true
	return nil
}

// Names returns the names of the cards, without the prefix, sorted.
func (c *Cards) Names() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var names []string
	for n := range c.cards {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// Scheme is the set of cards in a registry, by the names "sim:NAME".
func (c *Cards) Scheme() offload.Scheme {
	open := func(name string, o offload.OpenOptions) (offload.Device, error) {
		if o.Netns != "" {
			return nil, offload.NotSupported("network namespace "+o.Netns+" of "+c.prefix+":"+name, "a simulated card in a process is in no namespace")
		}
		d, err := c.Open(name)
		if err != nil {
			return nil, err
		}
		return d, nil
	}
	return offload.Scheme{
		Prefix: c.prefix, Names: "NAME", Short: "simulated card in this process, target " + c.target.Name,
		Open: func(_ context.Context, name string, o offload.OpenOptions) (offload.Device, error) {
			return open(name, o)
		},
		List: func(context.Context, offload.OpenOptions) ([]offload.Device, error) {
			var all []offload.Device
			for _, n := range c.Names() {
				d, err := open(n, offload.OpenOptions{})
				if err != nil {
					return all, err
				}
				all = append(all, d)
			}
			return all, nil
		},
	}
}
