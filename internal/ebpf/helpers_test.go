package ebpf_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// store writes a helper's result to the packet.
func store(off int16) bpf.Insn { return bpf.Store(bpf.SizeDW, 6, off, 0) }

// onCtx calls a helper with the context and four constants, and leaves with
// its result cut to 8 bits.
func onCtx(helper bpf.HelperID, args ...int32) code {
	body := code{bpf.Mov.Reg(1, 9)}
	for i, a := range args {
		body = append(body, bpf.Mov.Imm(uint8(i+2), a))
	}
	return seq(body, bpf.CallHelper(helper), bpf.And.Imm(0, 0xff), bpf.Return())
}

func TestHelpersLikeKernel(t *testing.T) {
	packets := [][]byte{frame(64, 1, 2, 3), frame(65), frame(200), frame(1500), frame(3000)}
	var cases []helperCase
	for _, delta := range []int32{0, 1, -1, 4, -20, 46, 50, 51, 52, -215, -216, -217, -256, 1000, -1000, math.MaxInt32, math.MinInt32} {
		cases = append(cases,
			helperCase{"adjust_head", object.XDP, onCtx(bpf.HelperXDPAdjustHead, delta)},
			helperCase{"adjust_tail", object.XDP, onCtx(bpf.HelperXDPAdjustTail, delta)},
			helperCase{"adjust_meta", object.XDP, onCtx(bpf.HelperXDPAdjustMeta, delta)},
			helperCase{"head twice", object.XDP, seq(bpf.Mov.Reg(1, 9), bpf.Mov.Imm(2, -40), bpf.CallHelper(bpf.HelperXDPAdjustHead), onCtx(bpf.HelperXDPAdjustHead, delta))},
			helperCase{"meta then head", object.XDP, seq(bpf.Mov.Reg(1, 9), bpf.Mov.Imm(2, -8), bpf.CallHelper(bpf.HelperXDPAdjustMeta), onCtx(bpf.HelperXDPAdjustHead, delta))},
			helperCase{"head then tail", object.XDP, seq(bpf.Mov.Reg(1, 9), bpf.Mov.Imm(2, 14), bpf.CallHelper(bpf.HelperXDPAdjustHead), onCtx(bpf.HelperXDPAdjustTail, delta))},
		)
	}
	for _, off := range []int32{0, 1, 60, 63, 64, 190, 65535, 65536, -1} {
		for _, n := range []int32{1, 2, 8, 32} {
			read := func(helper bpf.HelperID) code {
				return seq(
					bpf.StoreImm(bpf.SizeDW, 10, -32, 0x55), bpf.StoreImm(bpf.SizeDW, 10, -24, 0x55), bpf.StoreImm(bpf.SizeDW, 10, -16, 0x55), bpf.StoreImm(bpf.SizeDW, 10, -8, 0x55),
					bpf.Mov.Reg(1, 9), bpf.Mov.Imm(2, off), bpf.Mov.Reg(3, 10), bpf.Add.Imm(3, -32), bpf.Mov.Imm(4, n), bpf.CallHelper(helper),
					store(16), bpf.Load(bpf.SizeDW, 0, 10, -32), store(24), bpf.Load(bpf.SizeDW, 0, 10, -8), store(32))
			}
			write := func(helper bpf.HelperID, flags int32) code {
				return seq(
					bpf.StoreImm(bpf.SizeDW, 10, -32, 0x1234567), bpf.StoreImm(bpf.SizeDW, 10, -24, -2), bpf.StoreImm(bpf.SizeDW, 10, -16, 3), bpf.StoreImm(bpf.SizeDW, 10, -8, 4),
					bpf.Mov.Reg(1, 9), bpf.Mov.Imm(2, off), bpf.Mov.Reg(3, 10), bpf.Add.Imm(3, -32), bpf.Mov.Imm(4, n), bpf.Mov.Imm(5, flags), bpf.CallHelper(helper),
					bpf.And.Imm(0, 0xff), bpf.Return())
			}
			cases = append(cases,
				helperCase{"xdp_load_bytes", object.XDP, read(bpf.HelperXDPLoadBytes)}, helperCase{"xdp_store_bytes", object.XDP, write(bpf.HelperXDPStoreBytes, 0)},
				helperCase{"skb_load_bytes", object.TC, read(bpf.HelperSkbLoadBytes)}, helperCase{"skb_store_bytes", object.TC, write(bpf.HelperSkbStoreBytes, 0)},
				helperCase{"skb_store_bytes flags", object.TC, write(bpf.HelperSkbStoreBytes, off&7)},
			)
		}
	}
	for _, off := range []int32{0, 63, 64, 5000} {
		for _, flags := range []int32{0, 1, 2, 3, 4} {
			cases = append(cases, helperCase{"skb_store_bytes after set_hash", object.TC, seq(
				bpf.StoreImm(bpf.SizeW, 10, -8, 5), bpf.Mov.Reg(1, 9), bpf.Mov.Imm(2, 77), bpf.CallHelper(bpf.HelperSetHash),
				bpf.Mov.Reg(1, 9), bpf.Mov.Imm(2, off), bpf.Mov.Reg(3, 10), bpf.Add.Imm(3, -8), bpf.Mov.Imm(4, 1), bpf.Mov.Imm(5, flags), bpf.CallHelper(bpf.HelperSkbStoreBytes),
				bpf.Load(bpf.SizeW, 0, 9, bpf.SkBuffHash), bpf.Return())})
		}
	}
	for _, n := range []int32{0, 13, 14, 40, 64, 65, 300, 1500, 4000, 65536, -1} {
		for _, flags := range []int32{0, 1} {
			cases = append(cases,
				helperCase{"skb_change_tail", object.TC, onCtx(bpf.HelperSkbChangeTail, n, flags)},
				helperCase{"skb_change_head", object.TC, onCtx(bpf.HelperSkbChangeHead, n, flags)})
		}
		cases = append(cases, helperCase{"skb_pull_data", object.TC, onCtx(bpf.HelperSkbPullData, n)})
	}
	for _, off := range []int32{14, 15, 24, 62, 63, 65536} {
		for _, from := range []int32{0, 0x1234, -1} {
			for _, flags := range []int32{0, 2, 4, 3, 0x10, 0x12, 0x24, 0x34, 0x64, 0x200} {
				cases = append(cases,
					helperCase{"l3_csum_replace", object.TC, onCtx(bpf.HelperL3CsumReplace, off, from, 0x55aa, flags)},
					helperCase{"l4_csum_replace", object.TC, onCtx(bpf.HelperL4CsumReplace, off, from, 0x77553311, flags)})
			}
		}
	}
	for _, steps := range [][]int32{{0}, {1, 0}, {1, 1, 0}, {1, 1, 1, 1, 1, 0}, {1, 2, 0}, {1, 1, 2, 0}, {2, 0}, {1, 1, 3, 0}, {3, 1, 0}, {1, 4}, {-1}} {
		var body code
		for k, level := range steps {
			body = append(body, bpf.Mov.Reg(1, 9), bpf.Mov.Imm(2, level), bpf.CallHelper(bpf.HelperCsumLevel))
			if k < len(steps)-1 {
				body = append(body, bpf.Mov.Reg(7, 0))
			}
		}
		cases = append(cases, helperCase{"csum_level", object.TC, seq(body, bpf.And.Imm(0, 0xff), bpf.Return())})
	}
	cases = append(cases,
		helperCase{"csum_level of 64 bits", object.TC, seq(bpf.Mov.Reg(1, 9), bpf.LoadImm64(2, 1<<32|1), bpf.CallHelper(bpf.HelperCsumLevel), bpf.And.Imm(0, 0xff), bpf.Return())},
		helperCase{"xdp_get_buff_len", object.XDP, seq(bpf.Mov.Reg(1, 9), bpf.CallHelper(bpf.HelperXDPGetBuffLen), store(16))},
		helperCase{"set_hash_invalid", object.TC, seq(bpf.Mov.Reg(1, 9), bpf.CallHelper(bpf.HelperSetHashInvalid))},
		helperCase{"set_hash", object.TC, seq(bpf.Mov.Reg(1, 9), bpf.LoadImm64(2, 7<<32|0x89abcdef), bpf.CallHelper(bpf.HelperSetHash), bpf.Mov.Reg(7, 0), bpf.Load(bpf.SizeW, 0, 9, bpf.SkBuffHash), bpf.Add.Reg(0, 7), bpf.Return())},
		helperCase{"set_hash, set_hash_invalid", object.TC, seq(bpf.Mov.Reg(1, 9), bpf.Mov.Imm(2, 77), bpf.CallHelper(bpf.HelperSetHash), bpf.Mov.Reg(1, 9), bpf.CallHelper(bpf.HelperSetHashInvalid), bpf.Load(bpf.SizeW, 0, 9, bpf.SkBuffHash), bpf.Return())},
		helperCase{"csum_update", object.TC, onCtx(bpf.HelperCsumUpdate, 5)},
		helperCase{"csum_diff", object.XDP, csum(0, 32, 0)},
		helperCase{"csum_diff seed", object.XDP, csum(0, 28, -7)},
		helperCase{"csum_diff minus", object.XDP, csum(32, 0, 0x12345678)},
		helperCase{"csum_diff both", object.XDP, csum(16, 16, 99)},
		helperCase{"csum_diff sizes", object.XDP, csum(4, 32, -1)},
		helperCase{"csum_diff none", object.XDP, csum(0, 0, -1)},
		helperCase{"csum_diff odd", object.XDP, csum(0, 30, 0)},
		helperCase{"csum_diff odd both", object.XDP, csum(13, 7, 1)},
		helperCase{"csum_diff odd minus", object.XDP, csum(29, 0, -1)},
		helperCase{"l4_csum_replace two zeros", object.TC, seq(
			bpf.StoreImm(bpf.SizeH, 10, -8, -1), bpf.Mov.Reg(1, 9), bpf.Mov.Imm(2, 24), bpf.Mov.Reg(3, 10), bpf.Add.Imm(3, -8), bpf.Mov.Imm(4, 2), bpf.Mov.Imm(5, 0), bpf.CallHelper(bpf.HelperSkbStoreBytes),
			bpf.Mov.Reg(1, 9), bpf.Mov.Imm(2, 24), bpf.Mov.Imm(3, 0xffff), bpf.Mov.Imm(4, 0), bpf.Mov.Imm(5, 2), bpf.CallHelper(bpf.HelperL4CsumReplace), bpf.Return())},
		helperCase{"queue_mapping of 64 bits", object.TC, seq(
			bpf.LoadImm64(2, 1<<32|5), bpf.Store(bpf.SizeW, 9, 12, 2), bpf.Load(bpf.SizeW, 0, 9, 12), bpf.Return())},
		helperCase{"tc_classid of 16 bits", object.TC, seq(
			bpf.Mov.Imm(2, 0x12345), bpf.Store(bpf.SizeW, 9, 72, 2), bpf.Load(bpf.SizeW, 0, 9, 72), bpf.Return())},
		helperCase{"redirect", object.XDP, seq(bpf.Mov.Imm(1, 1), bpf.Mov.Imm(2, 0), bpf.CallHelper(bpf.HelperRedirect), bpf.Return())},
		helperCase{"redirect flags", object.XDP, seq(bpf.Mov.Imm(1, 1), bpf.Mov.Imm(2, 1), bpf.CallHelper(bpf.HelperRedirect), bpf.Return())},
		helperCase{"redirect_peer flags", object.TC, seq(bpf.Mov.Imm(1, 1), bpf.Mov.Imm(2, 2), bpf.CallHelper(bpf.HelperRedirectPeer), bpf.Return())},
		helperCase{"redirect_neigh flags", object.TC, seq(bpf.Mov.Imm(1, 1), bpf.Mov.Imm(2, 0), bpf.Mov.Imm(3, 0), bpf.Mov.Imm(4, 1), bpf.CallHelper(bpf.HelperRedirectNeigh), bpf.Return())},
		helperCase{"cgroup_classid", object.TC, seq(bpf.Mov.Reg(1, 9), bpf.CallHelper(bpf.HelperGetCgroupClassID), bpf.Return())},
		helperCase{"route_realm", object.TC, seq(bpf.Mov.Reg(1, 9), bpf.CallHelper(bpf.HelperGetRouteRealm), bpf.Return())},
		helperCase{"tc redirect flags", object.TC, seq(bpf.Mov.Imm(1, 1), bpf.Mov.Imm(2, 2), bpf.CallHelper(bpf.HelperRedirect), bpf.Return())},
	)
	for _, c := range cases {
		p := newPair(t, newProgram(c.typ, withPacket(c.typ, c.body)))
		for _, in := range packets {
			t.Run(c.name, func(t *testing.T) { p.same(t, in) })
		}
	}
}

