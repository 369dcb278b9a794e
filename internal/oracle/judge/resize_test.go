package judge_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/oracle/oracletest"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// resizeFrames are frames of several lengths and protocols that all have a
// number at byte 56.
func resizeFrames(n int32) (list [][]byte) {
	for _, typ := range []uint16{0x0800, 0x86dd, 0x0806, 0x8100} {
		for _, size := range []int{60, 64, 65, 99, 130, 1000} {
			p := make([]byte, size)
			for k := range p {
				p[k] = byte(7*k + 1)
			}
			binary.BigEndian.PutUint16(p[12:], typ)
			p[14] = 0x45
			binary.LittleEndian.PutUint32(p[56:], uint32(n))
			list = append(list, p)
		}
	}
	return list
}

// resizing makes a program that calls a helper with the number in the packet
// and constants, writes something over the start of what there is then, and
// returns the low byte of the result and the length.
func resizing(typ object.Type, helper bpf.HelperID, calls int, args ...uint64) *object.Program {
	data, end := int16(bpf.XDPMdData), int16(bpf.XDPMdDataEnd)
	if typ == object.TC {
		data, end = bpf.SkBuffData, bpf.SkBuffDataEnd
	}
	insns := []bpf.Insn{
		bpf.Mov.Reg(6, 1), bpf.Load(bpf.SizeW, 2, 1, data), bpf.Load(bpf.SizeW, 3, 1, end), bpf.Mov.Reg(4, 2), bpf.Add.Imm(4, 60),
		bpf.Mov.Imm(0, 1), bpf.JLe.Reg(4, 3, 1), bpf.Return(), bpf.Load(bpf.SizeW, 7, 2, 56), bpf.Mov.Imm(8, 0),
	}
	for range calls {
		insns = append(insns, bpf.Mov.Reg(1, 6), bpf.Mov.Reg(2, 7))
		for k, a := range args {
			insns = append(insns, bpf.LoadImm64(uint8(3+k), a)...)
		}
		insns = append(insns, bpf.CallHelper(helper), bpf.And.Imm(0, 0xff), bpf.Lsh.Imm(8, 8), bpf.Add.Reg(8, 0))
	}
	insns = append(insns,
		bpf.Load(bpf.SizeW, 2, 6, data), bpf.Load(bpf.SizeW, 3, 6, end), bpf.Mov.Reg(0, 3), bpf.Sub.Reg(0, 2), bpf.Lsh.Imm(8, 12), bpf.Add.Reg(8, 0),
		bpf.Mov.Reg(0, 8), bpf.Mov.Reg(4, 2), bpf.Add.Imm(4, 4), bpf.JGt.Reg(4, 3, 1), bpf.StoreImm(bpf.SizeH, 2, 1, 0x5aa5),
	)
	if typ == object.TC {
		insns = append(insns, bpf.Load(bpf.SizeW, 1, 6, bpf.SkBuffProtocol), bpf.Add.Reg(0, 1))
	}
	insns = append(insns, bpf.Return())
	return &object.Program{Name: "resize", Type: typ, License: "GPL", Funcs: []object.Func{{Name: "resize"}}, Insns: insns}
}

// TestResize moves ends and starts of frames, and room inside them, by numbers
// that only a run knows: results, contents, and what the context says then.
func TestResize(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	all := redirectCards(t)
	type call struct {
		name   string
		typ    object.Type
		helper bpf.HelperID
		calls  int
		args   []uint64
		by     []int32
	}
	deltas := []int32{0, 1, 2, 3, 4, 5, 7, 20, 63, 64, 65, -1, -3, -20, -40, -45, -46, -47, -50, -51, -116, math.MaxInt32, math.MinInt32}
	sizes := []int32{0, 13, 14, 15, 59, 60, 61, 63, 64, 66, 67, 130, 131, 1600, 0x10000, -1}
	cases := []call{
		{"adjust_tail", object.XDP, bpf.HelperXDPAdjustTail, 1, nil, slices.Concat(deltas, []int32{2519, 2520, 2521, 3455, 3456, 3457, 3460, 3461, 5000})},
		{"adjust_tail twice", object.XDP, bpf.HelperXDPAdjustTail, 2, nil, deltas},
		{"change_tail", object.TC, bpf.HelperSkbChangeTail, 1, []uint64{0}, sizes},
		{"change_tail with flags", object.TC, bpf.HelperSkbChangeTail, 1, []uint64{1 << 32}, sizes},
		{"change_head", object.TC, bpf.HelperSkbChangeHead, 1, []uint64{0}, []int32{0, 1, 2, 3, 4, 13, 14, 17, 40, 0x10000, -1}},
		{"change_proto", object.TC, bpf.HelperSkbChangeProto, 1, []uint64{0}, []int32{0x0008, 0xdd86, 0x10008, 0x0608, 0}},
		{"change_proto with flags", object.TC, bpf.HelperSkbChangeProto, 1, []uint64{1 << 32}, []int32{0x0008, 0xdd86}},
		{"change_proto twice", object.TC, bpf.HelperSkbChangeProto, 2, []uint64{0}, []int32{0x0008, 0xdd86}},
		{"change_type", object.TC, bpf.HelperSkbChangeType, 1, nil, []int32{0, 1, 2, 3, 4, -1}},
		{"change_head twice", object.TC, bpf.HelperSkbChangeHead, 2, []uint64{0}, []int32{0, 1, 4, 13, 17, 20}},
	}
	add := func(mode int, flags uint64, calls int, by []int32) {
		cases = append(cases, call{fmt.Sprintf("adjust_room mode %d flags %#x, %d times", mode, flags, calls), object.TC, bpf.HelperSkbAdjustRoom, calls, []uint64{uint64(mode), flags}, by})
	}
	room := []int32{0, 1, 4, 20, 28, 40, -1, -4, -20, -25, -26, -27, -40, -45, -46, -50, -60, 0xfff, -0xfff, 0x1000, -0x1000, math.MinInt32}
	grows := room[:6]
	for _, mode := range []int{bpf.AdjRoomNet, bpf.AdjRoomMac} {
		for _, flags := range []uint64{0, 1, 0x20, 0x80, 0x100, 0x180, 0x200, 1 << 40} {
			add(mode, flags, 1, slices.DeleteFunc(slices.Clone(room), func(n int32) bool { return n == 0xfff }))
		}
		for _, flags := range []uint64{2, 4, 6, 0x0a, 0x12, 0x1a, 0x42, 0x42 | 13<<56, 0x42 | 14<<56, 2 | 21<<56} {
			add(mode, flags, 1, append(grows[:6:6], -4))
		}
		add(mode, 0, 2, []int32{0, 1, 8, -4, -20})
		add(mode, 4, 2, []int32{0, 1, 8})
	}
	add(2, 0, 1, []int32{0, 4, -4, 0x1000})
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var packets [][]byte
			for _, n := range c.by {
				packets = append(packets, resizeFrames(n)...)
			}
			rep := checkAll(t, all, resizing(c.typ, c.helper, c.calls, c.args...), packets...)
			require.Equal(t, len(packets), rep.Compared["skipsw"])
		})
	}
}

