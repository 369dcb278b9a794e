package ebpf_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// TestFaults: what no verified program does stops the run and says why.
func TestFaults(t *testing.T) {
	small := &object.Map{Name: "small", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 4, MaxEntries: 4}
	ro := &object.Map{Name: "ro", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: 1, Flags: bpf.FRdonlyProg}
	ring := &object.Map{Name: "ring", Type: bpf.MapTypeRingbuf, MaxEntries: 4096}
	lookup := seq(bpf.StoreImm(bpf.SizeW, 10, -4, 1), bpf.LoadMap(1, 0), bpf.Mov.Reg(2, 10), bpf.Add.Imm(2, -4), bpf.CallHelper(bpf.HelperMapLookupElem))
	end := seq(bpf.Mov.Imm(0, 2), bpf.Return())
	for _, c := range []struct {
		name, want string
		typ        object.Type
		body       code
	}{
		{"packet end", "instruction 1: read of packet bytes 60..67, the packet has 64", object.XDP, seq(bpf.Load(bpf.SizeW, 1, 1, 0), bpf.Load(bpf.SizeDW, 0, 1, 60), end)},
		{"packet front", "write of packet bytes -1..-1, the packet has 64", object.XDP, seq(bpf.Load(bpf.SizeW, 1, 1, 0), bpf.StoreImm(bpf.SizeB, 1, -1, 0), end)},
		{"stack top", "write of stack bytes 0..7 of frame 0", object.XDP, seq(bpf.StoreImm(bpf.SizeDW, 10, 0, 1), end)},
		{"stack bottom", "write of stack bytes -516..-509 of frame 0", object.XDP, seq(bpf.StoreImm(bpf.SizeDW, 10, -516, 1), end)},
		{"null", "read of 8 bytes at 0x0, which is no address of this program", object.XDP, seq(bpf.Mov.Imm(1, 0), bpf.Load(bpf.SizeDW, 0, 1, 0), end)},
		{"number", "which is no address of this program", object.XDP, seq(bpf.Mov.Imm(1, 0x7fffffff), bpf.Load(bpf.SizeB, 0, 1, 0), end)},
		{"value end", "read of bytes 0..7 of value 1 of map small, values have 4 bytes", object.XDP, seq(lookup, bpf.Load(bpf.SizeDW, 0, 0, 0), end)},
		{"next value", "read of bytes 4..7 of value 1 of map small", object.XDP, seq(lookup, bpf.Load(bpf.SizeW, 0, 0, 4), end)},
		{"read-only map", "write to map ro, which is read-only for programs", object.XDP, seq(bpf.LoadMapValue(1, 1, 0), bpf.StoreImm(bpf.SizeB, 1, 0, 1), end)},
		{"no direct value", "map small, which is no array of one entry", object.XDP, seq(bpf.LoadMapValue(1, 0, 0), end)},
		{"ctx width", "read of ctx bytes 0..7", object.XDP, seq(bpf.Load(bpf.SizeDW, 0, 1, 0), end)},
		{"ctx end", "read of ctx bytes 24..27", object.XDP, seq(bpf.Load(bpf.SizeW, 0, 1, 24), end)},
		{"ctx write", "an XDP program may write only rx_queue_index", object.XDP, seq(bpf.StoreImm(bpf.SizeW, 1, 0, 0), end)},
		{"skb socket field", "which a tc program may not read so", object.TC, seq(bpf.Load(bpf.SizeW, 0, 1, 92), end)},
		{"skb write", "which a tc program may not write", object.TC, seq(bpf.StoreImm(bpf.SizeW, 1, 0, 0), end)},
		{"frame pointer", "writes r10, the frame pointer", object.XDP, seq(bpf.Mov.Imm(10, 0), end)},
		{"clobbered argument", "which is no address of this program", object.XDP, seq(bpf.CallHelper(bpf.HelperKtimeGetNs), bpf.Load(bpf.SizeW, 0, 1, 0), end)},
		{"falls off", "instruction 1: runs out of the program, which has 1 slots", object.XDP, seq(bpf.Mov.Imm(0, 1))},
		{"jump out", "jumps to slot 100, which is no instruction", object.XDP, seq(bpf.Goto(99), end)},
		{"jump into a pair", "jumps to slot 2, which is no instruction", object.XDP, seq(bpf.Goto(1), bpf.LoadImm64(1, 0), end)},
		{"for ever", "runs for more than 1000 instructions", object.XDP, seq(bpf.Goto(-1))},
		{"recursion", "calls more than 8 functions deep", object.XDP, seq(code{bpf.CallFunc(-1)}, end)},
		{"unknown helper", "not supported: helper 9999", object.XDP, seq(bpf.CallHelper(9999), end)},
		{"other type's helper", "helper bpf_skb_load_bytes is not for xdp programs", object.XDP, seq(bpf.CallHelper(bpf.HelperSkbLoadBytes), end)},
		{"no map", "is no map", object.XDP, seq(bpf.Mov.Imm(1, 1), bpf.CallHelper(bpf.HelperMapLookupElem), end)},
		{"key outside", "helper argument: read of stack bytes -2..1 of frame 0", object.XDP, seq(bpf.LoadMap(1, 0), bpf.Mov.Reg(2, 10), bpf.Add.Imm(2, -2), bpf.CallHelper(bpf.HelperMapLookupElem), end)},
		{"unknown opcode", "is no instruction: ff", object.XDP, seq(code{{Op: 0xff}}, end)},
		{"bad division", "is no instruction", object.XDP, seq(bpf.Insn{Op: bpf.Div.Imm(0, 0).Op, Imm: 1, Off: 2}, end)},
		{"bad atomic", "is no atomic operation: 0xe0", object.XDP, seq(code{bpf.Atomic(0xe0, bpf.SizeDW, 10, -8, 0)}, end)},
		{"kept record", "neither submitted nor discarded", object.XDP, seq(bpf.LoadMap(1, 2), bpf.Mov.Imm(2, 8), bpf.Mov.Imm(3, 0), bpf.CallHelper(bpf.HelperRingbufReserve), end)},
		{"record used after submit", "write of ring buffer record bytes", object.XDP, seq(bpf.LoadMap(1, 2), bpf.Mov.Imm(2, 8), bpf.Mov.Imm(3, 0), bpf.CallHelper(bpf.HelperRingbufReserve), bpf.Mov.Reg(6, 0), bpf.Mov.Reg(1, 0), bpf.Mov.Imm(2, 0), bpf.CallHelper(bpf.HelperRingbufSubmit), bpf.StoreImm(bpf.SizeB, 6, 0, 1), end)},
		{"kernel function", "not supported: call of kernel function", object.XDP, seq(code{bpf.CallKfunc(500)}, end)},
		{"call through register", "not supported: call through a register", object.XDP, seq(bpf.Insn{Op: bpf.JumpOpcode(bpf.ClassJMP, bpf.Call, bpf.X), Dst: 1}, end)},
	} {
		t.Run(c.name, func(t *testing.T) {
			vm, err := ebpf.New(newProgram(c.typ, c.body, small, ro, ring), ebpf.Options{MaxSteps: 1000})
			require.NoError(t, err)
			_, err = vm.Run(ebpf.Input{Packet: frame(64)})
			var fault *ebpf.Fault
			require.ErrorAs(t, err, &fault)
			require.ErrorContains(t, err, c.want)
			// The VM is as good as new.
			_, again := vm.Run(ebpf.Input{Packet: frame(64)})
			require.Equal(t, err, again)
		})
	}
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct {
		name, want string
		m          object.Map
	}{
		{"type", "map m: not supported: map type 29", object.Map{Type: bpf.MapTypeTaskStorage, KeySize: 4, ValueSize: 4, MaxEntries: 1}},
		{"array key", "arrays have keys of 4 bytes, not 8", object.Map{Type: bpf.MapTypeArray, KeySize: 8, ValueSize: 4, MaxEntries: 1}},
		{"empty", "has values of 0 bytes and 1 entries", object.Map{Type: bpf.MapTypeHash, KeySize: 4, MaxEntries: 1}},
		{"huge", "because that is more than", object.Map{Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 4096, MaxEntries: 1 << 31}},
		{"initial", "takes keys of 4 and values of 4 bytes, not 1 and 0", object.Map{Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 4, MaxEntries: 1, Initial: []object.Entry{{Key: []byte{1}}}}},
		{"program", `names program "x", which is not given`, object.Map{Type: bpf.MapTypeProgArray, KeySize: 4, ValueSize: 4, MaxEntries: 1, Programs: map[uint32]string{0: "x"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.m.Name = "m"
			_, err := ebpf.New(newProgram(object.XDP, seq(bpf.Return()), &c.m), ebpf.Options{})
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err := ebpf.New(newProgram(object.XDP, nil), ebpf.Options{})
	require.ErrorContains(t, err, "has no instructions")
	vm, err := ebpf.New(newProgram(object.UnknownType, seq(bpf.Return())), ebpf.Options{})
	require.NoError(t, err)
	_, err = vm.Run(ebpf.Input{})
	require.ErrorContains(t, err, "type is unknown")
}

// TestRaw: the interface of conformance suites.
func TestRaw(t *testing.T) {
	body := seq(bpf.Load(bpf.SizeB, 0, 1, 0), bpf.Add.Reg(0, 2), bpf.StoreImm(bpf.SizeB, 1, 1, 9), bpf.Mov.Imm(1, 3), bpf.CallHelper(bpf.HelperRcRepeat), bpf.Return())
	helper := func(_ *ebpf.VM, a [5]uint64) (uint64, error) { return a[0] * 2, nil }
	vm, err := ebpf.New(newProgram(object.UnknownType, body), ebpf.Options{Raw: true, Helpers: map[bpf.HelperID]func(*ebpf.VM, [5]uint64) (uint64, error){bpf.HelperRcRepeat: helper}})
	require.NoError(t, err)
	res, err := vm.Run(ebpf.Input{Memory: []byte{5, 6}})
	require.NoError(t, err)
	require.Equal(t, uint64(6), res.R0)
	require.Equal(t, []byte{5, 9}, res.Memory)
	_, err = vm.Run(ebpf.Input{})
	require.ErrorContains(t, err, "read of memory bytes 0..0")
}

// TestHook sees every step and what the pointers are.
func TestHook(t *testing.T) {
	o, err := object.Load(samples+"/acl.o", object.Options{})
	require.NoError(t, err)
	p := o.Programs[0]
	seen := map[ebpf.RegionKind]bool{}
	deepest, steps := 0, 0
	var vm *ebpf.VM
	vm, err = ebpf.New(p, ebpf.Options{OnStep: func(slot int, regs *[11]uint64) {
		steps++
		require.Same(t, p, vm.Running())
		require.Less(t, slot, len(p.Insns))
		deepest = max(deepest, vm.Frame())
		require.Equal(t, ebpf.Ref{Kind: ebpf.Stack, Frame: vm.Frame()}, vm.Resolve(regs[10]))
		for _, r := range regs {
			ref := vm.Resolve(r)
			seen[ref.Kind] = true
			if ref.Kind == ebpf.Packet {
				require.LessOrEqual(t, ref.Off, int64(vm.PacketLen()+60))
			}
			if ref.Kind == ebpf.MapValue {
				require.Equal(t, "blocked", vm.Maps()[ref.Map].Spec().Name)
				require.Equal(t, int64(0), ref.Off)
				require.Len(t, vm.Bytes(r, 8), 8)
			}
		}
	}})
	require.NoError(t, err)
	for _, packet := range loadCaptures(t)["acl.pcap"] {
		steps = 0
		res, err := vm.Run(ebpf.Input{Packet: packet.Data})
		require.NoError(t, err)
		require.Equal(t, res.Steps, steps)
	}
	require.Equal(t, 1, deepest)
	for _, k := range []ebpf.RegionKind{ebpf.Ctx, ebpf.Packet, ebpf.Stack, ebpf.MapValue, ebpf.MapObject, ebpf.NoRegion} {
		require.True(t, seen[k], k.String())
	}
}

// FuzzRun runs any slots on any packet: a result or a fault, never a panic,
// never for ever.
func FuzzRun(f *testing.F) {
	for _, s := range loadSamples(f) {
		f.Add(bpf.Encode(nil, s.prog.Insns), frame(100), uint8(s.prog.Type))
	}
	f.Fuzz(func(t *testing.T, b, packet []byte, typ uint8) {
		insns, err := bpf.Decode(b[:len(b)&^7])
		require.NoError(t, err)
		maps := []*object.Map{
			{Name: "a", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 16, MaxEntries: 4},
			{Name: "b", Type: bpf.MapTypeHash, KeySize: 4, ValueSize: 8, MaxEntries: 4},
			{Name: "c", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 64, MaxEntries: 1},
			{Name: "d", Type: bpf.MapTypeRingbuf, MaxEntries: 4096},
			{Name: "e", Type: bpf.MapTypeLPMTrie, KeySize: 8, ValueSize: 4, MaxEntries: 4},
			{Name: "f", Type: bpf.MapTypeQueue, ValueSize: 4, MaxEntries: 4},
		}
		p := newProgram(object.Type(typ%3), insns, maps...)
		vm, err := ebpf.New(p, ebpf.Options{MaxSteps: 10000})
		if err != nil {
			return
		}
		_, _ = vm.Run(ebpf.Input{Packet: packet})
	})
}

func BenchmarkRun(b *testing.B) {
	for _, name := range []string{"ttl_decrement", "count_by_proto", "l4_balance"} {
		b.Run(name, func(b *testing.B) {
			o, err := object.Load(samples+"/"+name+".o", object.Options{})
			require.NoError(b, err)
			vm, err := ebpf.New(o.Programs[0], ebpf.Options{})
			require.NoError(b, err)
			packets := loadCaptures(b)["count_by_proto.pcap"]
			steps := 0
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				res, err := vm.Run(ebpf.Input{Packet: packets[i%len(packets)].Data})
				if err != nil {
					b.Fatal(err)
				}
				steps += res.Steps
			}
			b.ReportMetric(float64(steps)/b.Elapsed().Seconds()/1e6, "Minsn/s")
		})
	}
}
