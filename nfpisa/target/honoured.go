package target

import (
	"fmt"
	"reflect"
	"slices"
)

// coreHonoured refuses values of card and core that make sense but that some
// part cannot honour, with the part and the reason. A part that learns to honour
// a value takes its row out, here and in honoured.
func (c *checker) coreHonoured() {
	t := c.t
	c.only("card.cpus", t.Card.CPUs, "one", "per-CPU maps have one value for the whole card")
	c.only("card.programs", t.Card.Programs, "one", "the simulator and the devices have one program for all ports")
	c.only("card.maps", t.Card.Maps, "program", "maps come and go with their program")
	c.only("card.idle", t.Card.Idle, "none", "the simulator takes no packet without a program")
	c.only("core.contexts", t.Core.Contexts, 4, "the compiler makes code for 4")
	c.only("core.code_sharers", t.Core.CodeSharers, 1, "a core has a control store of its own in the simulator")
	c.only("abi", t.ABI, abis[t.Firmware], "the firmware model "+t.Firmware+" speaks this version", abis[t.Firmware] == 0)
}

// honoured is coreHonoured for all else, of a target that is right in itself.
func (c *checker) honoured() {
	t := c.t
	if !t.Direct() {
		c.only("registers.signals", len(t.Registers.Signals), 1, "nothing uses a second one where no routines are linked")
	}
	if !t.Grants(t.Exit.Register) {
		c.refuse("exit.register", t.Exit.Register, "one that registers grants", "a program has to write it")
	}
	p := &t.Packet
	c.only("packet.pointer_bits", p.PointerBits, uint8(32), "the compiler has packet pointers in one word")

	e := &t.Exit
	c.only("exit.writes", e.Writes, "program", "the compiler waits for each write")
	c.mapsHonoured()
}

// abis are the interface versions of the firmware models of this module.
var abis = map[string]int{"agilio": 2, "skipsw": 1}

// mapsHonoured is the part of honoured about maps and helpers.
func (c *checker) mapsHonoured() {
	t := c.t
	c.only("maps.regions", len(t.Maps.Regions), 1, "the compiler places maps in one region")
	for _, n := range sorted(t.Helpers) {
		if h := t.Helpers[n]; h.By == HelperRoutine && !t.Direct() || h.By == HelperFirmware && t.Direct() {
			c.refuse("helpers."+n, h, "another", "maps.kind is "+t.Maps.Kind)
		}
	}
	if !t.Direct() {
		if t.SkbScratch {
			c.refuse("skb_scratch", true, false, "the firmware has no fields of the context")
		}
		if t.Maps.Stores || !reflect.DeepEqual(t.Maps.Atomics, []string{"add"}) {
			c.refuse("maps.stores or maps.atomics", t.Maps.Atomics, "stores false and atomics [add]", "words of values are counters or data, by the firmware")
		}
	}
}

// only refuses a value other than the one that is honoured.
func (c *checker) only(field string, got, want any, because string, skip ...bool) {
	if slices.Contains(skip, true) || reflect.DeepEqual(got, want) {
		return
	}
	c.refuse(field, got, want, because)
}

// refuse notes a value that some part cannot honour.
func (c *checker) refuse(field string, got, want any, because string) {
	c.errs = append(c.errs, fmt.Errorf("not supported: %s %v, because %s: it must be %v", field, got, because, want))
}
