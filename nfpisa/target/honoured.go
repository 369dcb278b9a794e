package target

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/skipsw/skipsw/internal/unsupported"
)

// coreHonoured refuses values of card and core that make sense but that some
// part cannot honour, with the part and the reason. A part that learns to honour
// a value takes its row out, here and in honoured.
func (c *checker) coreHonoured() {
	t := c.t
	if n := t.Card.CPUs; n != CPUsOne && n != CPUsContext {
		c.refuse("card.cpus", n, CPUsOne+" or "+CPUsContext, "per-CPU maps have one value for the whole card or one for each context")
	}
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
	signals := 1
	if t.Direct() {
		signals = routineSignals
	}
	if n := len(t.Registers.Signals); n > signals {
		c.refuse("registers.signals", t.Registers.Signals, fmt.Sprintf("at most %d", signals), "programs and routines use no more")
	}
	c.only("packet.pointer_bits", t.Packet.PointerBits, uint8(32), "the compiler has packet pointers in one word")
	v := &t.PacketVector
	if v.Pointer.Bits != 32 {
		c.refuse("packet_vector.pointer.bits", v.Pointer.Bits, 32, "the compiler takes the pointer's word whole")
	}
	if q := v.Queue; q != nil && (q.Bits != 8 || q.Low%8 != 0) {
		c.refuse("packet_vector.queue", fmt.Sprintf("with low %d and bits %d", q.Low, q.Bits), "a byte", "the compiler writes whole bytes")
	}
	if v.CPU != nil {
		c.only("packet_vector.cpu.bits", v.CPU.Bits, uint8(32), "routines take the whole word")
	}
	if v.QueueSet != nil && v.QueueSet.Bits != 1 {
		c.refuse("packet_vector.queue_set.bits", v.QueueSet.Bits, 1, "a queue is selected or not")
	}
	if w := t.Exit.Writes; w != WritesProgram && w != WritesWorker {
		c.refuse("exit.writes", w, WritesProgram+" or "+WritesWorker, "nobody else waits for writes")
	}
	c.mapsHonoured()
	c.clockHonoured()
	c.redirectHonoured()
	c.skb()
}

// routineSignals is the number of signals that linked routines use at most.
const routineSignals = 4

// abis are the interface versions of the firmware models of this module.
var abis = map[string]int{"agilio": 2, "skipsw": 1}

// mapsHonoured is the part of honoured about maps and helpers.
func (c *checker) mapsHonoured() {
	t := c.t
	if n := len(t.Maps.Regions); n > MaxRegions || n > 1 && !t.Direct() {
		most := MaxRegions
		if !t.Direct() {
			most = 1
		}
		c.refuse("maps.regions", fmt.Sprintf("of %d regions", n), fmt.Sprintf("at most %d", most), "the compiler chooses among so many")
	}
	for _, n := range sorted(t.Memories) {
		if f := t.Packet.Fragments; f != nil && f.Memory == n {
			continue
		}
		if n != t.Packet.Memory && !slices.ContainsFunc(t.Maps.Regions, func(r Region) bool { return r.Memory == n }) {
			c.refuse("memories", n, "one of packet.memory and maps.regions[].memory", "programs reach no other memory")
		}
	}
	for _, n := range sorted(t.Helpers) {
		if h := t.Helpers[n]; h.By == HelperRoutine && !t.Direct() || h.By == HelperFirmware && t.Direct() {
			c.refuse("helpers."+n, h, "another", "maps.kind is "+t.Maps.Kind)
		}
	}
	if !t.Direct() {
		if t.SkbScratch {
			c.refuse("skb_scratch", true, false, "the firmware has no fields of the context")
		}
		if t.Maps.Stores {
			c.refuse("maps.stores", true, false, "words of values are counters or data, by the firmware")
		}
		if slices.ContainsFunc(t.Maps.Atomics, func(a string) bool { return a != "add" }) {
			c.refuse("maps.atomics", t.Maps.Atomics, "[add] or []", "counters of the firmware's maps are only added to")
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
	c.errs = append(c.errs, fmt.Errorf("%w: %s %v, because %s: it must be %v", unsupported.Err, field, got, because, want))
}