// csum sums over bytes of the packet.
func csum(from, to, seed int32) code {
	return seq(bpf.Mov.Reg(1, 6), bpf.Mov.Imm(2, from), bpf.Mov.Reg(3, 6), bpf.Add.Imm(3, 32), bpf.Mov.Imm(4, to), bpf.Mov.Imm(5, seed), bpf.CallHelper(bpf.HelperCsumDiff), store(40))
}

type helperCase struct {
	name string
	typ  object.Type
	body code
}

// bpfLoop counts in the packet how often its callback ran; the callback ends
// the loop at the seventh run.
func bpfLoop(n int32) code {
	main := seq(
		bpf.StoreImm(bpf.SizeDW, 10, -8, 0),
		bpf.Mov.Imm(1, n),
		bpf.LoadFunc(2, 0),
		bpf.Mov.Reg(3, 10), bpf.Add.Imm(3, -8), bpf.Mov.Imm(4, 0), bpf.CallHelper(bpf.HelperLoop), store(16),
		bpf.Load(bpf.SizeDW, 0, 10, -8), store(24), bpf.Mov.Imm(0, 2), bpf.Return(),
	)
	// Behind main come the two slots of withPacket's own end.
	for i := range main {
		if main[i].Wide() {
			main[i].Imm = int32(len(main) - i - 1 + 2)
		}
	}
	return main
}

