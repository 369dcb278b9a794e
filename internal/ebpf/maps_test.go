package ebpf_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// mapOps is a program that is driven by its packet: byte 16 says what to do
// (lookup, update, delete, add to the value), byte 17 is the update's flags,
// 20.. the key, 32.. the value. The result goes to 40, the value found to 48.
func mapOps() code {
	args := seq(bpf.LoadMap(1, 0), bpf.Mov.Reg(2, 10), bpf.Add.Imm(2, -16))
	lookup := func(then code) code {
		return seq(args, bpf.CallHelper(bpf.HelperMapLookupElem), bpf.Mov.Imm(7, 0), bpf.JEq.Imm(0, 0, int16(len(then))), then)
	}
	read := seq(bpf.Mov.Imm(7, 1), bpf.Load(bpf.SizeDW, 8, 0, 0), bpf.Store(bpf.SizeDW, 6, 48, 8))
	add := seq(bpf.Mov.Imm(7, 1), bpf.Load(bpf.SizeDW, 8, 0, 0), bpf.Add.Imm(8, 5), bpf.Store(bpf.SizeDW, 0, 0, 8))
	update := seq(args, bpf.Mov.Reg(3, 10), bpf.Add.Imm(3, -8), bpf.Load(bpf.SizeB, 4, 6, 17), bpf.CallHelper(bpf.HelperMapUpdateElem), bpf.Mov.Reg(7, 0))
	remove := seq(args, bpf.CallHelper(bpf.HelperMapDeleteElem), bpf.Mov.Reg(7, 0))
	// A pointer from before an update still reads the old value.
	stale := seq(args, bpf.CallHelper(bpf.HelperMapLookupElem), bpf.JNe.Imm(0, 0, 2), bpf.Mov.Imm(0, 2), bpf.Return(), bpf.Mov.Reg(8, 0), update, bpf.Load(bpf.SizeDW, 8, 8, 0), bpf.Store(bpf.SizeDW, 6, 48, 8))
	var body code
	for i, b := range []code{lookup(read), update, remove, lookup(add), stale} {
		done := seq(bpf.Store(bpf.SizeDW, 6, 40, 7), bpf.Mov.Imm(0, 1), bpf.Return())
		body = append(body, seq(bpf.JNe.Imm(2, int32(i), int16(len(b)+len(done))), b, done)...)
	}
	return withPacket(object.XDP, seq(
		bpf.Load(bpf.SizeDW, 2, 6, 20), bpf.Store(bpf.SizeDW, 10, -16, 2), bpf.Load(bpf.SizeDW, 2, 6, 32), bpf.Store(bpf.SizeDW, 10, -8, 2),
		bpf.Load(bpf.SizeB, 2, 6, 16), body))
}

func request(op, flags byte, key uint32, tail byte, value uint64) []byte {
	b := frame(room)
	b[16], b[17] = op, flags
	binary.LittleEndian.PutUint32(b[20:], key)
	b[24], b[25], b[26], b[27] = tail, 0, 0, 0
	binary.LittleEndian.PutUint64(b[32:], value)
	clear(b[40:56])
	return b
}

// TestMapsLikeKernel drives each kind of map with a few thousand random
// operations on few keys: results and contents must be the kernel's.
func TestMapsLikeKernel(t *testing.T) {
	for _, c := range []struct {
		name    string
		typ     bpf.MapType
		flags   uint32
		keySize uint32
		ops     int
	}{
		{"array", bpf.MapTypeArray, 0, 4, 5},
		{"percpu_array", bpf.MapTypePerCPUArray, 0, 4, 5},
		{"hash", bpf.MapTypeHash, 0, 4, 4},
		{"hash no_prealloc", bpf.MapTypeHash, bpf.FNoPrealloc, 4, 4},
		{"hash 8", bpf.MapTypeHash, 0, 8, 4},
		{"percpu_hash", bpf.MapTypePerCPUHash, 0, 4, 5},
		{"lru_hash", bpf.MapTypeLRUHash, 0, 4, 4},
		{"lru_percpu_hash", bpf.MapTypeLRUPerCPUHash, 0, 4, 4},
		{"lpm", bpf.MapTypeLPMTrie, bpf.FNoPrealloc, 8, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := &object.Map{Name: "m", Type: c.typ, KeySize: c.keySize, ValueSize: 8, MaxEntries: 8, Flags: c.flags}
			keys := 10
			if c.typ == bpf.MapTypeLRUHash || c.typ == bpf.MapTypeLRUPerCPUHash {
				// The kernel evicts before it must; stay far from that.
				m.MaxEntries, keys = 4096, 50
			}
			p := newPair(t, newProgram(object.XDP, mapOps(), m))
			r := rand.New(rand.NewPCG(1, uint64(c.typ)))
			for range 3000 {
				key, tail := uint32(r.IntN(keys)), byte(0)
				if c.typ == bpf.MapTypeLPMTrie {
					key, tail = uint32(r.IntN(34)), byte(r.IntN(4)<<6)
				}
				flags := []byte{0, 0, 0, 1, 2, 3, 4, 8}[r.IntN(8)]
				p.same(t, request(byte(r.IntN(c.ops)), flags, key, tail, uint64(r.IntN(100))))
			}
		})
	}
}

