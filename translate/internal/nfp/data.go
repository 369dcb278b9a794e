package nfp

import (
	"slices"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/internal/ssa"
)

// data is what a memory command moves: transfer registers from first on, n of
// them. It takes words from transfer-out registers, fills transfer-in
// registers, or both.
type data struct {
	first, n     uint8
	takes, fills bool
	memory       memory
}

// outs returns the transfer-out registers that the command takes its words from.
func (d data) outs() uint64 {
	if !d.takes {
		return 0
	}
	return (1<<d.n - 1) << d.first
}

// ins returns the transfer-in registers that the command fills.
func (d data) ins() uint64 {
	if !d.fills {
		return 0
	}
	return (1<<d.n - 1) << d.first
}

// data returns what the node's command moves, with transfer registers from
// first on.
func (n *node) data(first uint8) data {
	d := data{first: first, n: uint8(n.units), memory: n.memory}
	switch n.mem {
	case nfpisa.MemRead32, nfpisa.MemRead32Swap:
		d.fills = true
	case nfpisa.MemRead8:
		d.n, d.fills = uint8(n.units+3)/4, true
	case nfpisa.MemWrite8, nfpisa.MemWrite8Swap:
		d.n, d.takes = uint8(n.units+3)/4, true
	case nfpisa.MemTestAdd, nfpisa.MemTestSet, nfpisa.MemTestClr, nfpisa.MemTestXor, nfpisa.MemSwap:
		d.takes, d.fills = true, true
	default:
		d.takes = true
	}
	if (n.mem == nfpisa.MemAdd || n.mem == nfpisa.MemTestAdd) && n.units == addWide {
		d.n = 2
	}
	return d
}

// memory is a memory that commands go to: the packet's, that of a region of map
// memory, or one that is not known.
type memory uint8

const (
	packetMemory  memory                            = iota
	firstRegion                                     // of target.Maps.Regions; others follow
	unknownMemory = firstRegion + target.MaxRegions // one of the regions, or where frames go on
	memories      = unknownMemory + 1
)

// Region returns the memory of a region of map memory, by its number.
func Region(k int) memory { return firstRegion + memory(k) }

// memory returns the memory that the address of a value is in.
func (s *selector) memory(v *ssa.Value) memory {
	switch regions := s.wants.Regions; {
	case v.Space == ssa.Packet:
		return packetMemory
	case v.Space == ssa.Fragment:
		return s.fragments()
	case v.Aux >= 0 && int(v.Aux) < len(regions):
		return Region(int(regions[v.Aux]))
	case len(regions) > 0 && !slices.ContainsFunc(regions, func(k uint8) bool { return k != regions[0] }):
		return Region(int(regions[0]))
	case len(regions) == 0:
		return firstRegion
	}
	return unknownMemory
}

// fragments returns the memory where frames go on behind their buffers.
func (s *selector) fragments() memory {
	for k := range s.t.Maps.Regions {
		if s.t.Maps.Regions[k].Memory == s.t.Packet.Fragments.Memory {
			return Region(k)
		}
	}
	return unknownMemory
}
