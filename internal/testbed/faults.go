package testbed

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/skipsw/skipsw/sim/pcie/nfp"
	"github.com/skipsw/skipsw/translate/bpf"
)

// FaultHelp says what faults there are.
const FaultHelp = "refuse-program, late-updates=TIME, late-replies=TIME, lose-replies=N, wrong-tags=N, cut-replies=N, events=N, flap=TIME or without=ABILITY"

// abilities are what a card's firmware can be without.
var abilities = map[string]func(*nfp.Capabilities){
	"reload":         func(c *nfp.Capabilities) { c.Reload = false },
	"many-entries":   func(c *nfp.Capabilities) { c.MultiEntry = false },
	"adjust-head":    func(c *nfp.Capabilities) { c.Head = nfp.HeadLimits{} },
	"adjust-tail":    func(c *nfp.Capabilities) { c.AdjustTail = false },
	"random":         func(c *nfp.Capabilities) { c.Random = false },
	"queue":          func(c *nfp.Capabilities) { c.QueueSelect = false },
	"hash":           func(c *nfp.Capabilities) { c.Maps.Types &^= 1 << bpf.MapTypeHash },
	"array":          func(c *nfp.Capabilities) { c.Maps.Types &^= 1 << bpf.MapTypeArray },
	"maps":           func(c *nfp.Capabilities) { c.Maps = nfp.MapLimits{} },
	"lookup":         without(bpf.HelperMapLookupElem),
	"update":         without(bpf.HelperMapUpdateElem),
	"delete":         without(bpf.HelperMapDeleteElem),
	"event":          without(bpf.HelperPerfEventOutput),
	"words-over-300": func(c *nfp.Capabilities) { c.MaxWords = 300 },
}

func without(id bpf.HelperID) func(*nfp.Capabilities) {
	return func(c *nfp.Capabilities) { delete(c.Helpers, uint32(id)) }
}

// FaultPlan is what goes wrong with a card, from the start on.
type FaultPlan struct {
	card   nfp.Faults
	off    []func(*nfp.Capabilities)
	events int           // perf events that nobody asked for, ten times a second
	flap   time.Duration // between changes of the first port's link
}

// NewFaultPlan reads faults in words: NAME or NAME=VALUE, see FaultHelp. The
// numbers of replies are of the first ones.
func NewFaultPlan(words []string) (*FaultPlan, error) {
	p := &FaultPlan{}
	for _, w := range words {
		if err := p.add(w); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *FaultPlan) add(word string) (err error) {
	name, value, _ := strings.Cut(word, "=")
	counts := map[string]*int{"lose-replies": &p.card.LoseReplies, "wrong-tags": &p.card.WrongTags, "cut-replies": &p.card.CutReplies, "events": &p.events}
	times := map[string]*time.Duration{"late-updates": &p.card.DelayUpdate, "late-replies": &p.card.DelayReplies, "flap": &p.flap}
	switch {
	case word == "refuse-program":
		p.card.RefuseUpdate |= nfp.UpdateProgram
	case counts[name] != nil:
		if *counts[name], err = strconv.Atoi(value); err != nil || *counts[name] <= 0 {
			return fmt.Errorf("fault %q: the value is a number above 0", word)
		}
	case times[name] != nil:
		if *times[name], err = time.ParseDuration(value); err != nil || *times[name] <= 0 {
			return fmt.Errorf("fault %q: the value is a time, for example 100ms", word)
		}
	case name == "without" && abilities[value] != nil:
		p.off = append(p.off, abilities[value])
	case name == "without":
		return fmt.Errorf("fault %q: a card can be without %s", word, strings.Join(slices.Sorted(maps.Keys(abilities)), ", "))
	default:
		return fmt.Errorf("fault %q: there are %s", word, FaultHelp)
	}
	return nil
}

// Change takes abilities from a firmware; it is for Spec.Change.
func (p *FaultPlan) Change(c *nfp.Capabilities) {
	for _, off := range p.off {
		off(c)
	}
}

// eventsEvery is the time between two floods of events.
const eventsEvery = 100 * time.Millisecond

// Start lets things go wrong until stop is called.
func (p *FaultPlan) Start(c *nfp.Card) (stop func()) {
	c.SetFaults(p.card)
	done := make(chan struct{})
	var running sync.WaitGroup
	every := func(d time.Duration, do func(n int)) {
		running.Go(func() {
			tick := time.NewTicker(d)
			defer tick.Stop()
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				case <-tick.C:
					do(n)
				}
			}
		})
	}
	if p.flap > 0 {
		every(p.flap, func(n int) { c.SetLink(0, n%2 == 1) })
	}
	if p.events > 0 {
		every(eventsEvery, func(int) { c.SendEvents(nfp.Event{Map: 1, Data: make([]byte, 64)}, p.events) })
	}
	return func() {
		close(done)
		running.Wait()
	}
}
