package gen

import (
	"encoding/binary"
	"net/netip"

	"github.com/skipsw/skipsw/translate/bpf"
)

// What package testnet has: interfaces, and one more, and destinations of routes of
// every kind.
var (
	netLinks = []int32{102, 102, 102, 112, 122, 132, 1, 99}
	netTo    = []netip.Addr{
		netip.MustParseAddr("10.0.0.7"), netip.MustParseAddr("10.0.0.8"), netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.1.0.8"),
		netip.MustParseAddr("10.9.7.7"), netip.MustParseAddr("10.9.1.7"), netip.MustParseAddr("10.9.2.7"), netip.MustParseAddr("10.9.3.7"),
		netip.MustParseAddr("10.8.7.7"), netip.MustParseAddr("10.66.0.1"), netip.MustParseAddr("10.67.0.1"), netip.MustParseAddr("10.68.0.1"),
		netip.MustParseAddr("10.69.0.1"), netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::7"), netip.MustParseAddr("2001:db8:9::7"),
		netip.MustParseAddr("2001:db8:9:1::7"), netip.MustParseAddr("2001:db8:9:3::7"), netip.MustParseAddr("2001:db8:9:4::7"),
		netip.MustParseAddr("2001:db8:67::1"), netip.MustParseAddr("2001:dead::1"), netip.MustParseAddr("fe80::7"),
	}
)

// lookUp emits a call of a helper that looks into the network.
func (f *fn) lookUp() {
	// Functions that make tail calls leave their callers little of the stack.
	if f.chance(35) || f.o.has(TailCalls) {
		f.checkMTU()
		return
	}
	f.fibLookup()
}

// checkMTU emits a question about an interface's MTU.
func (f *fn) checkMTU() {
	off := f.place8(4)
	if off == 0 {
		return
	}
	f.storeConst(4, 10, off, []int32{0, 0, 60, 1386, 1400, 1401, 1500, 9001}[f.r.IntN(8)])
	f.st.setStack(off, 4)
	by := bpf.Mov.Imm(4, []int32{0, 0, 1, 20, 1400, -20}[f.r.IntN(6)])
	if f.chance(20) {
		by = bpf.Mov.Reg(4, uint8(f.scalarReg()))
	}
	f.Emit(by, bpf.Mov.Imm(2, append(netLinks, 0)[f.r.IntN(len(netLinks)+1)]), bpf.Mov.Reg(3, 10), bpf.Add.Imm(3, int32(off)), bpf.Mov.Imm(5, int32(f.r.IntN(12)/10)))
	f.ctxArg()
	f.Emit(bpf.CallHelper(bpf.HelperCheckMTU))
	f.called()
	f.keep(0)
	f.keepStack(off, 4)
}

// fibLookup emits a search for a route: parameters that are mostly right, flags of
// every combination.
func (f *fn) fibLookup() {
	off := f.place8(64)
	if off == 0 {
		return
	}
	var p [64]byte
	to := netTo[f.r.IntN(len(netTo))]
	p[0] = 2
	if to.Is6() {
		p[0] = 10
	}
	if f.chance(3) {
		p[0] = 3
	}
	le := binary.LittleEndian
	le.PutUint16(p[6:], []uint16{0, 60, 1290, 1300, 1301, 1400, 1401, 1500, 1501}[f.r.IntN(9)])
	le.PutUint32(p[8:], uint32(netLinks[f.r.IntN(len(netLinks))]))
	copy(p[32:], to.AsSlice())
	le.PutUint32(p[48:], []uint32{0, 254, 254, 100, 255, 77}[f.r.IntN(6)])
	le.PutUint32(p[52:], []uint32{0, 5, 9}[f.r.IntN(3)])
	for at := 0; at < len(p); at += 4 {
		f.storeConst(4, 10, off+at, int32(le.Uint32(p[at:])))
	}
	f.st.setStack(off, 64)
	flags := bpf.Mov.Imm(4, int32([]int{0, 0, 1, 2, 4, 9, 16, 32, f.r.IntN(64), 64}[f.r.IntN(10)]))
	if f.chance(20) {
		flags = bpf.Mov.Reg(4, uint8(f.scalarReg()))
	}
	f.Emit(flags, bpf.Mov.Reg(2, 10), bpf.Add.Imm(2, int32(off)), bpf.Mov.Imm(3, 64))
	f.ctxArg()
	f.Emit(bpf.CallHelper(bpf.HelperFIBLookup))
	f.called()
	f.keep(0)
	if f.chance(40) {
		f.keepStack(off, 64)
		return
	}
	for at := 0; at < len(p); at += 4 {
		f.stackKept(4, off+at)
	}
}
