package contracttest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// probes is what the parts make of a target beyond the samples: a text for each
// thing that a field can show in.
type probes struct {
	grant    string // registers, transfer registers and signals that code may use
	local    string // where a context's stack and packet vector are, and their ends
	pointer  string // packet pointers of the four contexts
	delay    string // instructions between write and use of an index register
	memory   string // cycles of commands to packet and map memory
	place    string // where the simulator has maps
	limits   string // maps that the compiler takes
	supports string // helpers and map types
	calls    string // what a routine of the firmware leaves of index registers
}

// probe takes what is asked, and how much of it, from base, so that a field of
// tg shows only in an answer.
func probe(t testing.TB, base, tg *target.Target) probes {
	return probes{
		grant: grants(t, tg), local: local(t, base, tg), pointer: pointers(t, tg), delay: delay(t, tg),
		memory: memories(t, tg), place: place(t, tg), limits: limits(&base.Maps, tg), supports: supports(tg), calls: calls(t, tg),
	}
}

// machine loads hand-made code behind which the packet ends with the exit
// register's value.
func machine(t testing.TB, tg *target.Target, maps []image.Map, code ...nfpisa.Instr) *sim.Machine {
	img := &image.Image{
		Target: tg,
		Machine: image.Machine{
			CodeStart: uint16(tg.Core.CodeStart), Done: uint16(tg.Core.Done), StackSize: 64,
		},
		Programs: []image.Program{{Name: "probe", Type: "xdp"}}, Maps: maps,
	}
	for i, in := range append(code, nfpisa.Br(int(tg.Core.Done))) {
		w, err := nfpisa.Encode(in, nfpisa.Ctx4)
		require.NoError(t, err, "instruction %d: %v", i, in)
		img.Words = append(img.Words, w)
	}
	m, err := sim.New(img, sim.DefaultSpec())
	if err != nil {
		t.Logf("probe: %v", err)
		return nil
	}
	return m
}

// try runs code and tells the exit word, or the kind of fault.
func try(t testing.TB, tg *target.Target, maps []image.Map, code ...nfpisa.Instr) (string, uint64) {
	m := machine(t, tg, maps, code...)
	if m == nil {
		return "no machine", 0
	}
	r := m.Run(sim.Input{Packet: make([]byte, 128)})
	if f := r.Fault; f != nil && f.Kind != sim.FaultExit {
		return fmt.Sprint(f.Kind), r.Cycles
	}
	return fmt.Sprintf("%#x", r.Code), r.Cycles
}

func leave(tg *target.Target, x nfpisa.Operand) nfpisa.Instr {
	return nfpisa.Mov(tg.Exit.Register.Operand(), x)
}

func vectorWord(tg *target.Target, w target.LMWord) nfpisa.Operand {
	return nfpisa.LMem(int(tg.Entry.VectorIndex), int(w))
}

func grants(t testing.TB, tg *target.Target) string {
	var b strings.Builder
	note := func(name string, code ...nfpisa.Instr) {
		got, _ := try(t, tg, nil, append(code, nfpisa.Immed(tg.Exit.Register.Operand(), 0))...)
		fmt.Fprintf(&b, "%s %s\n", name, got)
	}
	for n := range 32 {
		for _, r := range []nfpisa.Operand{nfpisa.A(n), nfpisa.B(n)} {
			note(fmt.Sprint("write ", r), nfpisa.Immed(r, 1))
		}
	}
	base := vectorWord(tg, tg.PacketVector.Pointer.Word)
	for n := range 64 {
		note(fmt.Sprint("in ", n), nfpisa.Mem32(nfpisa.MemRead32, n, base, nfpisa.Const(0), 1).CtxSwap(int(tg.Registers.Signals[0])))
		note(fmt.Sprint("out ", n), nfpisa.Immed(nfpisa.X(n), 1))
	}
	for s := 1; s < 16; s++ {
		note(fmt.Sprint("signal ", s), nfpisa.Mem32(nfpisa.MemRead32, 0, base, nfpisa.Const(0), 1).CtxSwap(s))
	}
	return b.String()
}