// TestFifos drives queues and stacks; the kernel's cannot be read from
// outside, so the program tells.
func TestFifosLikeKernel(t *testing.T) {
	value := seq(bpf.Mov.Reg(2, 10), bpf.Add.Imm(2, -8))
	body := seq(bpf.Load(bpf.SizeDW, 2, 6, 32), bpf.Store(bpf.SizeDW, 10, -8, 2), bpf.Load(bpf.SizeB, 7, 6, 16))
	for i, b := range []code{
		seq(bpf.LoadMap(1, 0), value, bpf.Load(bpf.SizeB, 3, 6, 17), bpf.CallHelper(bpf.HelperMapPushElem)),
		seq(bpf.LoadMap(1, 0), value, bpf.CallHelper(bpf.HelperMapPopElem)),
		seq(bpf.LoadMap(1, 0), value, bpf.CallHelper(bpf.HelperMapPeekElem)),
	} {
		done := seq(store(40), bpf.Load(bpf.SizeDW, 2, 10, -8), bpf.Store(bpf.SizeDW, 6, 48, 2), bpf.Mov.Imm(0, 1), bpf.Return())
		body = append(body, seq(bpf.JNe.Imm(7, int32(i), int16(len(b)+len(done))), b, done)...)
	}
	for _, typ := range []bpf.MapType{bpf.MapTypeQueue, bpf.MapTypeStack} {
		t.Run(fmt.Sprint(typ), func(t *testing.T) {
			m := &object.Map{Name: "m", Type: typ, ValueSize: 8, MaxEntries: 4}
			p := newPair(t, newProgram(object.XDP, withPacket(object.XDP, body), m))
			r := rand.New(rand.NewPCG(1, uint64(typ)))
			for range 2000 {
				p.same(t, request(byte(r.IntN(3)), []byte{0, 0, 0, 2, 1}[r.IntN(5)], 0, 0, r.Uint64()))
			}
		})
	}
}

// TestRedirectMap: an empty device map gives the verdict in the flags.
func TestRedirectMap(t *testing.T) {
	m := &object.Map{Name: "ports", Type: bpf.MapTypeDevMap, KeySize: 4, ValueSize: 4, MaxEntries: 4}
	body := seq(bpf.LoadMap(1, 0), bpf.Mov.Imm(2, 1), bpf.Mov.Imm(3, 2), bpf.CallHelper(bpf.HelperRedirectMap), bpf.Return())
	p := newPair(t, newProgram(object.XDP, body, m))
	require.Equal(t, uint64(2), p.same(t, frame(room)).R0)
	require.NoError(t, p.vm.Map("ports").Update([]byte{1, 0, 0, 0}, []byte{5, 0, 0, 0}))
	res, err := p.vm.Run(ebpf.Input{Packet: frame(room)})
	require.NoError(t, err)
	require.Equal(t, uint64(4), res.R0)
	require.Equal(t, ebpf.Redirect{Set: true, Ifindex: 5, Type: bpf.MapTypeDevMap, Map: "ports", Key: 1, Flags: 2}, res.Redirect)
}

// TestTailCallLimit: a program that calls itself ends after 33 calls; those that
// lead nowhere do not count. The kernel's compilers make other code for constant
// indexes.
func TestTailCallLimit(t *testing.T) {
	call := func(index bpf.Insn) code {
		return seq(bpf.Mov.Reg(1, 6), bpf.LoadMap(2, 0), index, bpf.CallHelper(bpf.HelperTailCall))
	}
	for name, before := range map[string]code{
		"alone":                     nil,
		"behind an empty slot":      call(bpf.Mov.Imm(3, 1)),
		"behind an index too large": call(bpf.Mov.Imm(3, 2)),
		"behind a variable slot":    call(bpf.Mov.Reg(3, 7)),
	} {
		t.Run(name, func(t *testing.T) {
			jumps := &object.Map{Name: "jumps", Type: bpf.MapTypeProgArray, KeySize: 4, ValueSize: 4, MaxEntries: 2, Programs: map[uint32]string{0: "test"}}
			count := &object.Map{Name: "count", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}
			body := seq(
				bpf.Mov.Reg(6, 1), bpf.StoreImm(bpf.SizeW, 10, -4, 0), bpf.LoadMap(1, 1), bpf.Mov.Reg(2, 10), bpf.Add.Imm(2, -4), bpf.CallHelper(bpf.HelperMapLookupElem),
				bpf.JEq.Imm(0, 0, 3), bpf.Load(bpf.SizeDW, 1, 0, 0), bpf.Add.Imm(1, 1), bpf.Store(bpf.SizeDW, 0, 0, 1),
				bpf.Load(bpf.SizeW, 7, 6, bpf.XDPMdRxQueueIndex), bpf.Add.Imm(7, 1),
				before, call(bpf.Mov.Imm(3, 0)), bpf.Mov.Imm(0, 2), bpf.Return(),
			)
			p := newPair(t, newProgram(object.XDP, body, jumps, count))
			p.same(t, frame(room))
			require.Equal(t, uint64(34), binary.LittleEndian.Uint64(p.vm.Map("count").Lookup(make([]byte, 4))))
		})
	}
}

// TestMapsOfMaps runs the objects with nested maps.
func TestMapsOfMaps(t *testing.T) {
	o, err := object.Load(samples+"/odd/nested.o", object.Options{})
	require.NoError(t, err)
	vm, err := ebpf.New(o.Programs[0], ebpf.Options{})
	require.NoError(t, err)
	for queue := range uint32(3) {
		res, err := vm.Run(ebpf.Input{Packet: frame(room), RxQueue: queue})
		require.NoError(t, err)
		require.Equal(t, map[bool]uint64{true: 2, false: 1}[queue < 2], res.R0)
	}
	for _, name := range []string{"left", "right"} {
		require.Equal(t, []byte{1, 0, 0, 0, 0, 0, 0, 0}, vm.Map(name).Lookup(make([]byte, 4)))
	}
}