// loopProgram is bpfLoop with its callback behind it.
func loopProgram(n int32) *object.Program {
	body := withPacket(object.XDP, bpfLoop(n))
	start := len(body)
	body = append(body, seq(
		bpf.Load(bpf.SizeDW, 3, 2, 0), bpf.Add.Imm(3, 1), bpf.Store(bpf.SizeDW, 2, 0, 3),
		bpf.Mov.Imm(0, 0), bpf.JNe.Imm(1, 6, 1), bpf.Mov.Imm(0, 1), bpf.Return())...)
	p := newProgram(object.XDP, body)
	p.Funcs = append(p.Funcs, object.Func{Name: "step", Start: start})
	return p
}

// TestLoop asks the VM alone: the kernel takes function pointers only with BTF.
func TestLoop(t *testing.T) {
	for n, want := range map[int32]uint64{0: 0, 1: 1, 6: 6, 7: 7, 100: 7, 8 << 20: 7, 8<<20 + 1: math.MaxUint64 - 6} {
		vm, err := ebpf.New(loopProgram(n), ebpf.Options{})
		require.NoError(t, err)
		res, err := vm.Run(ebpf.Input{Packet: frame(room)})
		require.NoError(t, err)
		require.Equal(t, want, binary.LittleEndian.Uint64(res.Packet[16:]))
		if want < 8 {
			require.Equal(t, want, binary.LittleEndian.Uint64(res.Packet[24:]))
		}
	}
}

