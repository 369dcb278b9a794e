package judge

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"

	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// mostFilled bounds the entries that Fill puts into a map.
const mostFilled = 64

// Fill returns the case with entries in its maps: under each key that the
// interpreter sees the program ask for, values of all bytes. Maps that the program
// may not see change, frozen ones, stay. It returns nil where the program asks for
// no key, or the interpreter cannot run it.
func Fill(c *oracle.Case) *oracle.Case {
	keys := keysAsked(c)
	p := *c.Program
	p.Maps = slices.Clone(p.Maps)
	filled := false
	r := rand.New(rand.NewPCG(uint64(len(p.Insns)), 0x66696c6c))
	for i, m := range p.Maps {
		if m.Frozen || !oracle.PlainMap(m.Type) || len(keys[i]) == 0 {
			continue
		}
		own := *m
		own.Initial = slices.Clone(m.Initial)
		room := min(mostFilled, int(m.MaxEntries)-len(m.Initial))
		for _, key := range keys[i] {
			have := slices.IndexFunc(own.Initial, func(e object.Entry) bool { return bytes.Equal(e.Key, key) })
			value := make([]byte, m.ValueSize)
			for k := range value {
				value[k] = byte(r.Uint32())
			}
			switch {
			case have >= 0:
				own.Initial[have].Value = value
			case room > 0:
				own.Initial = append(own.Initial, object.Entry{Key: key, Value: value})
				room--
			default:
				continue
			}
			filled = true
		}
		p.Maps[i] = &own
	}
	if !filled {
		return nil
	}
	return &oracle.Case{Program: &p, Packets: c.Packets}
}

// keysAsked runs the packets and returns, by map, the keys that the program gives
// to helpers, as far as they can be in the map.
func keysAsked(c *oracle.Case) [][][]byte {
	keys := make([][][]byte, len(c.Program.Maps))
	var vm *ebpf.VM
	step := func(slot int, regs *[11]uint64) {
		in := c.Program.Insns[slot]
		if !in.IsCallOf(bpf.HelperMapLookupElem) && !in.IsCallOf(bpf.HelperMapUpdateElem) && !in.IsCallOf(bpf.HelperMapDeleteElem) {
			return
		}
		at := vm.Resolve(regs[1])
		if at.Kind != ebpf.MapObject || at.Map >= len(keys) {
			return
		}
		m := c.Program.Maps[at.Map]
		key := bytes.Clone(vm.Bytes(regs[2], int(m.KeySize)))
		if len(key) == 0 || !mayHold(m, key) || slices.ContainsFunc(keys[at.Map], func(k []byte) bool { return bytes.Equal(k, key) }) {
			return
		}
		keys[at.Map] = append(keys[at.Map], key)
	}
	vm, err := ebpf.New(c.Program, ebpf.Options{MaxSteps: maxSteps, OnStep: step})
	if err != nil {
		return keys
	}
	for _, packet := range c.Packets {
		_, _ = vm.Run(ebpf.Input{Packet: packet}) // a fault shows where the case is judged
	}
	return keys
}

// mayHold reports whether a map can have an entry of a key.
func mayHold(m *object.Map, key []byte) bool {
	switch m.Type {
	case bpf.MapTypeArray, bpf.MapTypePerCPUArray:
		return binary.NativeEndian.Uint32(key) < m.MaxEntries
	case bpf.MapTypeLPMTrie:
		return binary.NativeEndian.Uint32(key) <= 8*(m.KeySize-4)
	}
	return true
}