func local(t testing.TB, base, tg *target.Target) string {
	var b strings.Builder
	for w := range 16 {
		got, _ := try(t, tg, nil, leave(tg, vectorWord(tg, target.LMWord(w))))
		fmt.Fprintf(&b, "vector word %d %s\n", w, got)
	}
	fmt.Fprintf(&b, "stack of %d: %v\n", base.LocalMemory.Stack, fits(t, tg, base.LocalMemory.Stack))
	fmt.Fprintf(&b, "stack base %s\n", four(t, tg, leave(tg, tg.Entry.Stack.Operand())))
	for _, index := range []target.LMIndex{tg.Entry.StackIndex, tg.Entry.VectorIndex} {
		fmt.Fprintf(&b, "index %d %s\n", index, four(t, tg, nfpisa.CSRRd(nfpisa.CSRActLMAddr(int(index))), nfpisa.Immed(tg.Exit.Register.Operand(), 0)))
	}
	return b.String()
}

// four runs code on the four contexts and tells their exit words.
func four(t testing.TB, tg *target.Target, code ...nfpisa.Instr) string {
	m := machine(t, tg, nil, code...)
	if m == nil {
		return "no machine"
	}
	var words []string
	n := 0
	m.Batch(func(in *sim.Input) bool {
		*in = sim.Input{Packet: make([]byte, 128)}
		n++
		return n <= 4
	}, func(r *sim.Result) { words = append(words, fmt.Sprintf("%#x", r.Code)) })
	return strings.Join(words, " ")
}

// fits reports whether the simulator takes code with so much stack.
func fits(t testing.TB, tg *target.Target, stack int) bool {
	w, err := nfpisa.Encode(nfpisa.Br(int(tg.Core.Done)), nfpisa.Ctx4)
	require.NoError(t, err)
	_, err = sim.New(&image.Image{
		Target: tg, Words: []nfpisa.Word{w}, Programs: []image.Program{{Name: "probe", Type: "xdp"}},
		Machine: image.Machine{CodeStart: uint16(tg.Core.CodeStart), Done: uint16(tg.Core.Done), StackSize: uint32(stack)},
	}, sim.DefaultSpec())
	return err == nil
}

func pointers(t testing.TB, tg *target.Target) string {
	return four(t, tg, leave(tg, vectorWord(tg, tg.PacketVector.Pointer.Word)))
}

// delay tells after how many instructions an index register that was written
// can be used.
func delay(t testing.TB, tg *target.Target) string {
	for n := range 10 {
		code := []nfpisa.Instr{nfpisa.Mov(nfpisa.B(1), tg.Entry.Stack.Operand()), nfpisa.CSRWr(nfpisa.CSRActLMAddr(2), nfpisa.B(1))}
		for range n {
			code = append(code, nfpisa.Nop())
		}
		code = append(code, nfpisa.Immed(nfpisa.LMem(2, 0), 1), nfpisa.Immed(tg.Exit.Register.Operand(), 0))
		if got, _ := try(t, tg, nil, code...); got == "0x0" {
			return fmt.Sprint(n)
		}
	}
	return "never"
}

// memories tells the cycles of commands to the packet and to a map, also of those that
// change a region of which each island would have a copy.
func memories(t testing.TB, tg *target.Target) string {
	tg = tg.Clone()
	for k := range tg.Maps.Regions {
		tg.Maps.Regions[k].Copies = false
	}
	var b strings.Builder
	sig := int(tg.Registers.Signals[0])
	packet := vectorWord(tg, tg.PacketVector.Pointer.Word)
	l := maplayout.NewArray(maplayout.Shape{KeySize: 4, ValueSize: 64, MaxEntries: 4})
	fill := []nfpisa.Instr{nfpisa.Immed(nfpisa.X(0), 1), nfpisa.Immed(nfpisa.X(1), 1)}
	for k := range tg.Maps.Regions {
		region := &tg.Maps.Regions[k]
		m := mapAt(tg, l)
		if tg.Direct() {
			m.Base = region.Base + region.Align
		}
		note := func(name string, code ...nfpisa.Instr) {
			got, cycles := try(t, tg, []image.Map{m}, append(code, nfpisa.Immed(tg.Exit.Register.Operand(), 0))...)
			fmt.Fprintf(&b, "%s %s %d\n", name, got, cycles)
		}
		high := append(nfpisa.LoadImmed(nfpisa.B(1), region.High()), nfpisa.LoadImmed(nfpisa.A(1), uint32(region.Base+region.Align))...)
		for _, c := range []struct {
			name string
			op   nfpisa.MemOp
			n    int
		}{{"read 8", nfpisa.MemRead32, 2}, {"read 32", nfpisa.MemRead32, 8}, {"write", nfpisa.MemWrite32, 2}, {"atomic", nfpisa.MemAdd, 1}} {
			code := []nfpisa.Instr(nil)
			if c.op != nfpisa.MemRead32 {
				code = fill
			}
			note("packet "+c.name, append(code[:len(code):len(code)], nfpisa.Mem32(c.op, 0, packet, nfpisa.Const(0), c.n).CtxSwap(sig))...)
			note("map "+c.name, append(append(code[:len(code):len(code)], high...), nfpisa.Mem40(c.op, 0, nfpisa.B(1), nfpisa.A(1), c.n).CtxSwap(sig))...)
		}
	}
	return b.String()
}