// TestVlanLikeKernel pushes and pops tags and looks at the context after each.
func TestVlanLikeKernel(t *testing.T) {
	look := func(at int16) code {
		var c code
		for i, f := range []int16{0, 16, 20, 24, 28} {
			c = append(c, seq(bpf.Load(bpf.SizeW, 2, 9, f), bpf.Store(bpf.SizeW, 10, at+int16(4*i), 2))...)
		}
		return c
	}
	push := func(proto, tci int32) code {
		return seq(bpf.Mov.Reg(1, 9), bpf.Mov.Imm(2, proto), bpf.Mov.Imm(3, tci), bpf.CallHelper(bpf.HelperSkbVlanPush))
	}
	pop := seq(bpf.Mov.Reg(1, 9), bpf.CallHelper(bpf.HelperSkbVlanPop))
	for _, c := range []struct {
		name string
		body code
	}{
		{"push", push(0x0081, 100)},
		{"push qinq", push(0xa888, 0xf123)},
		{"push other", push(0x1234, 5)},
		{"push twice", seq(push(0x0081, 100), push(0xa888, 200))},
		{"pop", pop},
		{"pop twice", seq(pop, pop)},
		{"pop thrice", seq(pop, pop, pop)},
		{"push pop", seq(push(0x0081, 100), pop)},
		{"push push pop", seq(push(0x0081, 100), push(0xa888, 200), pop)},
		{"push pop pop", seq(push(0x0081, 100), pop, pop)},
		{"change type", seq(bpf.Mov.Reg(1, 9), bpf.Mov.Imm(2, 2), bpf.CallHelper(bpf.HelperSkbChangeType))},
		{"change type bad", seq(bpf.Mov.Reg(1, 9), bpf.Mov.Imm(2, 4), bpf.CallHelper(bpf.HelperSkbChangeType))},
	} {
		// The result of the last helper and the fields go to the frame's bytes.
		body := seq(
			bpf.Mov.Reg(9, 1), c.body, bpf.Store(bpf.SizeDW, 10, -32, 0), look(-24),
			bpf.Mov.Reg(1, 9), bpf.Mov.Imm(2, 14), bpf.Mov.Reg(3, 10), bpf.Add.Imm(3, -32), bpf.Mov.Imm(4, 28), bpf.Mov.Imm(5, 0), bpf.CallHelper(bpf.HelperSkbStoreBytes), bpf.Mov.Imm(0, 0), bpf.Return())
		p := newPair(t, newProgram(object.TC, body))
		t.Run(c.name, func(t *testing.T) {
			for _, s := range []string{"vlan_filter.pcap", "count_by_proto.pcap"} {
				for _, in := range loadCaptures(t)[s] {
					if asks(object.TC, in.Data) {
						p.same(t, in.Data)
					}
				}
			}
		})
	}
}

