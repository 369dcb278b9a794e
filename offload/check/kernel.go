package check

import (
	"fmt"
	"strings"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// kernelRules are the core kernel's rules for every offloaded program.
func (c *checker) kernelRules() {
	const by = "kernel"
	for _, m := range c.p.Maps {
		c.kernelMap(m)
	}
	for slot, in := range c.p.Insns { // what is never executed, too
		switch {
		case slot > 0 && c.p.Insns[slot-1].Wide():
		case in.IsMapValueLoad():
			name := "?"
			if 0 <= in.Imm && int(in.Imm) < len(c.p.Maps) {
				name = c.p.Maps[in.Imm].Name
			}
			c.add(by, slot, fmt.Sprintf("the address of a value of map %s is used directly, which maps on a device do not give", name),
				"look the entry up with bpf_map_lookup_elem, or keep global variables and constants on the stack")
		case in.IsFuncLoad() && c.reached(slot):
			c.add(by, slot, "the address of a function is taken; callbacks are not offloaded", "write the loop out")
		case in.IsKfuncCall():
			c.add(by, slot, "a kernel function is called; a device has none", "")
		}
	}
}

// kernelMap applies the rules for maps on a device.
func (c *checker) kernelMap(m *object.Map) {
	const by = "kernel"
	switch {
	case m.Type == bpf.MapTypePerfEventArray:
		return
	case m.Type == bpf.MapTypeProgArray:
		c.add(by, -1, fmt.Sprintf("map %s is a program array; tail calls are not offloaded", m.Name), "call the functions directly")
		return
	case !onCard(m.Type):
		c.add(by, -1, fmt.Sprintf("map %s is of type %s; the kernel offloads hash, array and perf_event_array", m.Name, m.Type), "make it a hash or an array")
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

// onCard reports the types of maps that the kernel makes on a device.
func onCard(t bpf.MapType) bool { return t == bpf.MapTypeHash || t == bpf.MapTypeArray }

// deviceRules compares with what was found out about a device.
func (c *checker) deviceRules() {
	d := c.o.Device
	typ := c.p.Type.ProgType()
	for _, p := range d.Programs {
		if p.Name == typ.String() && !p.OK {
			c.add(d.Device, -1, fmt.Sprintf("programs of type %s are refused: %s", typ, p.Reason), "")
		}
	}
	for _, m := range c.p.Maps {
		for _, have := range d.Maps {
			if have.ID == uint32(m.Type) && m.Type != bpf.MapTypePerfEventArray {
				c.deviceMap(m, have)
			}
		}
	}
	if c.v != nil && d.StackBytes > 0 {
		if used := c.v.StackDepth(0); used > d.StackBytes {
			c.addf(d.Device, -1, "the program uses %d bytes of stack, the device takes %d", used, d.StackBytes)
		}
	}
	refused := map[bpf.HelperID]string{}
	for _, h := range d.Helpers {
		if !h.OK {
			refused[bpf.HelperID(h.ID)] = h.Reason
		}
	}
	c.each(func(slot int, in bpf.Insn) {
		if in.IsHelperCall() {
			if why, no := refused[in.Helper()]; no {
				c.addf(d.Device, slot, "bpf_%s is refused: %s", in.Helper(), why)
			}
		}
	})
}

func (c *checker) deviceMap(m *object.Map, have offload.MapCapability) {
	by := c.o.Device.Device
	switch {
	case !have.OK:
		c.addf(by, -1, "map %s: type %s is refused: %s", m.Name, have.Name, have.Reason)
	case over(m.MaxEntries, have.MaxEntries):
		c.add(by, -1, fmt.Sprintf("map %s has %d entries, the device takes %d", m.Name, m.MaxEntries, have.MaxEntries), "make max_entries smaller")
	case over(m.KeySize, have.MaxKey):
		c.addf(by, -1, "map %s has keys of %d bytes, the device takes %d", m.Name, m.KeySize, have.MaxKey)
	case over(m.ValueSize, have.MaxValue):
		c.addf(by, -1, "map %s has values of %d bytes, the device takes %d", m.Name, m.ValueSize, have.MaxValue)
	}
}

// over reports whether a number is above a limit; 0 is a limit that the device
// does not tell.
func over(n, limit uint32) bool { return limit > 0 && n > limit }
