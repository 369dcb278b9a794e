package target

import (
	"math/bits"
	"slices"
	"strings"

	"github.com/skipsw/skipsw/translate/bpf"
)

// atomicOps are the names of atomic operations.
var atomicOps = []string{"add", "or", "and", "xor", "xchg", "fetch"}

func (c *checker) maps() {
	m := &c.t.Maps
	c.oneOf("maps.kind", m.Kind, MapsFirmware, MapsDirect)
	distinct(c, "maps.types", m.Types)
	for _, n := range m.Types {
		if _, ok := bpf.MapTypeByName(n); !ok {
			c.fail("maps.types has %q, which is no map type of the kernel", n)
		}
	}
	distinct(c, "maps.atomics", m.Atomics)
	for _, n := range m.Atomics {
		if !slices.Contains(atomicOps, n) {
			c.fail("maps.atomics has %q, must be one of %s", n, strings.Join(atomicOps, ", "))
		}
	}
	c.within("maps.max_maps", m.MaxMaps, 0, 1<<16-1)
	c.within("maps.max_key", m.MaxKey, 0, 512)
	c.within("maps.max_value", m.MaxValue, 0, 1<<22)
	c.within("maps.max_element", m.MaxElement, 0, 1<<23)
	if m.MaxEntries > 1<<32-1 {
		c.fail("maps.max_entries is %d, must fit 32 bits", m.MaxEntries)
	}
	if m.TotalEntries < m.MaxEntries {
		c.fail("maps.total_entries is %d, less than maps.max_entries %d", m.TotalEntries, m.MaxEntries)
	}
	if m.MaxElement < max(m.MaxKey, m.MaxValue) {
		c.fail("maps.max_element is %d, less than maps.max_key %d or maps.max_value %d", m.MaxElement, m.MaxKey, m.MaxValue)
	}
	if len(m.Regions) == 0 {
		c.fail("maps.regions is empty")
	}
	for k := range m.Regions {
		c.region(k)
	}
}

func (c *checker) region(k int) {
	r := &c.t.Maps.Regions[k]
	if _, ok := c.t.Memories[r.Memory]; !ok {
		c.fail("maps.regions[%d].memory is %q, which memories does not have", k, r.Memory)
	}
	aligned := r.Align >= 8 && r.Align <= 1<<20 && bits.OnesCount64(r.Align) == 1
	if !aligned {
		c.fail("maps.regions[%d].align is %d, must be a power of two from 8 to %d", k, r.Align, 1<<20)
	}
	if r.Base >= addressMax || r.Size == 0 || r.Size > addressMax-r.Base {
		c.fail("maps.regions[%d] is %d bytes at %#x, must be within 40 address bits", k, r.Size, r.Base)
		return
	}
	if r.Base < 1<<32 {
		c.fail("maps.regions[%d].base is %#x, must be %#x or more: below are the addresses of packets", k, r.Base, uint64(1<<32))
	}
	if r.Base>>32 != (r.Base+r.Size-1)>>32 {
		c.fail("maps.regions[%d], %d bytes at %#x, crosses a multiple of 2^32: pointers in maps are the low words of addresses", k, r.Size, r.Base)
	}
	if aligned && r.Base%r.Align != 0 {
		c.fail("maps.regions[%d].base is %#x, no multiple of its align %d", k, r.Base, r.Align)
	}
	if first := &c.t.Maps.Regions[0]; r.Base>>32 != first.Base>>32 {
		c.fail("maps.regions[%d].base is %#x, must have the upper part of maps.regions[0].base %#x: pointers in maps are the low words of addresses", k, r.Base, first.Base)
	}
	if k == 0 && r.Copies {
		c.fail("maps.regions[0].copies is true, and maps of all kinds lie in the first region")
	}
	for j := range c.t.Maps.Regions[:k] {
		o := &c.t.Maps.Regions[j]
		if r.Base < o.Base+o.Size && o.Base < r.Base+r.Size {
			c.fail("maps.regions[%d] overlaps maps.regions[%d]", k, j)
		}
	}
}