// TestNumbersLikeKernel reads numbers from the packet.
func TestNumbersLikeKernel(t *testing.T) {
	texts := []string{
		"0", "12", "-12", " 7x", "0x1F", "0xg", "0x", "017", "09", "-", "", "  ", "9223372036854775807", "9223372036854775808",
		"-9223372036854775808", "-9223372036854775809", "18446744073709551615", "18446744073709551616", "ffff", "+5", "\t\n42",
	}
	for _, helper := range []bpf.HelperID{bpf.HelperStrtol, bpf.HelperStrtoul} {
		for _, base := range []int32{0, 8, 10, 16, 2, -1} {
			for _, n := range []int32{1, 4, 24} {
				var load code
				for i := int16(0); i < 24; i += 8 {
					load = append(load, seq(bpf.Load(bpf.SizeDW, 2, 6, 16+i), bpf.Store(bpf.SizeDW, 10, -32+i, 2))...)
				}
				p := newPair(t, newProgram(object.XDP, withPacket(object.XDP,
					load, bpf.StoreImm(bpf.SizeDW, 10, -8, 0), bpf.Mov.Reg(1, 10), bpf.Add.Imm(1, -32), bpf.Mov.Imm(2, n), bpf.Mov.Imm(3, base), bpf.Mov.Reg(4, 10), bpf.Add.Imm(4, -8),
					bpf.CallHelper(helper), store(40), bpf.Load(bpf.SizeDW, 2, 10, -8), bpf.Store(bpf.SizeDW, 6, 48, 2))))
				for _, text := range texts {
					in := frame(room)
					clear(in[16:])
					copy(in[16:], text)
					p.same(t, in)
				}
			}
		}
	}
}

func TestRingBuffer(t *testing.T) {
	ring := &object.Map{Name: "ring", Type: bpf.MapTypeRingbuf, MaxEntries: 4096}
	body := seq(
		bpf.LoadMap(1, 0), bpf.Mov.Imm(2, 16), bpf.Mov.Imm(3, 0), bpf.CallHelper(bpf.HelperRingbufReserve), bpf.JNe.Imm(0, 0, 2), bpf.Mov.Imm(0, 0), bpf.Return(),
		bpf.Mov.Reg(7, 0), bpf.StoreImm(bpf.SizeDW, 7, 0, 0x11), bpf.StoreImm(bpf.SizeDW, 7, 8, 0x22), bpf.Mov.Reg(1, 7), bpf.Mov.Imm(2, 0), bpf.CallHelper(bpf.HelperRingbufSubmit),
		bpf.StoreImm(bpf.SizeDW, 10, -8, 0x33), bpf.LoadMap(1, 0), bpf.Mov.Reg(2, 10), bpf.Add.Imm(2, -8), bpf.Mov.Imm(3, 8), bpf.Mov.Imm(4, 0), bpf.CallHelper(bpf.HelperRingbufOutput),
		bpf.Mov.Imm(0, 2), bpf.Return(),
	)
	p := newPair(t, newProgram(object.XDP, body, ring))
	res := p.same(t, frame(room))
	require.Equal(t, []ebpf.Event{
		{Map: "ring", Data: []byte{0x11, 0, 0, 0, 0, 0, 0, 0, 0x22, 0, 0, 0, 0, 0, 0, 0}},
		{Map: "ring", Data: []byte{0x33, 0, 0, 0, 0, 0, 0, 0}},
	}, res.Events)
}

