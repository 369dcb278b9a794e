package translate_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// ringShapes are the queues and stacks of the tests.
var ringShapes = []struct{ value, entries uint32 }{{8, 4}, {1, 1}, {6, 3}, {32, 2}, {13, 40}}

// ringProgram makes a program that copies n bytes of the packet to the stack,
// calls a helper on map 0 with the value there and the flags in the packet's
// first 8 bytes, and writes the result and the value back.
func ringProgram(m *object.Map, helper bpf.HelperID) *object.Program {
	n := int(m.ValueSize)
	insns := []bpf.Insn{
		bpf.Load(bpf.SizeW, 6, 1, bpf.XDPMdData), bpf.Load(bpf.SizeW, 2, 1, bpf.XDPMdDataEnd), bpf.Mov.Imm(0, 1),
		bpf.Mov.Reg(3, 6), bpf.Add.Imm(3, int32(16+n)), bpf.JLe.Reg(3, 2, 1), bpf.Return(),
	}
	add := func(in ...bpf.Insn) { insns = append(insns, in...) }
	base := -int16((n + 7) &^ 7)
	for k := range n {
		add(bpf.Load(bpf.SizeB, 2, 6, int16(16+k)), bpf.Store(bpf.SizeB, 10, base+int16(k), 2))
	}
	add(bpf.LoadMap(1, 0)...)
	add(bpf.Mov.Reg(2, 10), bpf.Add.Imm(2, int32(base)))
	if helper == bpf.HelperMapPushElem {
		add(bpf.Load(bpf.SizeDW, 3, 6, 0))
	}
	add(bpf.CallHelper(helper), bpf.Store(bpf.SizeDW, 6, 8, 0))
	for k := range n {
		add(bpf.Load(bpf.SizeB, 2, 10, base+int16(k)), bpf.Store(bpf.SizeB, 6, int16(16+k), 2))
	}
	add(bpf.Mov.Imm(0, 2), bpf.Return())
	return &object.Program{
		Object: "ring.o", Name: helper.String(), Section: "xdp", Type: object.XDP, License: "GPL",
		Insns: insns, Funcs: []object.Func{{Name: helper.String()}}, Maps: []*object.Map{m},
	}
}

// ringMachine compiles the program and puts it into a machine.
func ringMachine(t *testing.T, p *object.Program, passes map[string]bool) *sim.Machine {
	v, err := verify.Verify(p, verify.Options{})
	require.NoError(t, err)
	img, err := translate.Compile(v, translate.Options{CheckAllocation: true, Passes: passes})
	require.NoError(t, err)
	m, err := sim.New(img, sim.DefaultSpec())
	require.NoError(t, err)
	return m
}

// TestRingBesideInterpreter lets programs put values in, take them out and look
// at them, in any order, with each pass left out in turn, and holds results and
// values against the interpreter's, which is held against the kernel elsewhere.
func TestRingBesideInterpreter(t *testing.T) {
	for _, typ := range []bpf.MapType{bpf.MapTypeQueue, bpf.MapTypeStack} {
		for _, s := range ringShapes {
			t.Run(fmt.Sprintf("%v/%d bytes", typ, s.value), func(t *testing.T) {
				p := anyRingProgram(&object.Map{Name: "m", Type: typ, ValueSize: s.value, MaxEntries: s.entries})
				vm, err := ebpf.New(p, ebpf.Options{})
				require.NoError(t, err)
				machines := []*sim.Machine{ringMachine(t, p, nil)}
				for _, pass := range translate.Passes() {
					if !pass.Required {
						machines = append(machines, ringMachine(t, p, map[string]bool{pass.Name: false}))
					}
				}
				rng := rand.New(rand.NewPCG(uint64(s.value), uint64(typ)))
				full, empty := 0, 0
				for range 1000 {
					packet := make([]byte, 16+s.value)
					for k := range packet {
						packet[k] = byte(rng.Uint32())
					}
					clear(packet[:8])
					packet[0] = byte([]int{0, 0, 0, 2, 2, 1, 3, 4}[rng.IntN(8)])
					packet[8] = byte([]int{0, 0, 0, 0, 1, 1, 2}[rng.IntN(7)])
					want, err := vm.Run(ebpf.Input{Packet: packet})
					require.NoError(t, err)
					switch int8(want.Packet[8]) {
					case -int8(bpf.E2BIG):
						full++
					case -int8(bpf.ENOENT):
						empty++
					}
					for _, m := range machines {
						res := m.Run(sim.Input{Packet: packet})
						require.Nil(t, res.Fault)
						require.Equal(t, want.Packet, res.Packet)
					}
				}
				require.Positive(t, empty)
				if s.entries < 10 {
					require.Greater(t, full, 10)
				}
			})
		}
	}
}

