package gen

import "github.com/skipsw/skipsw/translate/bpf"

// tunnels emits calls of the helpers for tunnel keys. Mostly there is a key before one
// is asked for: without it the answers are all the same.
func (f *fn) tunnels() {
	if !f.hasCtx {
		return
	}
	if f.chance(70) {
		f.setTunnelKey()
	}
	for range 1 + f.r.IntN(3) {
		switch f.r.IntN(5) {
		case 0:
			f.setTunnelOpt()
		case 1:
			f.fillOfTunnel(bpf.HelperSkbGetTunnelOpt, []int{4, 7, 8, 8, 12, 16, 32, 40, 64}[f.r.IntN(9)])
		default:
			f.fillOfTunnel(bpf.HelperSkbGetTunnelKey, f.keySize())
		}
	}
}

// keySize returns a size of struct bpf_tunnel_key, mostly one that it has had.
func (f *fn) keySize() int {
	if f.chance(8) {
		return 1 + f.r.IntN(56)
	}
	return []int{44, 44, 44, 28, 24, 22, 8}[f.r.IntN(7)]
}

// setTunnelKey emits a call with a key that is mostly right.
func (f *fn) setTunnelKey() {
	n := f.keySize()
	off := f.place8(n + 3)
	if off == 0 {
		return
	}
	x := f.scalarReg()
	for at := 0; at < n; at += 4 {
		switch {
		case at == 20: // tunnel_tos, tunnel_ttl, tunnel_ext
			f.storeConst(4, 10, off+at, int32(f.r.IntN(1<<16))|int32(f.r.IntN(15)/14)<<(16+f.r.IntN(15)))
		case at == 24: // tunnel_label, which keys of IPv4 have not
			f.storeConst(4, 10, off+at, []int32{0, 0, 0, 0, 0, 0, 5, -1}[f.r.IntN(8)])
		case f.chance(40):
			f.Emit(stx(4, 10, off+at, uint8(x)))
			// What a constant takes on its way may be that register.
			x = f.scalarReg()
		default:
			f.storeConst(4, 10, off+at, f.imm())
			x = f.scalarReg()
		}
	}
	f.st.setStack(off, n)
	x = f.scalarReg()
	flags := []bpf.Insn{bpf.Mov.Imm(4, []int32{0, 0, 1, 1, 2, 4, 8, 16, 0x1e, 0x1f, int32(f.r.IntN(64)), -1}[f.r.IntN(12)])}
	if f.chance(25) {
		flags = []bpf.Insn{bpf.Mov.Reg(4, uint8(x)), bpf.And.Imm(4, []int32{1, 31, 63}[f.r.IntN(3)])}
	}
	f.Emit(flags...)
	f.Emit(bpf.Mov.Reg(2, 10), bpf.Add.Imm(2, int32(off)), bpf.Mov.Imm(3, int32(n)))
	f.ctxArg()
	f.Emit(bpf.CallHelper(bpf.HelperSkbSetTunnelKey))
	f.called()
	f.keep(0)
}

// setTunnelOpt emits a call with options on the stack or in a map value.
func (f *fn) setTunnelOpt() {
	n := []int{4, 4, 8, 12, 16, 32, 64, 3, 1 + f.r.IntN(40)}[f.r.IntN(9)]
	from, disp := f.ready(n)
	if from < 0 || f.st.regs[from].kind == pkt {
		from = 10
		if disp = f.passed(n); disp == 0 {
			return
		}
	}
	f.Emit(bpf.Mov.Reg(2, uint8(from)), bpf.Add.Imm(2, int32(disp)), bpf.Mov.Imm(3, int32(n)))
	f.ctxArg()
	f.Emit(bpf.CallHelper(bpf.HelperSkbSetTunnelOpt))
	f.called()
	f.keep(0)
}

// fillOfTunnel emits a call of a helper that fills n bytes of the stack or of a map
// value from the tunnel key.
func (f *fn) fillOfTunnel(id bpf.HelperID, n int) {
	to, disp := -1, 0
	if f.o.has(MapStore) && f.chance(30) {
		to, disp = f.ready(n)
	}
	if to >= 0 && (f.st.regs[to].kind == pkt || f.p.maps[f.st.regs[to].id].Flags&bpf.FRdonlyProg != 0) {
		to = -1
	}
	if to < 0 {
		to = 10
		if disp = f.argument(n).off; disp == 0 {
			return
		}
	}
	x := f.scalarReg(to, 2)
	f.Emit(bpf.Mov.Reg(2, uint8(to)), bpf.Add.Imm(2, int32(disp)))
	if id == bpf.HelperSkbGetTunnelKey {
		f.Emit(bpf.Mov.Imm(4, []int32{0, 0, 16, 1, 16, 16, 17, 2, int32(f.r.IntN(64))}[f.r.IntN(9)]))
		if f.chance(25) && x != 4 {
			f.Emit(bpf.Mov.Reg(4, uint8(x)), bpf.And.Imm(4, []int32{1, 17, 31}[f.r.IntN(3)]))
		}
	}
	f.Emit(bpf.Mov.Imm(3, int32(n)))
	f.ctxArg()
	f.Emit(bpf.CallHelper(id))
	f.called()
	f.keep(0)
	if to == 10 {
		f.st.setStack(disp, n)
		alignedPieces(disp, n, func(at, size int) { f.stackKept(size, disp+at) })
	}
}
