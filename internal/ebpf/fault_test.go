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
	small := &object.Map{Name: "small", Type: 2, KeySize: 4, ValueSize: 4, MaxEntries: 4}
	ro := &object.Map{Name: "ro", Type: 2, KeySize: 4, ValueSize: 8, MaxEntries: 1, Flags: 1 << 7}
	ring := &object.Map{Name: "ring", Type: 27, MaxEntries: 4096}
	lookup := seq(st(bpf.SizeW, 10, -4, 1), mapfd(1, 0), movr(2, 10), op64(bpf.ADD, 2, -4), call(1))
	end := seq(mov(0, 2), exit())
	for _, c := range []struct {
		name, want string
		typ        object.Type
		body       code
	}{
		{"packet end", "instruction 1: read of packet bytes 60..67, the packet has 64", object.XDP, seq(ldx(bpf.SizeW, 1, 1, 0), ldx(bpf.SizeDW, 0, 1, 60), end)},
		{"packet front", "write of packet bytes -1..-1, the packet has 64", object.XDP, seq(ldx(bpf.SizeW, 1, 1, 0), st(bpf.SizeB, 1, -1, 0), end)},
		{"stack top", "write of stack bytes 0..7 of frame 0", object.XDP, seq(st(bpf.SizeDW, 10, 0, 1), end)},
		{"stack bottom", "write of stack bytes -516..-509 of frame 0", object.XDP, seq(st(bpf.SizeDW, 10, -516, 1), end)},
		{"null", "read of 8 bytes at 0x0, which is no address of this program", object.XDP, seq(mov(1, 0), ldx(bpf.SizeDW, 0, 1, 0), end)},
		{"number", "which is no address of this program", object.XDP, seq(mov(1, 0x7fffffff), ldx(bpf.SizeB, 0, 1, 0), end)},
		{"value end", "read of bytes 0..7 of value 1 of map small, values have 4 bytes", object.XDP, seq(lookup, ldx(bpf.SizeDW, 0, 0, 0), end)},
		{"next value", "read of bytes 4..7 of value 1 of map small", object.XDP, seq(lookup, ldx(bpf.SizeW, 0, 0, 4), end)},
		{"read-only map", "write to map ro, which is read-only for programs", object.XDP, seq(wide(1, bpf.PseudoMapValue, 1, 0), st(bpf.SizeB, 1, 0, 1), end)},
		{"no direct value", "map small, which is no array of one entry", object.XDP, seq(wide(1, bpf.PseudoMapValue, 0, 0), end)},
		{"ctx width", "read of ctx bytes 0..7", object.XDP, seq(ldx(bpf.SizeDW, 0, 1, 0), end)},
		{"ctx end", "read of ctx bytes 24..27", object.XDP, seq(ldx(bpf.SizeW, 0, 1, 24), end)},
		{"ctx write", "an XDP program may write only rx_queue_index", object.XDP, seq(st(bpf.SizeW, 1, 0, 0), end)},
		{"skb socket field", "which a tc program may not read so", object.TC, seq(ldx(bpf.SizeW, 0, 1, 92), end)},
		{"skb write", "which a tc program may not write", object.TC, seq(st(bpf.SizeW, 1, 0, 0), end)},
		{"frame pointer", "writes r10, the frame pointer", object.XDP, seq(mov(10, 0), end)},
		{"clobbered argument", "which is no address of this program", object.XDP, seq(call(5), ldx(bpf.SizeW, 0, 1, 0), end)},
		{"falls off", "instruction 1: runs out of the program, which has 1 slots", object.XDP, mov(0, 1)},
		{"jump out", "jumps to slot 100, which is no instruction", object.XDP, seq(jmp(bpf.JA, 0, 0, 99), end)},
		{"jump into a pair", "jumps to slot 2, which is no instruction", object.XDP, seq(jmp(bpf.JA, 0, 0, 1), wide(1, 0, 0, 0), end)},
		{"for ever", "runs for more than 1000 instructions", object.XDP, jmp(bpf.JA, 0, 0, -1)},
		{"recursion", "calls more than 8 functions deep", object.XDP, seq(code{{Op: bpf.ClassJMP | bpf.CALL, Src: bpf.PseudoCall, Imm: -1}}, end)},
		{"unknown helper", "not supported: helper 9999", object.XDP, seq(call(9999), end)},
		{"other type's helper", "helper bpf_skb_load_bytes is not for xdp programs", object.XDP, seq(call(26), end)},
		{"no map", "is no map", object.XDP, seq(mov(1, 1), call(1), end)},
		{"key outside", "helper argument: read of stack bytes -2..1 of frame 0", object.XDP, seq(mapfd(1, 0), movr(2, 10), op64(bpf.ADD, 2, -2), call(1), end)},
		{"unknown opcode", "is no instruction: ff", object.XDP, seq(code{{Op: 0xff}}, end)},
		{"bad division", "is no instruction", object.XDP, seq(code{{Op: bpf.ClassALU64 | bpf.DIV, Imm: 1, Off: 2}}, end)},
		{"bad atomic", "is no atomic operation: 0xe0", object.XDP, seq(code{{Op: bpf.ClassSTX | bpf.ModeATOMIC | bpf.SizeDW, Dst: 10, Off: -8, Imm: 0xe0}}, end)},
		{"kept record", "neither submitted nor discarded", object.XDP, seq(mapfd(1, 2), mov(2, 8), mov(3, 0), call(131), end)},
		{"record used after submit", "write of ring buffer record bytes", object.XDP, seq(mapfd(1, 2), mov(2, 8), mov(3, 0), call(131), movr(6, 0), movr(1, 0), mov(2, 0), call(132), st(bpf.SizeB, 6, 0, 1), end)},
		{"kernel function", "not supported: call of kernel function", object.XDP, seq(code{{Op: bpf.ClassJMP | bpf.CALL, Src: bpf.PseudoKfunc, Imm: 5}}, end)},
		{"call through register", "not supported: call through a register", object.XDP, seq(code{{Op: bpf.ClassJMP | bpf.CALL | bpf.X, Dst: 1}}, end)},
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
		{"type", "map m: not supported: map type 29", object.Map{Type: 29, KeySize: 4, ValueSize: 4, MaxEntries: 1}},
		{"array key", "arrays have keys of 4 bytes, not 8", object.Map{Type: 2, KeySize: 8, ValueSize: 4, MaxEntries: 1}},
		{"empty", "has values of 0 bytes and 1 entries", object.Map{Type: 1, KeySize: 4, MaxEntries: 1}},
		{"huge", "because that is more than", object.Map{Type: 2, KeySize: 4, ValueSize: 4096, MaxEntries: 1 << 31}},
		{"initial", "takes keys of 4 and values of 4 bytes, not 1 and 0", object.Map{Type: 2, KeySize: 4, ValueSize: 4, MaxEntries: 1, Initial: []object.Entry{{Key: []byte{1}}}}},
		{"program", `names program "x", which is not given`, object.Map{Type: 3, KeySize: 4, ValueSize: 4, MaxEntries: 1, Programs: map[uint32]string{0: "x"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.m.Name = "m"
			_, err := ebpf.New(newProgram(object.XDP, exit(), &c.m), ebpf.Options{})
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err := ebpf.New(newProgram(object.XDP, nil), ebpf.Options{})
	require.ErrorContains(t, err, "has no instructions")
	vm, err := ebpf.New(newProgram(object.UnknownType, exit()), ebpf.Options{})
	require.NoError(t, err)
	_, err = vm.Run(ebpf.Input{})
	require.ErrorContains(t, err, "type is unknown")
}

// TestRaw: the interface of conformance suites.
func TestRaw(t *testing.T) {
	body := seq(ldx(bpf.SizeB, 0, 1, 0), op64r(bpf.ADD, 0, 2), st(bpf.SizeB, 1, 1, 9), mov(1, 3), call(77), exit())
	helper := func(_ *ebpf.VM, a [5]uint64) (uint64, error) { return a[0] * 2, nil }
	vm, err := ebpf.New(newProgram(object.UnknownType, body), ebpf.Options{Raw: true, Helpers: map[int32]func(*ebpf.VM, [5]uint64) (uint64, error){77: helper}})
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
			{Name: "a", Type: 2, KeySize: 4, ValueSize: 16, MaxEntries: 4},
			{Name: "b", Type: 1, KeySize: 4, ValueSize: 8, MaxEntries: 4},
			{Name: "c", Type: 2, KeySize: 4, ValueSize: 64, MaxEntries: 1},
			{Name: "d", Type: 27, MaxEntries: 4096},
			{Name: "e", Type: 11, KeySize: 8, ValueSize: 4, MaxEntries: 4},
			{Name: "f", Type: 22, ValueSize: 4, MaxEntries: 4},
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
