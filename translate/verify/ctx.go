package verify

import (
	"fmt"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/number"
)

// ctxField finds the context member that an access lies in.
func (v *verifier) ctxField(p *reg, base uint8, off, size int, write bool) (*bpf.Field, *Error) {
	ctx := v.typ.Context
	if !p.Scalar.IsConst() {
		return nil, unsafef("%s accessed at a variable offset (R%d)", ctx.Name, base)
	}
	if p.off != 0 || p.Bits.Value != 0 {
		return nil, unsafef("%s accessed through a pointer that was moved by %d (R%d)", ctx.Name, int64(p.off)+int64(p.Bits.Value), base).
			hint("access members of the context directly")
	}
	bad := func(why string) (*bpf.Field, *Error) {
		return nil, unsafef("%d bytes at offset %d of %s %s, %s", size, off, ctx.Name, verb(write), why)
	}
	f := ctx.At(off)
	if f == nil {
		return bad("where there is no member")
	}
	full := fmt.Sprintf("%s of %s", f.Name, ctx.Name)
	switch {
	case f.Holds == bpf.Socket:
		return nil, unsupportedf("%s %s, but it is a socket, which a network card does not have", full, verb(write))
	case f.Absent != "" && (f.Only == bpf.AtHook || f.Only != v.p.Attach):
		return nil, unsafef("%s %s, but it %s", full, verb(write), f.Absent)
	case off%size != 0:
		return bad("not aligned")
	case write && !f.Write && !(f.BoundWrite && v.o.Offload):
		return nil, unsafef("%s written, which this program type may not", full)
	case off+size > f.Off+f.Size:
		return bad("which goes beyond " + f.Name)
	}
	want := min(f.Size, 4)
	switch {
	case f.Size > 8: // an array
	case f.Size == 8 && size != 8:
		return bad(fmt.Sprintf("%s is accessed with 8 bytes", f.Name))
	case f.Size == 8, size == want:
	case write || !f.Narrow || size > want:
		return bad(fmt.Sprintf("%s is accessed with %d bytes", f.Name, want))
	}
	return f, nil
}

// contents are the kinds of what context members hold.
var contents = [...]Kind{
	bpf.Number: Scalar, bpf.PacketStart: PtrPacket, bpf.PacketEnd: PtrPacketEnd, bpf.PacketMeta: PtrPacketMeta,
}

func (v *verifier) loadCtx(p *reg, base uint8, off, size int) (reg, *Error) {
	f, err := v.ctxField(p, base, off, size, false)
	switch {
	case err != nil:
		return reg{}, err
	case f.Holds == bpf.Number:
		return scalarReg(number.OfBytes(size)), nil
	}
	return pointer(contents[f.Holds]), nil
}

func (v *verifier) storeCtx(p *reg, base uint8, off, size int) *Error {
	_, err := v.ctxField(p, base, off, size, true)
	return err
}
