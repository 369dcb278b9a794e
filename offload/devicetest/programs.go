package devicetest

import (
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// program returns an XDP or tc program without maps that answers a verdict.
func program(name string, typ object.Type, verdict int32) *offload.Program {
	return made(name, typ, nil, bpf.Mov.Imm(bpf.R0, verdict), bpf.Return())
}

// pass returns an XDP program that lets every packet pass.
func pass(name string) *offload.Program { return program(name, object.XDP, int32(bpf.XDPPass)) }

// Sizes of the test's map, in bytes. Two entries are what the smallest device
// has that is known.
const (
	keySize    = 4
	valueSize  = 8
	maxEntries = 2
)

// counting returns an XDP program that counts packets under the key of all
// zeros of each map, if that is there, and lets them pass.
func counting(name string, maps ...*object.Map) *offload.Program {
	insns := []bpf.Insn{
		bpf.Mov.Imm(bpf.R0, 0),
		bpf.Store(bpf.SizeW, bpf.FP, -keySize, bpf.R0),
	}
	for i := range maps {
		insns = append(insns, bpf.Mov.Reg(bpf.R2, bpf.FP), bpf.Add.Imm(bpf.R2, -keySize))
		insns = append(insns, bpf.LoadMap(bpf.R1, i)...)
		insns = append(insns,
			bpf.CallHelper(bpf.HelperMapLookupElem),
			bpf.JEq.Imm(bpf.R0, 0, 2),
			bpf.Mov.Imm(bpf.R1, 1),
			bpf.Atomic(bpf.AtomicAdd, bpf.SizeDW, bpf.R0, 0, bpf.R1),
		)
	}
	insns = append(insns, bpf.Mov.Imm(bpf.R0, int32(bpf.XDPPass)), bpf.Return())
	return made(name, object.XDP, maps, insns...)
}

// hash returns the map of a counting program.
func hash(name string) *object.Map {
	return &object.Map{Name: name, Type: bpf.MapTypeHash, KeySize: keySize, ValueSize: valueSize, MaxEntries: maxEntries}
}

func made(name string, typ object.Type, maps []*object.Map, insns ...bpf.Insn) *offload.Program {
	return &offload.Program{Program: &object.Program{
		Name: name, Type: typ, License: "GPL", Maps: maps, Insns: insns, Funcs: []object.Func{{Name: name}},
	}}
}
