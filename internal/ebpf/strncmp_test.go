package ebpf_test

import (
	"testing"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// TestStrncmpLikeKernel compares eight bytes of packets with constant strings, and leaves all 64
// bits of the result in the packet.
func TestStrncmpLikeKernel(t *testing.T) {
	data := []byte("GET /\x00\xff\x00")
	texts := &object.Map{
		Name: "t.rodata", Type: bpf.MapTypeArray, KeySize: 4, ValueSize: uint32(len(data)), MaxEntries: 1, Flags: bpf.FRdonlyProg, Frozen: true,
		Initial: []object.Entry{{Key: make([]byte, 4), Value: data}},
	}
	for _, at := range []int32{0, 3, 5, 6} {
		for _, n := range []int32{1, 4, 5, 6, 8} {
			p := newPair(t, newProgram(object.XDP, withPacket(object.XDP,
				bpf.Load(bpf.SizeDW, 2, 6, 16), bpf.Store(bpf.SizeDW, 10, -8, 2), bpf.Mov.Reg(1, 10), bpf.Add.Imm(1, -8), bpf.Mov.Imm(2, n),
				bpf.LoadMapValue(3, 0, at), bpf.CallHelper(bpf.HelperStrncmp), store(24)), texts))
			for _, text := range []string{"GET /\x00  ", "GET /a  ", "GET", "HET /", "FET /", "\xff\x00      ", " /\x00", ""} {
				f := frame(64)
				copy(f[16:24], text+"\x00\x00\x00\x00\x00\x00\x00\x00")
				p.same(t, f)
			}
		}
	}
}
