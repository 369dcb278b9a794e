package judge_test

import (
	"encoding/binary"
	"testing"

	"github.com/skipsw/skipsw/internal/oracle/oracletest"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// onFrame makes a tc program that runs instructions with the context in R6 and the
// first 84 bytes of the frame behind R7, and returns R0.
func onFrame(insns ...bpf.Insn) *object.Program {
	all := []bpf.Insn{
		bpf.Mov.Reg(6, 1), bpf.Load(bpf.SizeW, 7, 1, bpf.SkBuffData), bpf.Load(bpf.SizeW, 3, 1, bpf.SkBuffDataEnd), bpf.Mov.Reg(4, 7), bpf.Add.Imm(4, 84),
		bpf.Mov.Imm(0, 1), bpf.JLe.Reg(4, 3, 1), bpf.Return(),
	}
	all = append(append(all, insns...), bpf.Return())
	return &object.Program{Name: "frame", Type: object.TC, License: "GPL", Funcs: []object.Func{{Name: "frame"}}, Insns: all}
}

// numbers is a frame of a protocol with numbers from byte 40 on.
func numbers(typ uint16, list ...uint64) []byte {
	p := make([]byte, 100)
	for k := range p {
		p[k] = byte(5*k + 3)
	}
	binary.BigEndian.PutUint16(p[12:], typ)
	p[14] = 0x45
	for k, n := range list {
		binary.LittleEndian.PutUint64(p[40+8*k:], n)
	}
	return p
}

// TestSetTstamp sets times by all clocks and reads them back.
func TestSetTstamp(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	var packets [][]byte
	for _, typ := range []uint16{0x0800, 0x86dd, 0x0806} {
		for _, clock := range []uint64{0, 1, 2, 3, 1 << 32, 1<<64 - 1} {
			for _, ns := range []uint64{0, 1, 1 << 32, 1<<64 - 1} {
				packets = append(packets, numbers(typ, ns, clock))
			}
		}
	}
	set := []bpf.Insn{
		bpf.Mov.Reg(1, 6), bpf.Load(bpf.SizeDW, 2, 7, 40), bpf.Load(bpf.SizeDW, 3, 7, 48), bpf.CallHelper(bpf.HelperSkbSetTstamp),
		bpf.Load(bpf.SizeDW, 1, 6, bpf.SkBuffTstamp), bpf.Store(bpf.SizeDW, 7, 56, 1),
	}
	typed := append(set[:len(set):len(set)], bpf.Load(bpf.SizeB, 1, 6, bpf.SkBuffTstampType), bpf.Store(bpf.SizeB, 7, 64, 1))
	checkAll(t, redirectCards(t), onFrame(set...), packets...)
	checkAll(t, redirectCards(t), onFrame(typed...), packets...)
}

// TestLoadRelative loads bytes from both headers on, inside and outside the frame,
// also when a VLAN tag has moved the frame's start.
func TestLoadRelative(t *testing.T) {
	if !oracletest.Kernel(t) {
		return
	}
	var packets [][]byte
	for _, off := range []uint64{0, 1, 2, 70, 78, 79, 92, 93, 100, 0xffff, 0x10000, 1<<31 - 1, 1 << 31, 1<<32 - 14, 1<<32 - 1, 1 << 32} {
		for _, from := range []uint64{0, 1, 2, 1 << 32, 1<<32 - 1} {
			packets = append(packets, numbers(0x0800, off, from))
		}
	}
	for _, c := range []struct {
		name   string
		size   int32
		from   int32 // negative takes the packet's
		before []bpf.Insn
	}{
		{"any", 8, -1, nil},
		{"of the link", 7, 0, nil},
		{"of the network", 8, 1, nil},
		{"of nothing", 3, 2, nil},
		{"behind a tag", 8, -1, []bpf.Insn{
			bpf.Mov.Reg(1, 6), bpf.Mov.Imm(2, 0x0081), bpf.Mov.Imm(3, 5), bpf.CallHelper(bpf.HelperSkbVlanPush),
			bpf.Mov.Reg(1, 6), bpf.Mov.Imm(2, 0x0081), bpf.Mov.Imm(3, 6), bpf.CallHelper(bpf.HelperSkbVlanPush),
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			insns := []bpf.Insn{bpf.Load(bpf.SizeDW, 8, 7, 40), bpf.Load(bpf.SizeDW, 9, 7, 48), bpf.StoreImm(bpf.SizeDW, 10, -8, -1)}
			insns = append(insns, c.before...)
			from := bpf.Mov.Imm(5, c.from)
			if c.from < 0 {
				from = bpf.Mov.Reg(5, 9)
			}
			insns = append(insns,
				bpf.Mov.Reg(1, 6), bpf.Mov.Reg(2, 8), bpf.Mov.Reg(3, 10), bpf.Add.Imm(3, -8), bpf.Mov.Imm(4, c.size), from,
				bpf.CallHelper(bpf.HelperSkbLoadBytesRelative), bpf.Load(bpf.SizeDW, 1, 10, -8), bpf.Add.Reg(0, 1),
				bpf.Mov.Reg(1, 0), bpf.Rsh.Imm(1, 32), bpf.Xor.Reg(0, 1),
			)
			checkAll(t, redirectCards(t), onFrame(insns...), packets...)
		})
	}
}
