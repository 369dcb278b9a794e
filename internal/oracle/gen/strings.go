package gen

import (
	"bytes"
	"math/bits"

	"github.com/skipsw/skipsw/translate/bpf"
)

// compareString emits bpf_strncmp: bytes of the stack, most of them the string's, or of a map
// value, beside a string of constant data.
func (f *fn) compareString() {
	m := f.constants()
	if m < 0 {
		return
	}
	value := f.p.maps[m].Initial[0].Value
	end := bytes.LastIndexByte(value, 0)
	if end < 0 {
		return
	}
	at := f.r.IntN(end + 1)
	text := value[at : at+bytes.IndexByte(value[at:], 0)+1]
	n := 1 + f.r.IntN(len(text)+3)
	p, disp := f.ready(n)
	if p < 0 || !f.is(p, mapVal) {
		if p, disp = 10, f.passed(n); disp == 0 {
			return
		}
		for k, c := range text[:min(n, len(text))] {
			if f.chance(90) {
				f.storeConst(1, 10, disp+k, int32(c))
			}
		}
	}
	f.Emit(bpf.Mov.Reg(1, uint8(p)), bpf.Add.Imm(1, int32(disp)))
	if x := f.pickReg(func(i int, r *reg) bool { return i > 5 && r.kind == scalar }); x > 5 && f.chance(30) {
		// As many of the bytes as only a run knows.
		f.Emit(bpf.Mov.Reg(2, uint8(x)), bpf.And.Imm(2, int32(1<<(bits.Len(uint(n))-1)-1)), bpf.Add.Imm(2, 1))
	} else {
		f.Emit(bpf.Mov.Imm(2, int32(n)))
	}
	f.Emit(bpf.LoadMapValue(3, m, int32(at))...)
	f.Emit(bpf.CallHelper(bpf.HelperStrncmp))
	f.called()
}
