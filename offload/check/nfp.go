package check

import (
	"fmt"

	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// nfp is what findings of this driver carry.
const nfp = "nfp"

// nfpMaps applies the firmware's limits of maps.
func (c *checker) nfpMaps() {
	const smaller = "make max_entries smaller"
	limit := &c.fw.Maps
	entries, maps := uint64(0), 0
	for _, m := range c.p.Maps {
		if !onCard(m.Type) {
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

// nfpOpcode tells why the driver has no code for an instruction.
func nfpOpcode(in bpf.Insn) (says, fix string) {
	unknown := fmt.Sprintf("instruction %#02x not supported", in.Op)
	switch in.Class() {
	case bpf.ClassALU, bpf.ClassALU64:
		switch {
		case in.ALUOp() == bpf.Mod:
			return unknown, "there is no remainder; by a power of two mask with &, else subtract the product of the quotient"
		case in.ALUOp() == bpf.End && (in.Class() != bpf.ClassALU || in.Source() != bpf.X):
			return unknown, "only conversions to big-endian (bpf_htons, bpf_htonl) are there; conversions to little-endian do nothing and can be left out"
		case in.Off != 0:
			return "signed division and sign-extending moves are not supported", "compile with -mcpu=v3"
		}
	case bpf.ClassJMP32:
		if in.IsGoto() {
			return unknown, "compile with -mcpu=v3"
		}
	case bpf.ClassLDX:
		if in.Mode() != bpf.ModeMEM {
			return "sign-extending loads are not supported", "compile with -mcpu=v3"
		}
	case bpf.ClassST:
		return "storing a constant is not supported", "compile with -mcpu=v3, which stores from a register"
	case bpf.ClassSTX:
		if in.IsAtomic() && in.AtomicOp() != bpf.AtomicAdd {
			return fmt.Sprintf("atomic op not implemented: %d", in.Imm), "only adding without using the old value is there: __sync_fetch_and_add with its result unused"
		}
	}
	return "", ""
}

// nfpHelper applies the list of helpers and the firmware's capabilities.
func (c *checker) nfpHelper(slot int, id bpf.HelperID) {
	fw := c.fw
	missing := func(name string) { c.addf(nfp, slot, "%s: not supported by FW", name) }
	switch id {
	case bpf.HelperMapLookupElem:
		if !fw.HasHelper(id.String()) {
			missing("map_lookup")
		}
	case bpf.HelperMapUpdateElem:
		if !fw.HasHelper(id.String()) {
			missing("map_update")
		}
	case bpf.HelperMapDeleteElem:
		if !fw.HasHelper(id.String()) {
			missing("map_delete")
		}
	case bpf.HelperPerfEventOutput:
		if !fw.HasHelper(id.String()) {
			missing("event_output")
		}
	case bpf.HelperGetPrandomU32:
		if !fw.HasHelper(id.String()) {
			c.addf(nfp, slot, "bpf_get_prandom_u32(): FW doesn't support random number generation")
		}
	case bpf.HelperXDPAdjustHead:
		switch {
		case fw.AdjustHead == nil:
			c.addf(nfp, slot, "adjust_head not supported by FW")
		case !fw.AdjustHeadMeta:
			c.addf(nfp, slot, "adjust_head: FW requires shifting metadata, not supported by the driver")
		}
	case bpf.HelperXDPAdjustTail:
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
	word := in.Size() == bpf.SizeW
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
