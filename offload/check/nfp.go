package check

import (
	"fmt"

	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// Helpers that the nfp driver knows (enum bpf_func_id).
const (
	helperLookup     = 1
	helperUpdate     = 2
	helperDelete     = 3
	helperRandom     = 7
	helperEvent      = 25
	helperAdjustHead = 44
	helperAdjustTail = 65
)

// nfp is what findings of this driver carry.
const nfp = "nfp"

// nfpMaps applies the firmware's limits of maps.
func (c *checker) nfpMaps() {
	const smaller = "make max_entries smaller"
	limit := &c.fw.Maps
	entries, maps := uint64(0), 0
	for _, m := range c.p.Maps {
		if m.Type != mapHash && m.Type != mapArray {
			continue
		}
		maps++
		entries += uint64(m.MaxEntries)
		switch {
		case int(m.KeySize) > limit.MaxKey:
			c.addf(nfp, -1, "map %s has keys of %d bytes, the firmware takes %d", m.Name, m.KeySize, limit.MaxKey)
		case int(m.ValueSize) > limit.MaxValue:
			c.addf(nfp, -1, "map %s has values of %d bytes, the firmware takes %d", m.Name, m.ValueSize, limit.MaxValue)
		case maplayout.Element(m.KeySize, m.ValueSize) > uint64(limit.MaxElement):
			c.addf(nfp, -1, "map %s has %d bytes of key and %d of value, the firmware takes %d together, each rounded up to %d",
				m.Name, m.KeySize, m.ValueSize, limit.MaxElement, maplayout.Align)
		}
		if uint64(m.MaxEntries) > limit.MaxEntries {
			c.add(nfp, -1, fmt.Sprintf("map %s has %d entries, the firmware takes %d", m.Name, m.MaxEntries, limit.MaxEntries), smaller)
		}
	}
	if maps > limit.MaxMaps {
		c.addf(nfp, -1, "%d maps, the firmware takes %d", maps, limit.MaxMaps)
	}
	if entries > limit.TotalEntries {
		c.add(nfp, -1, fmt.Sprintf("the maps have %d entries together, the firmware takes %d", entries, limit.TotalEntries), smaller)
	}
}

// nfpInsns applies the rules that need no facts: opcodes and helpers.
func (c *checker) nfpInsns() {
	c.each(func(slot int, in bpf.Insn) {
		if says, fix := nfpOpcode(in); says != "" {
			c.add(nfp, slot, says, fix)
		}
		if isCall(in) && in.Src == 0 {
			c.nfpHelper(slot, in.Imm)
		}
	})
}

// nfpOpcode tells why the driver has no code for an instruction.
func nfpOpcode(in bpf.Insn) (says, fix string) {
	op := in.Op & 0xf0
	unknown := fmt.Sprintf("instruction %#02x not supported", in.Op)
	switch in.Class() {
	case bpf.ClassALU, bpf.ClassALU64:
		switch {
		case op == bpf.MOD:
			return unknown, "there is no remainder; by a power of two mask with &, else subtract the product of the quotient"
		case op == bpf.END && in.Op != bpf.ClassALU|bpf.END|bpf.X:
			return unknown, "only conversions to big-endian (bpf_htons, bpf_htonl) are there; conversions to little-endian do nothing and can be left out"
		case in.Off != 0:
			return "signed division and sign-extending moves are not supported", "compile with -mcpu=v3"
		}
	case bpf.ClassJMP32:
		if op == bpf.JA {
			return unknown, "compile with -mcpu=v3"
		}
	case bpf.ClassLDX:
		if in.Op&0xe0 != bpf.ModeMEM {
			return "sign-extending loads are not supported", "compile with -mcpu=v3"
		}
	case bpf.ClassST:
		return "storing a constant is not supported", "compile with -mcpu=v3, which stores from a register"
	case bpf.ClassSTX:
		if in.Op&0xe0 == bpf.ModeATOMIC && in.Imm != bpf.AtomicAdd {
			return fmt.Sprintf("atomic op not implemented: %d", in.Imm), "only adding without using the old value is there: __sync_fetch_and_add with its result unused"
		}
	}
	return "", ""
}

// nfpHelper applies the list of helpers and the firmware's capabilities.
func (c *checker) nfpHelper(slot int, id int32) {
	fw := c.fw
	missing := func(name string) { c.addf(nfp, slot, "%s: not supported by FW", name) }
	switch id {
	case helperLookup:
		if !fw.HasHelper(bpf.HelperID(id).String()) {
			missing("map_lookup")
		}
	case helperUpdate:
		if !fw.HasHelper(bpf.HelperID(id).String()) {
			missing("map_update")
		}
	case helperDelete:
		if !fw.HasHelper(bpf.HelperID(id).String()) {
			missing("map_delete")
		}
	case helperEvent:
		if !fw.HasHelper(bpf.HelperID(id).String()) {
			missing("event_output")
		}
	case helperRandom:
		if !fw.HasHelper(bpf.HelperGetPrandomU32.String()) {
			c.addf(nfp, slot, "bpf_get_prandom_u32(): FW doesn't support random number generation")
		}
	case helperAdjustHead:
		switch {
		case fw.AdjustHead == nil:
			c.addf(nfp, slot, "adjust_head not supported by FW")
		case !fw.AdjustHeadMeta:
			c.addf(nfp, slot, "adjust_head: FW requires shifting metadata, not supported by the driver")
		}
	case helperAdjustTail:
		if fw.AdjustTail == nil {
			c.addf(nfp, slot, "adjust_tail not supported by FW")
		}
	default:
		c.add(nfp, slot, fmt.Sprintf("unsupported function id: %d", id),
			"the card has map lookup, update and delete, bpf_get_prandom_u32, bpf_perf_event_output, bpf_xdp_adjust_head and bpf_xdp_adjust_tail")
	}
}

// nfpContext applies the fields of the context that the driver knows.
func (c *checker) nfpContext(slot int, in bpf.Insn, off int32, store bool) {
	word := in.Op&0x18 == bpf.SizeW
	if store {
		switch {
		case c.p.Type != object.XDP || off != ctxRxQueue || !word:
			c.add(nfp, slot, "unsupported store to context field", "XDP programs may write rx_queue_index, which selects a queue")
		case c.fw.PacketVector.Queue == nil:
			c.addf(nfp, slot, "queue selection not supported by FW")
		}
		return
	}
	ok := c.p.Type == object.XDP && (off == 0 || off == 4) || c.p.Type == object.TC && (off == 0 || off == 76 || off == 80)
	if !ok || !word {
		c.add(nfp, slot, fmt.Sprintf("the context field at offset %d is not there on the card", off), "XDP has data and data_end, tc has len, data and data_end; find the rest in the packet")
	}
}

// ctxRxQueue is the offset of rx_queue_index in struct xdp_md.
const ctxRxQueue = 16