// anyRingProgram makes a program that chooses the helper by byte 8 of the packet.
func anyRingProgram(m *object.Map) *object.Program {
	var parts []*object.Program
	for _, h := range []bpf.HelperID{bpf.HelperMapPushElem, bpf.HelperMapPopElem, bpf.HelperMapPeekElem} {
		parts = append(parts, ringProgram(m, h))
	}
	n := int32(16 + m.ValueSize)
	insns := []bpf.Insn{
		bpf.Load(bpf.SizeW, 6, 1, bpf.XDPMdData), bpf.Load(bpf.SizeW, 2, 1, bpf.XDPMdDataEnd), bpf.Mov.Imm(0, 1),
		bpf.Mov.Reg(3, 6), bpf.Add.Imm(3, n), bpf.JLe.Reg(3, 2, 1), bpf.Return(), bpf.Load(bpf.SizeB, 7, 6, 8),
	}
	for k, p := range parts {
		insns = append(insns, bpf.JNe.Imm(7, int32(k), int16(len(p.Insns))))
		insns = append(insns, p.Insns...)
	}
	p := parts[0]
	p.Insns = append(insns, bpf.Mov.Imm(0, 2), bpf.Return())
	return p
}

// TestPush puts values into queues and stacks from the program's side and holds
// every answer, and what the host then sees, against a slice.
func TestPush(t *testing.T) {
	for _, typ := range []bpf.MapType{bpf.MapTypeQueue, bpf.MapTypeStack} {
		for _, s := range ringShapes {
			t.Run(fmt.Sprintf("%v/%d bytes", typ, s.value), func(t *testing.T) {
				m := ringMachine(t, ringProgram(&object.Map{Name: "m", Type: typ, ValueSize: s.value, MaxEntries: s.entries}, bpf.HelperMapPushElem), nil)
				host, ok := m.Map("m")
				require.True(t, ok)
				var model []image.Entry // oldest first
				rng := rand.New(rand.NewPCG(uint64(s.value), uint64(typ)))
				for range 600 {
					if rng.IntN(3) == 0 && len(model) > 0 { // the host takes one out
						at := 0
						if typ == bpf.MapTypeStack {
							at = len(model) - 1
						}
						v, err := host.Pop(nil)
						require.NoError(t, err)
						require.Equal(t, model[at].Value, v)
						model = append(model[:at:at], model[at+1:]...)
						continue
					}
					packet := make([]byte, 16+s.value)
					for k := range packet[16:] {
						packet[16+k] = byte(rng.Uint32())
					}
					packet[0] = byte([]int{0, 0, 0, 2, 2, 1, 3, 4}[rng.IntN(8)])
					if rng.IntN(40) == 0 {
						packet[5] = 1 // a flag above the low word
					}
					want := bpf.Errno(0)
					switch {
					case packet[0] != 0 && packet[0] != bpf.Exist || packet[5] != 0:
						want = bpf.EINVAL
					case len(model) == int(s.entries) && packet[0] == 0:
						want = bpf.E2BIG
					default:
						if len(model) == int(s.entries) {
							model = model[1:]
						}
						model = append(model, image.Entry{Value: append([]byte(nil), packet[16:]...)})
					}
					res := m.Run(sim.Input{Packet: packet})
					require.Nil(t, res.Fault)
					got := int64(0)
					for k := range 8 {
						got |= int64(res.Packet[8+k]) << (8 * k)
					}
					require.Equal(t, -int64(want), got, "flags %d", packet[0])
					entries := host.Entries()
					if typ == bpf.MapTypeStack {
						for i, j := 0, len(entries)-1; i < j; i, j = i+1, j-1 {
							entries[i], entries[j] = entries[j], entries[i]
						}
					}
					require.Len(t, entries, len(model))
					for k := range entries {
						require.Equal(t, model[k].Value, entries[k].Value)
					}
				}
			})
		}
	}
}

// TestRingContexts lets the four contexts of a core put values into a queue and
// take them out at once: nothing is lost, and nothing comes twice.
func TestRingContexts(t *testing.T) {
	for _, typ := range []bpf.MapType{bpf.MapTypeQueue, bpf.MapTypeStack} {
		t.Run(typ.String(), func(t *testing.T) {
			m := ringMachine(t, anyRingProgram(&object.Map{Name: "m", Type: typ, ValueSize: 4, MaxEntries: 3}), nil)
			host, _ := m.Map("m")
			rng := rand.New(rand.NewPCG(3, uint64(typ)))
			in, full := map[uint32]bool{}, 0
			out := map[uint32]bool{}
			n := uint32(0)
			m.Batch(func(i *sim.Input) bool {
				n++
				i.Packet = make([]byte, 20)
				i.Packet[8] = byte(rng.IntN(2))
				binary.LittleEndian.PutUint32(i.Packet[16:], n)
				return n < 4000
			}, func(r *sim.Result) {
				require.Nil(t, r.Fault)
				value := binary.LittleEndian.Uint32(r.Packet[16:])
				code := int64(binary.LittleEndian.Uint64(r.Packet[8:]))
				switch {
				case code == -int64(bpf.E2BIG):
					full++
				case code == -int64(bpf.ENOENT):
					require.Zero(t, value)
				case value > n:
					t.Fatalf("value %d was never put in", value)
				default:
					require.Zero(t, code)
					if in[value] { // it was put in before, so it came out now
						require.False(t, out[value], "value %d came twice", value)
						out[value] = true
						return
					}
					in[value] = true
				}
			})
			require.Greater(t, full, 100)
			require.Greater(t, len(out), 100)
			left := host.Entries()
			require.Len(t, left, len(in)-len(out))
			for _, e := range left {
				v := binary.LittleEndian.Uint32(e.Value)
				require.True(t, in[v] && !out[v])
			}
			require.Zero(t, binary.LittleEndian.Uint32(host.Region().Data), "the lock is free")
		})
	}
}