func TestPerfEvent(t *testing.T) {
	events := &object.Map{Name: "events", Type: bpf.MapTypePerfEventArray, KeySize: 4, ValueSize: 4}
	body := seq(
		bpf.StoreImm(bpf.SizeDW, 10, -8, 7), bpf.Mov.Reg(1, 1), bpf.LoadMap(2, 0), bpf.LoadImm64(3, 20<<32|bpf.FCurrentCPU), bpf.Mov.Reg(4, 10), bpf.Add.Imm(4, -8), bpf.Mov.Imm(5, 8), bpf.CallHelper(bpf.HelperPerfEventOutput),
		bpf.Mov.Imm(0, 2), bpf.Return(),
	)
	p := newPair(t, newProgram(object.XDP, body, events))
	in := frame(room)
	res := p.same(t, in)
	require.Equal(t, []ebpf.Event{{Map: "events", Data: []byte{7, 0, 0, 0, 0, 0, 0, 0}, Packet: in[:20]}}, res.Events)
}

// TestClockAndRandom: both come from the input.
func TestClockAndRandom(t *testing.T) {
	vm, err := ebpf.New(newProgram(object.XDP, seq(bpf.CallHelper(bpf.HelperKtimeGetNs), bpf.Mov.Reg(7, 0), bpf.CallHelper(bpf.HelperGetPrandomU32), bpf.Add.Reg(0, 7), bpf.Return())), ebpf.Options{})
	require.NoError(t, err)
	first, err := vm.Run(ebpf.Input{Packet: frame(room), Now: 1 << 40, Seed: 1})
	require.NoError(t, err)
	again, err := vm.Run(ebpf.Input{Packet: frame(room), Now: 1 << 40, Seed: 1})
	require.NoError(t, err)
	other, err := vm.Run(ebpf.Input{Packet: frame(room), Now: 1 << 40, Seed: 2})
	require.NoError(t, err)
	require.Equal(t, first.R0, again.R0)
	require.NotEqual(t, first.R0, other.R0)
	require.Equal(t, uint64(1<<40), first.R0&^math.MaxUint32)
}

// TestSkbContext: the fields that a tc program reads and writes.
func TestSkbContext(t *testing.T) {
	var body code
	fields := []int16{0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 64, 68, 72, 164, 176}
	for i, f := range fields {
		body = append(body, seq(bpf.Load(bpf.SizeW, 2, 9, f), bpf.Store(bpf.SizeW, 6, int16(4*i), 2))...)
	}
	body = append(body, seq(
		bpf.Load(bpf.SizeB, 2, 9, 1), bpf.Store(bpf.SizeB, 6, 80, 2), bpf.Load(bpf.SizeH, 2, 9, 16), bpf.Store(bpf.SizeH, 6, 82, 2),
		bpf.Mov.Imm(2, 0x12345678),
		bpf.Store(bpf.SizeW, 9, 8, 2), bpf.Store(bpf.SizeW, 9, 32, 2), bpf.Store(bpf.SizeW, 9, 44, 2), bpf.Store(bpf.SizeW, 9, 48, 2), bpf.Store(bpf.SizeW, 9, 64, 2), bpf.Store(bpf.SizeW, 9, 12, 2),
	)...)
	for i, f := range []int16{8, 32, 44, 48, 64, 12} {
		body = append(body, seq(bpf.Load(bpf.SizeW, 2, 9, f), bpf.Store(bpf.SizeW, 6, int16(84+4*i), 2))...)
	}
	wide := withPacket(object.TC, body)
	for i := range wide {
		if wide[i].Imm == room {
			wide[i].Imm = 120
			break
		}
	}
	p := newPair(t, newProgram(object.TC, wide))
	in := frame(150)
	for _, dst := range [][]byte{{0, 0, 0, 0, 0, 0}, {255, 255, 255, 255, 255, 255}, {1, 2, 3, 4, 5, 6}, {2, 2, 3, 4, 5, 6}} {
		for _, typ := range [][]byte{{0x08, 0x00}, {0x86, 0xdd}, {0x08, 0x06}, {0x81, 0x00}, {0x00, 0x40}, {0x05, 0xff}, {0x06, 0x00}, {0, 0}} {
			f := bytes.Clone(in)
			copy(f, dst)
			copy(f[12:], typ)
			p.same(t, f)
			copy(f[14:], []byte{0xff, 0xff})
			p.same(t, f)
		}
	}
	res, err := p.vm.Run(ebpf.Input{Packet: in})
	require.NoError(t, err)
	require.Equal(t, uint32(0x12345678), res.Skb.Mark)
	require.Equal(t, uint32(0x5678), res.Skb.TCIndex)
}
