package check

import (
	"fmt"
	"strings"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// Numbers of enum bpf_map_type.
const (
	mapHash      = 1
	mapArray     = 2
	mapProgArray = 3
	mapPerfEvent = 4
)

// kernelRules are the core kernel's rules for every offloaded program.
func (c *checker) kernelRules() {
	const by = "kernel"
	if c.p.Refused != nil {
		c.add(by, -1, c.p.Refused.Error(), "")
	}
	for _, m := range c.p.Maps {
		c.kernelMap(m)
	}
	c.each(func(slot int, in bpf.Insn) {
		switch {
		case in.Wide() && in.Src == bpf.PseudoMapValue:
			name := "?"
			if 0 <= in.Imm && int(in.Imm) < len(c.p.Maps) {
				name = c.p.Maps[in.Imm].Name
			}
			c.add(by, slot, fmt.Sprintf("the address of a value of map %s is used directly, which maps on a device do not give", name),
				"look the entry up with bpf_map_lookup_elem, or keep global variables and constants on the stack")
		case in.Wide() && in.Src == bpf.PseudoFunc:
			c.add(by, slot, "the address of a function is taken; callbacks are not offloaded", "write the loop out")
		case isCall(in) && in.Src == bpf.PseudoKfunc:
			c.add(by, slot, "a kernel function is called; a device has none", "")
		}
	})
}

// kernelMap applies the rules for maps on a device.
func (c *checker) kernelMap(m *object.Map) {
	const by = "kernel"
	switch {
	case m.Type == mapPerfEvent:
		return
	case m.Type == mapProgArray:
		c.add(by, -1, fmt.Sprintf("map %s is a program array; tail calls are not offloaded", m.Name), "call the functions directly")
		return
	case m.Type != mapHash && m.Type != mapArray:
		c.add(by, -1, fmt.Sprintf("map %s is of type %s; the kernel offloads hash, array and perf_event_array", m.Name, offload.MapTypeName(uint32(m.Type))), "make it a hash or an array")
		return
	}
	if m.Flags != 0 {
		fix := "leave the flags out"
		if strings.HasPrefix(m.Name, ".") {
			fix = "it holds global variables or constants: keep them on the stack or in a map of your own"
		}
		c.add(by, -1, fmt.Sprintf("map %s has flags %#x; a map on a device takes none", m.Name, m.Flags), fix)
	}
}

// deviceRules compares with what was found out about a device.
func (c *checker) deviceRules() {
	d := c.o.Device
	typ := "xdp"
	if c.p.Type == object.TC {
		typ = "sched_cls"
	}
	for _, p := range d.Programs {
		if p.Name == typ && !p.OK {
			c.add(d.Device, -1, fmt.Sprintf("programs of type %s are refused: %s", typ, p.Reason), "")
		}
	}
	for _, m := range c.p.Maps {
		for _, have := range d.Maps {
			if have.ID == uint32(m.Type) && m.Type != mapPerfEvent {
				c.deviceMap(m, have)
			}
		}
	}
	if c.v != nil && d.StackBytes > 0 {
		if used := c.v.StackDepth(0); used > d.StackBytes {
			c.addf(d.Device, -1, "the program uses %d bytes of stack, the device takes %d", used, d.StackBytes)
		}
	}
	refused := map[int32]string{}
	for _, h := range d.Helpers {
		if !h.OK {
			refused[int32(h.ID)] = h.Reason
		}
	}
	c.each(func(slot int, in bpf.Insn) {
		if isCall(in) && in.Src == 0 {
			if why, no := refused[in.Imm]; no {
				c.addf(d.Device, slot, "helper %d is refused: %s", in.Imm, why)
			}
		}
	})
}

func (c *checker) deviceMap(m *object.Map, have offload.MapCapability) {
	by := c.o.Device.Device
	switch {
	case !have.OK:
		c.addf(by, -1, "map %s: type %s is refused: %s", m.Name, have.Name, have.Reason)
	case m.MaxEntries > have.MaxEntries:
		c.add(by, -1, fmt.Sprintf("map %s has %d entries, the device takes %d", m.Name, m.MaxEntries, have.MaxEntries), "make max_entries smaller")
	case m.KeySize > have.MaxKey:
		c.addf(by, -1, "map %s has keys of %d bytes, the device takes %d", m.Name, m.KeySize, have.MaxKey)
	case m.ValueSize > have.MaxValue:
		c.addf(by, -1, "map %s has values of %d bytes, the device takes %d", m.Name, m.ValueSize, have.MaxValue)
	}
}

func isCall(in bpf.Insn) bool { return in.Op == bpf.ClassJMP|bpf.CALL }
func isExit(in bpf.Insn) bool { return in.Op == bpf.ClassJMP|bpf.EXIT }
