package verify_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/oracle"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/platform"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// shapes are maps of each type as the kernel makes them, where 4 bytes of key, 8
// bytes of value and 4 entries are not what it takes.
var shapes = map[bpf.MapType]object.Map{
	bpf.MapTypeProgArray:      {KeySize: 4, ValueSize: 4},
	bpf.MapTypePerfEventArray: {KeySize: 4, ValueSize: 4},
	bpf.MapTypeCgroupArray:    {KeySize: 4, ValueSize: 4},
	bpf.MapTypeLPMTrie:        {KeySize: 8, ValueSize: 8, Flags: bpf.FNoPrealloc},
	bpf.MapTypeArrayOfMaps:    {KeySize: 4, ValueSize: 4, Inner: &object.Map{Name: "inner", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: 4}},
	bpf.MapTypeHashOfMaps:     {KeySize: 4, ValueSize: 4, Inner: &object.Map{Name: "inner", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: 4}},
	bpf.MapTypeDevMap:         {KeySize: 4, ValueSize: 4},
	bpf.MapTypeDevMapHash:     {KeySize: 4, ValueSize: 4},
	bpf.MapTypeCPUMap:         {KeySize: 4, ValueSize: 4},
	bpf.MapTypeXSKMap:         {KeySize: 4, ValueSize: 4},
	bpf.MapTypeQueue:          {ValueSize: 8},
	bpf.MapTypeStack:          {ValueSize: 8},
	bpf.MapTypeBloomFilter:    {ValueSize: 8},
	bpf.MapTypeRingbuf:        {MaxEntries: 4096},
}

func shaped(t bpf.MapType) *object.Map {
	m, ok := shapes[t]
	if !ok {
		m.KeySize, m.ValueSize = 4, 8
	}
	if m.MaxEntries == 0 {
		m.MaxEntries = 4
	}
	m.Name, m.Type = "it", t
	return &m
}

// callOf is a program that calls a helper with arguments as its row asks for
// them, or with one of them left a small number.
func callOf(h *platform.Helper, typ object.Type, m *object.Map, wrong int) *object.Program {
	insns := []bpf.Insn{bpf.Mov.Reg(bpf.R6, bpf.R1)}
	for off := int16(-64); off < 0; off += 8 {
		insns = append(insns, bpf.StoreImm(bpf.SizeDW, bpf.FP, off, 1))
	}
	for k, a := range h.Args {
		r := bpf.R1 + uint8(k)
		switch {
		case a == platform.ArgNone:
		case k == wrong:
			insns = append(insns, bpf.Mov.Imm(r, 3))
		case a == platform.ArgCtx, a == platform.ArgCtxOrNull:
			insns = append(insns, bpf.Mov.Reg(r, bpf.R6))
		case a == platform.ArgMap:
			insns = append(insns, bpf.LoadMap(r, 0)...)
		case a == platform.ArgAnything, a == platform.ArgRest:
			insns = append(insns, bpf.Mov.Imm(r, 0))
		case a == platform.ArgSize, a == platform.ArgSizeOrZero:
			insns = append(insns, bpf.Mov.Imm(r, 16))
		default:
			insns = append(insns, bpf.Mov.Reg(r, bpf.FP), bpf.Add.Imm(r, -64))
		}
	}
	insns = append(insns, bpf.CallHelper(h.ID), bpf.Mov.Imm(bpf.R0, 0), bpf.Return())
	return &object.Program{
		Name: "helper", Type: typ, License: "GPL", Funcs: []object.Func{{Name: "helper"}}, Insns: insns, Maps: []*object.Map{m},
	}
}

// TestMapsBesideKernel compares which helpers work on which type of map with
// the running kernel's answers, for each helper that takes one.
func TestMapsBesideKernel(t *testing.T) {
	needsKernel(t)
	n := 0
	for k := range platform.Linux.Maps {
		for i := range platform.Linux.Helpers {
			h := &platform.Linux.Helpers[i]
			if !takesMap(h) {
				continue
			}
			for _, typ := range []object.Type{object.XDP, object.TC} {
				n++
				sameVerdict(t, callOf(h, typ, shaped(platform.Linux.Maps[k].Type), -1), h.Name()+" on "+platform.Linux.Maps[k].Type.String())
			}
		}
	}
	require.Greater(t, n, 400)
}

func takesMap(h *platform.Helper) bool {
	for _, a := range h.Args {
		if a == platform.ArgMap {
			return true
		}
	}
	return false
}

// TestArgumentsBesideKernel calls each helper as its row says, and with each
// argument that is no number replaced by one: the kernel answers the same.
func TestArgumentsBesideKernel(t *testing.T) {
	needsKernel(t)
	for i := range platform.Linux.Helpers {
		h := &platform.Linux.Helpers[i]
		if h.Refused != "" {
			continue
		}
		m := shaped(bpf.MapTypeHash)
		for k := range platform.Linux.Maps {
			if row := &platform.Linux.Maps[k]; row.Takes(h.ID) {
				m = shaped(row.Type)
				break
			}
		}
		for _, typ := range []object.Type{object.XDP, object.TC} {
			for wrong := -1; wrong < len(h.Args) && (wrong < 0 || h.Args[wrong] != platform.ArgNone); wrong++ {
				sameVerdict(t, callOf(h, typ, m, wrong), h.Name())
			}
		}
	}
}

func needsKernel(t *testing.T) {
	if err := oracle.KernelAvailable(); err != nil {
		t.Skip(err)
	}
	if oracle.KernelISA() < 4 {
		t.Skip("the kernel is older than the table")
	}
}

// sameVerdict asks both verifiers about a program.
func sameVerdict(t *testing.T, p *object.Program, what string) {
	_, ours := verify.Verify(p, verify.Options{})
	var e *verify.Error
	if errors.As(ours, &e) && e.Class == verify.Unsupported {
		return
	}
	theirs, asked := askKernel(t, p)
	if asked && (ours == nil) != (theirs == "") {
		t.Errorf("%s, %s, key %d, value %d:\nours: %v\nkernel: %s\n%s", p.Type, what, p.Maps[0].KeySize, p.Maps[0].ValueSize, ours, strings.TrimSpace(theirs), dump(p))
	}
}
