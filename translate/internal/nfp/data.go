package nfp

import "github.com/skipsw/skipsw/nfpisa"

// data is what a memory command moves: transfer registers from first on, n of
// them. It takes words from transfer-out registers, fills transfer-in
// registers, or both.
type data struct {
	first, n     uint8
	takes, fills bool
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
	d := data{first: first, n: uint8(n.units)}
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

// memory is a memory that commands go to, as far as the words tell: the
// packet's by a 32-bit address or that of the maps.
type memory uint8

const (
	packetMemory memory = iota
	mapMemory
	memories
)

func memoryOf(i *nfpisa.Instr) memory {
	if i.Cmd.Mode == nfpisa.Mode32 {
		return packetMemory
	}
	return mapMemory
}