// mapAt describes the first map of a target.
func mapAt(tg *target.Target, l maplayout.Array) image.Map {
	m := image.Map{Name: "m", Type: "array", KeySize: 4, ValueSize: 64, MaxEntries: 4, ID: 1}
	if region := tg.Maps.Region(); tg.Direct() {
		m.Layout, m.Stride, m.Base = string(l.Kind()), l.Stride, region.Base+region.Align
	}
	return m
}

// place tells where the simulator has maps: two that it places itself, where
// the firmware does.
func place(t testing.TB, tg *target.Target) string {
	l := maplayout.NewArray(maplayout.Shape{KeySize: 4, ValueSize: 64, MaxEntries: 4})
	one := mapAt(tg, l)
	maps := []image.Map{one}
	if !tg.Direct() {
		two := one
		two.Name, two.ID = "n", 2
		maps = append(maps, two)
	}
	m := machine(t, tg, maps)
	if m == nil {
		return "no machine"
	}
	var b strings.Builder
	for _, mp := range m.Maps() {
		fmt.Fprintf(&b, "%#x unit %v\n", mp.Region().Base, mp.Region().Unit)
	}
	return b.String()
}

// calls tells which index registers are left after a routine of the firmware.
func calls(t testing.TB, tg *target.Target) string {
	h := tg.Helper("map_lookup_elem")
	if h.By != target.HelperFirmware || tg.Calls.Map == nil {
		return ""
	}
	var b strings.Builder
	l := maplayout.NewArray(maplayout.Shape{KeySize: 4, ValueSize: 64, MaxEntries: 4})
	for index := range 4 {
		start := int(tg.Core.CodeStart)
		k := &tg.Calls
		code := []nfpisa.Instr{nfpisa.Immed(nfpisa.LMem(int(tg.Entry.StackIndex), 0), 0), nfpisa.Mov(nfpisa.B(1), tg.Entry.Stack.Operand())}
		if index > 1 {
			code = append(code, nfpisa.CSRWr(nfpisa.CSRActLMAddr(index), nfpisa.B(1)))
		}
		for range 8 {
			code = append(code, nfpisa.Nop())
		}
		code = append(code, nfpisa.Immed(k.Map.Operand(), 1))
		code = append(code, nfpisa.Br(int(h.Address)).WithDefer(1), nfpisa.Immed(k.Return.Operand(), uint32(start+len(code)+2)))
		code = append(code, nfpisa.Mov(nfpisa.B(1), nfpisa.LMem(index, int(tg.PacketVector.Pointer.Word))), nfpisa.Immed(tg.Exit.Register.Operand(), 0))
		mapped := mapAt(tg, l)
		img := &image.Image{
			Target: tg, Programs: []image.Program{{Name: "probe", Type: "xdp"}}, Maps: []image.Map{mapped},
			Machine: image.Machine{
				CodeStart: uint16(start), Done: uint16(tg.Core.Done), StackSize: 64,
				Helpers: map[uint32]uint16{uint32(bpf.HelperMapLookupElem): uint16(h.Address)},
			},
		}
		for _, in := range append(code, nfpisa.Br(int(tg.Core.Done))) {
			w, err := nfpisa.Encode(in, nfpisa.Ctx4)
			require.NoError(t, err)
			img.Words = append(img.Words, w)
		}
		m, err := sim.New(img, sim.DefaultSpec())
		if err != nil {
			return err.Error()
		}
		r := m.Run(sim.Input{Packet: make([]byte, 64)})
		if r.Fault != nil {
			fmt.Fprintf(&b, "index %d: %s\n", index, r.Fault.Reason)
		} else {
			fmt.Fprintf(&b, "index %d is kept\n", index)
		}
	}
	return b.String()
}