// tagFrames are frames with none to three tags, some cut in the middle of one,
// and with 802.3 lengths behind them.
func tagFrames() (list [][]byte) {
	for _, tags := range [][]uint16{nil, {0x8100}, {0x88a8}, {0x88a8, 0x8100}, {0x8100, 0x8100, 0x8100}, {0x9100}} {
		for _, typ := range []uint16{0x0806, 0x0800, 0x0040, 0x86dd} {
			p := []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2}
			for k, tag := range tags {
				p = binary.BigEndian.AppendUint16(p, tag)
				p = binary.BigEndian.AppendUint16(p, uint16(0x2000*k+100+k))
			}
			p = binary.BigEndian.AppendUint16(p, typ)
			for k := len(p); k < 90; k++ {
				p = append(p, byte(k))
			}
			list = append(list, p, p[:62], p[:17], p[:18], p[:19], p[:22])
		}
	}
	return list
}

// TestTags pushes and pops tags in every order of up to four steps; the verdict
// holds the results and what the context says then, the packet is compared as the
// kernel has it and as it leaves.
func TestTags(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	all := redirectCards(t)
	frames := tagFrames()
	steps := map[byte][]bpf.Insn{
		'v': {bpf.Mov.Reg(1, 6), bpf.Mov.Imm(2, 0x0081), bpf.Mov.Imm(3, 0x1ab5), bpf.CallHelper(bpf.HelperSkbVlanPush)},
		'q': {bpf.Mov.Reg(1, 6), bpf.Mov.Imm(2, 0xa888), bpf.Mov.Imm(3, 0x0c07), bpf.CallHelper(bpf.HelperSkbVlanPush)},
		'x': {bpf.Mov.Reg(1, 6), bpf.Mov.Imm(2, 0x1234), bpf.Mov.Imm(3, -1), bpf.CallHelper(bpf.HelperSkbVlanPush)},
		'-': {bpf.Mov.Reg(1, 6), bpf.CallHelper(bpf.HelperSkbVlanPop)},
		't': {bpf.Mov.Reg(1, 6), bpf.Mov.Imm(2, 40), bpf.Mov.Imm(3, 0), bpf.CallHelper(bpf.HelperSkbChangeTail)},
		'r': {bpf.Mov.Reg(1, 6), bpf.Mov.Imm(2, 8), bpf.Mov.Imm(3, bpf.AdjRoomMac), bpf.Mov.Imm(4, 0), bpf.CallHelper(bpf.HelperSkbAdjustRoom)},
	}
	for _, order := range []string{"v", "q", "x", "-", "vq", "v-", "-v", "--", "---", "qv-", "vqx", "vvv", "v-v", "-v-", "--vq", "vq--", "vt", "-t", "vr", "-vr-", "rv-"} {
		t.Run(order, func(t *testing.T) {
			insns := []bpf.Insn{bpf.Mov.Reg(6, 1), bpf.Mov.Imm(7, 0)}
			for k := range len(order) {
				insns = append(append(insns, steps[order[k]]...), bpf.Mul.Imm(7, 31), bpf.Add.Reg(7, 0))
			}
			for _, field := range []int16{bpf.SkBuffVlanPresent, bpf.SkBuffVlanTCI, bpf.SkBuffVlanProto, bpf.SkBuffProtocol, bpf.SkBuffLen} {
				insns = append(insns, bpf.Load(bpf.SizeW, 0, 6, field), bpf.Mul.Imm(7, 31), bpf.Add.Reg(7, 0))
			}
			insns = append(insns, bpf.Mov.Reg(0, 7), bpf.Return())
			p := &object.Program{Name: "tags", Type: object.TC, License: "GPL", Funcs: []object.Func{{Name: "tags"}}, Insns: insns}
			rep := checkAll(t, all, p, frames...)
			require.Equal(t, len(frames), rep.Compared["skipsw"])
		})
	}
}
