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
func store(off int16) code { return stx(bpf.SizeDW, 6, off, 0) }

// onCtx calls a helper with the context and four constants, and leaves with
// its result cut to 8 bits.
func onCtx(helper int32, args ...int32) code {
	body := movr(1, 9)
	for i, a := range args {
		body = append(body, mov(uint8(i+2), a)...)
	}
	return seq(body, call(helper), op64(bpf.AND, 0, 0xff), exit())
}

func TestHelpersLikeKernel(t *testing.T) {
	packets := [][]byte{frame(64, 1, 2, 3), frame(65), frame(200), frame(1500), frame(3000)}
	var cases []helperCase
	for _, delta := range []int32{0, 1, -1, 4, -20, 46, 50, 51, 52, -215, -216, -217, -256, 1000, -1000, math.MaxInt32, math.MinInt32} {
		cases = append(cases,
			helperCase{"adjust_head", object.XDP, onCtx(44, delta)},
			helperCase{"adjust_tail", object.XDP, onCtx(65, delta)},
			helperCase{"adjust_meta", object.XDP, onCtx(54, delta)},
			helperCase{"head twice", object.XDP, seq(movr(1, 9), mov(2, -40), call(44), onCtx(44, delta))},
			helperCase{"meta then head", object.XDP, seq(movr(1, 9), mov(2, -8), call(54), onCtx(44, delta))},
			helperCase{"head then tail", object.XDP, seq(movr(1, 9), mov(2, 14), call(44), onCtx(65, delta))},
		)
	}
	for _, off := range []int32{0, 1, 60, 63, 64, 190, 65535, 65536, -1} {
		for _, n := range []int32{1, 2, 8, 32} {
			read := func(helper int32) code {
				return seq(
					st(bpf.SizeDW, 10, -32, 0x55), st(bpf.SizeDW, 10, -24, 0x55), st(bpf.SizeDW, 10, -16, 0x55), st(bpf.SizeDW, 10, -8, 0x55),
					movr(1, 9), mov(2, off), movr(3, 10), op64(bpf.ADD, 3, -32), mov(4, n), call(helper),
					store(16), ldx(bpf.SizeDW, 0, 10, -32), store(24), ldx(bpf.SizeDW, 0, 10, -8), store(32))
			}
			write := func(helper, flags int32) code {
				return seq(
					st(bpf.SizeDW, 10, -32, 0x1234567), st(bpf.SizeDW, 10, -24, -2), st(bpf.SizeDW, 10, -16, 3), st(bpf.SizeDW, 10, -8, 4),
					movr(1, 9), mov(2, off), movr(3, 10), op64(bpf.ADD, 3, -32), mov(4, n), mov(5, flags), call(helper),
					op64(bpf.AND, 0, 0xff), exit())
			}
			cases = append(cases,
				helperCase{"xdp_load_bytes", object.XDP, read(189)}, helperCase{"xdp_store_bytes", object.XDP, write(190, 0)},
				helperCase{"skb_load_bytes", object.TC, read(26)}, helperCase{"skb_store_bytes", object.TC, write(9, 0)},
				helperCase{"skb_store_bytes flags", object.TC, write(9, off&7)},
			)
		}
	}
	for _, n := range []int32{0, 13, 14, 40, 64, 65, 300, 1500, 4000, 65536, -1} {
		for _, flags := range []int32{0, 1} {
			cases = append(cases,
				helperCase{"skb_change_tail", object.TC, onCtx(38, n, flags)},
				helperCase{"skb_change_head", object.TC, onCtx(43, n, flags)})
		}
		cases = append(cases, helperCase{"skb_pull_data", object.TC, onCtx(39, n)})
	}
	for _, off := range []int32{14, 15, 24, 62, 63, 65536} {
		for _, from := range []int32{0, 0x1234, -1} {
			for _, flags := range []int32{0, 2, 4, 3, 0x10, 0x12, 0x24, 0x34, 0x64, 0x200} {
				cases = append(cases,
					helperCase{"l3_csum_replace", object.TC, onCtx(10, off, from, 0x55aa, flags)},
					helperCase{"l4_csum_replace", object.TC, onCtx(11, off, from, 0x77553311, flags)})
			}
		}
	}
	cases = append(cases,
		helperCase{"xdp_get_buff_len", object.XDP, seq(movr(1, 9), call(188), store(16))},
		helperCase{"set_hash_invalid", object.TC, seq(movr(1, 9), call(41))},
		helperCase{"csum_update", object.TC, onCtx(40, 5)},
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
			st(bpf.SizeH, 10, -8, -1), movr(1, 9), mov(2, 24), movr(3, 10), op64(bpf.ADD, 3, -8), mov(4, 2), mov(5, 0), call(9),
			movr(1, 9), mov(2, 24), mov(3, 0xffff), mov(4, 0), mov(5, 2), call(11), exit())},
		helperCase{"queue_mapping of 64 bits", object.TC, seq(
			wide(2, 0, 5, 1), stx(bpf.SizeW, 9, 12, 2), ldx(bpf.SizeW, 0, 9, 12), exit())},
		helperCase{"tc_classid of 16 bits", object.TC, seq(
			mov(2, 0x12345), stx(bpf.SizeW, 9, 72, 2), ldx(bpf.SizeW, 0, 9, 72), exit())},
		helperCase{"redirect", object.XDP, seq(mov(1, 1), mov(2, 0), call(23), exit())},
		helperCase{"redirect flags", object.XDP, seq(mov(1, 1), mov(2, 1), call(23), exit())},
		helperCase{"redirect_peer flags", object.TC, seq(mov(1, 1), mov(2, 2), call(155), exit())},
		helperCase{"redirect_neigh flags", object.TC, seq(mov(1, 1), mov(2, 0), mov(3, 0), mov(4, 1), call(152), exit())},
		helperCase{"cgroup_classid", object.TC, seq(movr(1, 9), call(17), exit())},
		helperCase{"route_realm", object.TC, seq(movr(1, 9), call(24), exit())},
		helperCase{"tc redirect flags", object.TC, seq(mov(1, 1), mov(2, 2), call(23), exit())},
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
	return seq(movr(1, 6), mov(2, from), movr(3, 6), op64(bpf.ADD, 3, 32), mov(4, to), mov(5, seed), call(28), store(40))
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
		st(bpf.SizeDW, 10, -8, 0),
		mov(1, n),
		wide(2, bpf.PseudoFunc, 0, 0),
		movr(3, 10), op64(bpf.ADD, 3, -8), mov(4, 0), call(181), store(16),
		ldx(bpf.SizeDW, 0, 10, -8), store(24), mov(0, 2), exit(),
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
		ldx(bpf.SizeDW, 3, 2, 0), op64(bpf.ADD, 3, 1), stx(bpf.SizeDW, 2, 0, 3),
		mov(0, 0), jmp(bpf.JNE, 1, 6, 1), mov(0, 1), exit())...)
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
			c = append(c, seq(ldx(bpf.SizeW, 2, 9, f), stx(bpf.SizeW, 10, at+int16(4*i), 2))...)
		}
		return c
	}
	push := func(proto, tci int32) code { return seq(movr(1, 9), mov(2, proto), mov(3, tci), call(18)) }
	pop := seq(movr(1, 9), call(19))
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
		{"change type", seq(movr(1, 9), mov(2, 2), call(32))},
		{"change type bad", seq(movr(1, 9), mov(2, 4), call(32))},
	} {
		// The result of the last helper and the fields go to the frame's bytes.
		body := seq(
			movr(9, 1), c.body, stx(bpf.SizeDW, 10, -32, 0), look(-24),
			movr(1, 9), mov(2, 14), movr(3, 10), op64(bpf.ADD, 3, -32), mov(4, 28), mov(5, 0), call(9), mov(0, 0), exit())
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
	for _, helper := range []int32{105, 106} {
		for _, base := range []int32{0, 8, 10, 16, 2, -1} {
			for _, n := range []int32{1, 4, 24} {
				var load code
				for i := int16(0); i < 24; i += 8 {
					load = append(load, seq(ldx(bpf.SizeDW, 2, 6, 16+i), stx(bpf.SizeDW, 10, -32+i, 2))...)
				}
				p := newPair(t, newProgram(object.XDP, withPacket(object.XDP,
					load, st(bpf.SizeDW, 10, -8, 0), movr(1, 10), op64(bpf.ADD, 1, -32), mov(2, n), mov(3, base), movr(4, 10), op64(bpf.ADD, 4, -8),
					call(helper), store(40), ldx(bpf.SizeDW, 2, 10, -8), stx(bpf.SizeDW, 6, 48, 2))))
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
	ring := &object.Map{Name: "ring", Type: 27, MaxEntries: 4096}
	body := seq(
		mapfd(1, 0), mov(2, 16), mov(3, 0), call(131), jmp(bpf.JNE, 0, 0, 2), mov(0, 0), exit(),
		movr(7, 0), st(bpf.SizeDW, 7, 0, 0x11), st(bpf.SizeDW, 7, 8, 0x22), movr(1, 7), mov(2, 0), call(132),
		st(bpf.SizeDW, 10, -8, 0x33), mapfd(1, 0), movr(2, 10), op64(bpf.ADD, 2, -8), mov(3, 8), mov(4, 0), call(130),
		mov(0, 2), exit(),
	)
	p := newPair(t, newProgram(object.XDP, body, ring))
	res := p.same(t, frame(room))
	require.Equal(t, []ebpf.Event{
		{Map: "ring", Data: []byte{0x11, 0, 0, 0, 0, 0, 0, 0, 0x22, 0, 0, 0, 0, 0, 0, 0}},
		{Map: "ring", Data: []byte{0x33, 0, 0, 0, 0, 0, 0, 0}},
	}, res.Events)
}

func TestPerfEvent(t *testing.T) {
	events := &object.Map{Name: "events", Type: 4, KeySize: 4, ValueSize: 4}
	body := seq(
		st(bpf.SizeDW, 10, -8, 7), movr(1, 1), mapfd(2, 0), wide(3, 0, -1, 20), movr(4, 10), op64(bpf.ADD, 4, -8), mov(5, 8), call(25),
		mov(0, 2), exit(),
	)
	p := newPair(t, newProgram(object.XDP, body, events))
	in := frame(room)
	res := p.same(t, in)
	require.Equal(t, []ebpf.Event{{Map: "events", Data: []byte{7, 0, 0, 0, 0, 0, 0, 0}, Packet: in[:20]}}, res.Events)
}

// TestClockAndRandom: both come from the input.
func TestClockAndRandom(t *testing.T) {
	vm, err := ebpf.New(newProgram(object.XDP, seq(call(5), movr(7, 0), call(7), op64r(bpf.ADD, 0, 7), exit())), ebpf.Options{})
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
		body = append(body, seq(ldx(bpf.SizeW, 2, 9, f), stx(bpf.SizeW, 6, int16(4*i), 2))...)
	}
	body = append(body, seq(
		ldx(bpf.SizeB, 2, 9, 1), stx(bpf.SizeB, 6, 80, 2), ldx(bpf.SizeH, 2, 9, 16), stx(bpf.SizeH, 6, 82, 2),
		mov(2, 0x12345678),
		stx(bpf.SizeW, 9, 8, 2), stx(bpf.SizeW, 9, 32, 2), stx(bpf.SizeW, 9, 44, 2), stx(bpf.SizeW, 9, 48, 2), stx(bpf.SizeW, 9, 64, 2), stx(bpf.SizeW, 9, 12, 2),
	)...)
	for i, f := range []int16{8, 32, 44, 48, 64, 12} {
		body = append(body, seq(ldx(bpf.SizeW, 2, 9, f), stx(bpf.SizeW, 6, int16(84+4*i), 2))...)
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