// withMaps returns a program that looks up in maps.
func withMaps(maps ...*object.Map) *object.Program {
	p := &object.Program{Name: "maps", Type: object.XDP, License: "GPL", Funcs: []object.Func{{Name: "maps"}}, Maps: maps}
	add := func(in ...bpf.Insn) { p.Insns = append(p.Insns, in...) }
	deepest := int32(0)
	for _, m := range maps {
		deepest = max(deepest, int32(m.KeySize+7)&^7)
	}
	add(bpf.Mov.Imm(bpf.R1, 0))
	for off := -deepest; off < 0; off += 8 {
		add(bpf.Store(bpf.SizeDW, bpf.FP, int16(off), bpf.R1))
	}
	for k := range maps {
		add(bpf.Mov.Reg(bpf.R2, bpf.FP), bpf.Add.Imm(bpf.R2, -deepest))
		add(bpf.LoadMap(bpf.R1, k)...)
		add(bpf.CallHelper(bpf.HelperMapLookupElem))
	}
	add(bpf.Mov.Imm(bpf.R0, int32(bpf.XDPPass)), bpf.Return())
	return p
}

// limits tells where maps that are as large as the target says end up, and what
// becomes of those that are a little larger.
func limits(l *target.Maps, tg *target.Target) string {
	var b strings.Builder
	small := func(name string) *object.Map {
		return &object.Map{Name: name, Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}
	}
	note := func(what string, maps ...*object.Map) {
		v, err := verify.Verify(withMaps(maps...), verify.Options{})
		if err != nil {
			fmt.Fprintf(&b, "%s: %v\n", what, err)
			return
		}
		img, err := translate.Compile(v, translate.Options{Target: tg})
		if err != nil {
			fmt.Fprintf(&b, "%s: %v\n", what, err)
			return
		}
		fmt.Fprintf(&b, "%s: %s\n", what, layout(img))
	}
	for _, n := range []int{l.MaxMaps, l.MaxMaps + 1} {
		var maps []*object.Map
		for k := range n {
			maps = append(maps, small(fmt.Sprint("m", k)))
		}
		note("maps", maps...)
	}
	for _, extra := range []uint32{0, 1} {
		m := small("entries")
		m.MaxEntries = uint32(l.MaxEntries) + extra
		note("entries", m)
		var all []*object.Map
		for left := l.TotalEntries + uint64(extra); left > 0; left -= uint64(all[len(all)-1].MaxEntries) {
			m := small(fmt.Sprint("part", len(all)))
			m.MaxEntries = uint32(min(left, l.MaxEntries))
			all = append(all, m)
		}
		note("all entries", all...)
		key := &object.Map{Name: "key", Type: bpf.MapTypeHash, KeySize: uint32(l.MaxKey) + extra, ValueSize: 1, MaxEntries: 1}
		note("key", key)
		value := small("value")
		value.ValueSize = uint32(l.MaxValue) + extra
		note("value", value)
	}
	element := small("element")
	element.KeySize, element.Type = uint32(l.MaxKey), bpf.MapTypeHash
	element.ValueSize = uint32(l.MaxElement) - uint32(l.MaxKey+7)&^7
	note("element", element)
	element.ValueSize++
	note("element and one", element)
	return b.String()
}

// supports tells what the compiler says of helpers and map types.
func supports(tg *target.Target) string {
	var b strings.Builder
	for _, h := range translate.Helpers() {
		for _, m := range append(translate.MapTypes(), bpf.MapTypeUnspec) {
			fmt.Fprintf(&b, "%v %v: %v\n", h, m, translate.Supports(tg, h, m))
		}
	}
	return b.String()
}