func (c *checker) helpers() {
	t := c.t
	at := map[CodeAddr]string{}
	for _, name := range sorted(t.Helpers) {
		h := t.Helpers[name]
		if _, ok := bpf.HelperByName(name); !ok {
			c.fail("helpers has %q, which is no helper of the kernel", name)
		}
		if h.By != HelperFirmware {
			continue
		}
		c.within("helpers."+name, int(h.Address), 0, storeWords-1)
		switch other, taken := at[h.Address]; {
		case taken:
			c.fail("helpers.%s is at %d, as helpers.%s", name, h.Address, other)
		case c.inCode(h.Address):
			c.fail("helpers.%s is at %d, inside the program's code", name, h.Address)
		case h.Address == t.Core.Done:
			c.fail("helpers.%s is at %d, which is core.done", name, h.Address)
		}
		at[h.Address] = name
	}
	had := func(h Helper) bool { return h.By != HelperNone }
	for _, o := range []struct {
		helper, field string
		is            bool
		by            func(h Helper) bool
	}{
		{"xdp_adjust_head", "adjust_head", t.AdjustHead != nil, had},
		{"xdp_adjust_tail", "adjust_tail", t.AdjustTail != nil, had},
		{"perf_event_output", "event", t.Event != nil, func(h Helper) bool { return h.By == HelperFirmware }},
	} {
		if o.by(t.Helper(o.helper)) != o.is {
			c.fail("%s and helpers.%s come together", o.field, o.helper)
		}
	}
	for _, o := range []struct {
		helper, field string
		is            bool
	}{
		{"skb_change_head", "adjust_head", t.AdjustHead != nil},
		{"skb_adjust_room", "adjust_head", t.AdjustHead != nil},
		{"skb_vlan_push", "adjust_head", t.AdjustHead != nil},
		{"skb_change_tail", "adjust_tail.end_max", t.AdjustTail != nil && t.AdjustTail.EndMax > 0},
	} {
		if t.HasHelper(o.helper) && !o.is {
			c.fail("helpers.%s needs %s, which says how much room there is", o.helper, o.field)
		}
	}
	c.clock()
	buffer := 1<<min(t.Packet.OffsetBits, 16) - 1
	if h := t.AdjustHead; h != nil {
		c.within("adjust_head.off_min", h.OffMin, 0, buffer)
		c.within("adjust_head.off_max", h.OffMax, h.OffMin, buffer)
		c.within("adjust_head.min_length", h.MinLength, 1, buffer)
	}
	if h := t.AdjustTail; h != nil {
		c.within("adjust_tail.min_length", h.MinLength, 1, buffer)
		c.within("adjust_tail.end_max", h.EndMax, 0, buffer)
	}
	if e := t.Event; e != nil {
		c.event(e)
	}
	for _, n := range sorted(t.Memories) {
		m := t.Memories[n]
		for _, f := range []struct {
			name string
			v    uint32
		}{{"read", m.Read}, {"write", m.Write}, {"atomic", m.Atomic}} {
			c.within("memories."+n+"."+f.name, int(f.v), 1, 100_000)
		}
		c.within("memories."+n+".per_word", int(m.PerWord), 0, 100_000)
		c.within("memories."+n+".busy", int(m.Busy), 0, 100_000)
	}
}

func (c *checker) event(e *Event) {
	pairs := []struct {
		name string
		g    GPR
	}{{"map", e.Map}, {"flags", e.Flags}, {"data", e.Data}, {"size", e.Size}}
	for k, p := range pairs {
		c.within("event."+p.name, int(p.g), 0, bankGPRs-2)
		for _, q := range pairs[:k] {
			if p.g == q.g || p.g+1 == q.g || q.g+1 == p.g {
				c.fail("event.%s is %d, which event.%s takes", p.name, p.g, q.name)
			}
		}
		if e.Kind.Num == p.g || e.Kind.Num == p.g+1 {
			c.fail("event.kind is %v, which event.%s takes", e.Kind, p.name)
		}
		if ret := c.t.Calls.Return.Num; ret == p.g || ret == p.g+1 {
			c.fail("event.%s is %d, which calls.return takes", p.name, p.g)
		}
	}
	c.within("event.kind", int(e.Kind.Num), 0, bankGPRs-1)
	if e.Kind == c.t.Calls.Return {
		c.fail("event.kind is %v, as calls.return", e.Kind)
	}
	if e.MapValue == e.Stack {
		c.fail("event.stack is %d, as event.map_value", e.Stack)
	}
}
