package nfp

import "fmt"

// Capabilities describe the BPF firmware. What is zero or false, it has not.
type Capabilities struct {
	ABI      uint32            // 2 or 3: layout of map messages
	MaxWords uint16            // of a program
	Start    uint16            // control-store address of a program's first word
	Done     uint16            // where it branches to at its end
	Stack    int               // bytes, a multiple of 64
	Inline   int               // bytes of a packet that a program reaches, a multiple of 64
	Reload   bool              // a program can be replaced by another
	Helpers  map[uint32]uint32 // eBPF helper number to routine address
	Maps     MapLimits
	// Head says how far a packet's start may move.
	Head                                        HeadLimits
	AdjustTail, Random, QueueSelect, MultiEntry bool
}

// MapLimits are sizes in bytes.
type MapLimits struct {
	Types      uint32 // one bit a kernel map type
	Count      uint32
	Entries    uint32 // of all maps
	Key, Value uint32
	Element    uint32 // key and value, each rounded up to 8
}

// HeadLimits are places of a packet's start in its buffer, and by how much it can
// always move towards the buffer's start and away from it, in bytes.
type HeadLimits struct{ Min, Max, Sub, Add uint32 }

// unit is the granularity of stack and inline sizes in control memory.
const unit = 64

func (b *Capabilities) check() error {
	switch {
	case b.ABI != 2 && b.ABI != 3:
		return fmt.Errorf("BPF firmware with ABI %d; the driver speaks 2 and 3", b.ABI)
	case b.Stack%unit != 0 || b.Stack/unit > 255 || b.Inline%unit != 0 || b.Inline/unit > 255:
		return fmt.Errorf("BPF firmware with %d bytes of stack and %d of a packet: both must be multiples of %d, up to %d", b.Stack, b.Inline, unit, 255*unit)
	case b.ABI == 2 && (b.Maps.Key > abi2Room || b.Maps.Value > abi2Room):
		return fmt.Errorf("BPF firmware with keys of %d and values of %d bytes: ABI 2 has room for %d", b.Maps.Key, b.Maps.Value, abi2Room)
	}
	return nil
}

// Types of capabilities (enum bpf_cap_tlv_type).
const (
	capFunction   = 1
	capAdjustHead = 2
	capMaps       = 3
	capRandom     = 4
	capQueue      = 5
	capAdjustTail = 6
	capABI        = 7
	capMulti      = 8
)

// noMetadata is the flag of capAdjustHead that a moved packet has no metadata to
// move along.
const noMetadata = 1

// helpers are the helper numbers that the driver looks for.
var helpers = [...]uint32{1, 2, 3, 25}

// encode returns the list {type, length, value}, all 32-bit words, that the
// driver reads from symbol _abi_bpf_capabilities.
func (b *Capabilities) encode() []byte {
	var out []byte
	add := func(typ uint32, words ...uint32) {
		out = le.AppendUint32(out, typ)
		out = le.AppendUint32(out, uint32(4*len(words)))
		for _, w := range words {
			out = le.AppendUint32(out, w)
		}
	}
	add(capABI, b.ABI)
	for _, id := range helpers {
		if a, ok := b.Helpers[id]; ok {
			add(capFunction, id, a)
		}
	}
	if h := &b.Head; h.Max != 0 {
		add(capAdjustHead, noMetadata, h.Min, h.Max, h.Sub, h.Add)
	}
	if m := &b.Maps; m.Types != 0 {
		add(capMaps, m.Types, m.Count, m.Entries, m.Key, m.Value, m.Element)
	}
	for _, f := range []struct {
		typ uint32
		has bool
	}{{capRandom, b.Random}, {capQueue, b.QueueSelect}, {capAdjustTail, b.AdjustTail}, {capMulti, b.MultiEntry}} {
		if f.has {
			add(f.typ)
		}
	}
	return out
}
