package ebpf_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// tunnelCall calls a tunnel helper with n bytes of the stack at off, and puts the
// result in the packet. A flag below 0 is a helper without flags.
func tunnelCall(id bpf.HelperID, off int16, n, flags int32, to int16) code {
	c := seq(bpf.Mov.Reg(1, 9), bpf.Mov.Reg(2, 10), bpf.Add.Imm(2, int32(off)), bpf.Mov.Imm(3, n))
	if flags >= 0 {
		c = append(c, bpf.Mov.Imm(4, flags))
	}
	return seq(c, bpf.CallHelper(id), store(to))
}

// stackWords fills n bytes of the stack at off.
func stackWords(off int16, n int, word func(at int) int32) code {
	var c code
	for at := 0; at < n; at += 4 {
		c = append(c, bpf.StoreImm(bpf.SizeW, 10, off+int16(at), word(at)))
	}
	return c
}

// stackToPacket copies n bytes of the stack at off into the packet.
func stackToPacket(off int16, n int, to int16) code {
	var c code
	for at := int16(0); at < int16(n); at += 8 {
		c = append(c, bpf.Load(bpf.SizeDW, 0, 10, off+at), store(to+at))
	}
	return c
}

func TestTunnelLikeKernel(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	key := func(label, ext int32) func(int) int32 {
		return func(at int) int32 {
			switch at {
			case 20:
				return r.Int32N(1<<16) | ext<<16
			case 24:
				return label
			}
			return int32(r.Uint32())
		}
	}
	five := func(int) int32 { return 0x55555555 }
	ok := seq(stackWords(-48, 48, key(0, 0)), tunnelCall(bpf.HelperSkbSetTunnelKey, -48, 44, 0, 16))
	var cases []helperCase
	add := func(name string, body ...any) {
		cases = append(cases, helperCase{name, object.TC, seq(append(body, bpf.Mov.Imm(0, 0), bpf.Return())...)})
	}
	for _, n := range []int32{1, 4, 8, 12, 20, 22, 23, 24, 28, 32, 40, 44, 48} {
		for _, flags := range []int32{0, 1, 2, 4, 8, 16, 31, 17, 32, 33} {
			for _, form := range [][2]int32{{0, 0}, {5, 0}, {-1, 0}, {0, 1}} {
				if n != 44 && n != 24 && n != 28 && (form[0]|form[1] != 0 || flags > 2) {
					continue
				}
				add(fmt.Sprintf("set %d flags %d %v", n, flags, form), stackWords(-48, 48, key(form[0], form[1])),
					tunnelCall(bpf.HelperSkbSetTunnelKey, -48, n, flags, 16),
					stackWords(-96, 48, five), tunnelCall(bpf.HelperSkbGetTunnelKey, -96, 44, flags&1|16, 24), stackToPacket(-96, 48, 32))
			}
		}
		for _, flags := range []int32{0, 1, 16, 17, 2, 32} {
			get := seq(stackWords(-96, 48, five), tunnelCall(bpf.HelperSkbGetTunnelKey, -96, n, flags, 24), stackToPacket(-96, 48, 32))
			add("get without", get)
			add("get IPv4", ok, get)
			add("get IPv6", stackWords(-48, 48, key(-1, 0)), tunnelCall(bpf.HelperSkbSetTunnelKey, -48, 44, 1|4, 16), get)
		}
	}
	for _, n := range []int32{1, 4, 6, 8, 64, 128, 252, 255, 256} {
		set := seq(stackWords(-256, 256, func(at int) int32 { return int32(at*0x01020304 + 7) }), tunnelCall(bpf.HelperSkbSetTunnelOpt, -256, n, -1, 16))
		for _, m := range []int32{1, 4, 8, 12, 65, 252, 256} {
			// The key has been set with what lies there, of which the flags are 0.
			get := seq(stackWords(-256, 256, five), tunnelCall(bpf.HelperSkbGetTunnelOpt, -256, m, -1, 24), stackToPacket(-256, 256, 32))
			add(fmt.Sprintf("opt %d %d", n, m), ok, set, get)
			add("opt without", set, get)
			add("opt, key", ok, set, tunnelCall(bpf.HelperSkbGetTunnelKey, -256, 44, 16, 24), stackToPacket(-256, 48, 40))
			add("key again", ok, set, ok, get)
		}
	}
	for _, c := range cases {
		p := newPair(t, newProgram(c.typ, withRoom(c.typ, 320, c.body)))
		t.Run(c.name, func(t *testing.T) { p.same(t, frame(400)) })
	}
}
