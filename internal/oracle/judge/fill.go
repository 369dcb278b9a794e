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
// interpreter sees its programs ask for, values of all bytes. Maps that programs
// may not see change, frozen ones, stay. It returns nil where they ask for no key,
// or the interpreter cannot run them.
func Fill(c *oracle.Case) *oracle.Case {
	filled := map[*object.Map]*object.Map{}
	r := rand.New(rand.NewPCG(uint64(len(c.Program.Insns)), 0x66696c6c))
	keys := keysAsked(c)
	for i, m := range c.Program.AllMaps() {
		if m.Frozen || !oracle.PlainMap(m.Type) || len(keys[i]) == 0 {
			continue
		}
		if own := fill(m, keys[i], r); own != nil {
			filled[m] = own
		}
	}
	if len(filled) == 0 {
		return nil
	}
	return &oracle.Case{Program: c.Program.ReplaceMaps(filled), Packets: c.Packets}
}

// fill returns a map with entries under keys, nil where it has no room for any.
func fill(m *object.Map, keys [][]byte, r *rand.Rand) *object.Map {
	own := *m
	own.Initial = slices.Clone(m.Initial)
	room := min(mostFilled, int(m.MaxEntries)-len(m.Initial))
	filled := false
	for _, key := range keys {
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
	if !filled {
		return nil
	}
	return &own
}

// keysAsked runs the packets and returns, for each of all maps, the keys that
// programs give to helpers, as far as they can be in the map.
func keysAsked(c *oracle.Case) [][][]byte {
	all := c.Program.AllMaps()
	keys := make([][][]byte, len(all))
	var vm *ebpf.VM
	step := func(slot int, regs *[11]uint64) {
		in := vm.Running().Insns[slot]
		if !in.IsCallOf(bpf.HelperMapLookupElem) && !in.IsCallOf(bpf.HelperMapUpdateElem) && !in.IsCallOf(bpf.HelperMapDeleteElem) {
			return
		}
		at := vm.Resolve(regs[1])
		if at.Kind != ebpf.MapObject {
			return
		}
		m := vm.Maps()[at.Map].Spec()
		k := slices.Index(all, m)
		if k < 0 {
			return // a map in another
		}
		key := bytes.Clone(vm.Bytes(regs[2], int(m.KeySize)))
		if len(key) == 0 || !mayHold(m, key) || slices.ContainsFunc(keys[k], func(have []byte) bool { return bytes.Equal(have, key) }) {
			return
		}
		keys[k] = append(keys[k], key)
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
