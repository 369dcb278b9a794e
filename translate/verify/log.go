package verify

import (
	"fmt"
	"strings"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/number"
)

// maxLog bounds the log, in bytes.
const maxLog = 1 << 20

// logger keeps the log of the current path in the kernel's notation.
type logger struct {
	on bool
	// all keeps the paths before, too, and the whole state of each step.
	all bool
	b   []byte
	was [11]reg
}

func (l *logger) mark() int { return len(l.b) }

func (l *logger) text() string { return string(l.b) }

func (l *logger) printf(format string, args ...any) {
	if len(l.b) < maxLog {
		l.b = fmt.Appendf(l.b, format, args...)
	}
}

// rewind cuts the log back to where the state was put aside.
func (l *logger) rewind(s *state) {
	if l.on && !l.all && s.logMark < len(l.b) {
		l.b = append(l.b[:s.logMark], '\n')
	}
}

func (l *logger) before(v *verifier, i int) {
	if !l.on {
		return
	}
	if len(l.b) == 0 {
		l.printf("%s\n", v.registers(v.cur))
	}
	l.was = v.cur.top().regs
	var next bpf.Insn
	if i+1 < len(v.insns) {
		next = v.insns[i+1]
	}
	l.printf("%d: (%02x) %s", i, v.insns[i].Op, bpf.Text(v.insns[i], next))
}

func (l *logger) after(v *verifier, i int) {
	if !l.on {
		return
	}
	if l.all {
		l.printf(" ; %s\n", v.registers(v.cur))
		return
	}
	var changed []string
	for r := range v.cur.top().regs {
		x := &v.cur.top().regs[r]
		if w := &l.was[r]; x.kind != Uninit && (x.kind != w.kind || x.Scalar != w.Scalar || x.off != w.off || x.rng != w.rng || x.mp != w.mp) {
			changed = append(changed, fmt.Sprintf("R%d=%s", r, v.regText(x)))
		}
	}
	if len(changed) > 0 {
		l.printf(" ; %s", strings.Join(changed, " "))
	}
	l.printf("\n")
}

func (l *logger) pruned(v *verifier, i int) {
	if l.on {
		l.printf("%d: safe\n", i)
	}
}

// name is what the kernel calls a kind of pointer.
func (k Kind) name() string {
	return [...]string{
		"nothing", "scalar", "ctx", "pkt", "pkt_meta", "pkt_end", "fp", "map_value", "map_value_or_null", "map_ptr",
		"mem", "mem_or_null", "func", "mixed", "map_ptr_or_null", "map_key", "rdonly_mem", "rdonly_mem_or_null", "mem", "mem_or_null", "xdp_sock", "xdp_sock_or_null", "dynptr_ptr",
	}[k]
}

// String returns the kernel's name of the kind.
func (k Kind) String() string { return k.name() }

// registers returns the state in the kernel's notation.
func (v *verifier) registers(s *state) string {
	f := s.top()
	var out []string
	for r := range f.regs {
		if f.regs[r].kind != Uninit {
			out = append(out, fmt.Sprintf("R%d=%s", r, v.regText(&f.regs[r])))
		}
	}
	for n := range f.stack {
		if t := v.slotText(&f.stack[n]); t != "" {
			out = append(out, fmt.Sprintf("fp%d=%s", -8*(n+1), t))
		}
	}
	return strings.Join(out, " ")
}

func (v *verifier) slotText(s *slot) string {
	if s.width() == 8 {
		return v.regText(&s.reg)
	}
	if s.bytes == [8]byteKind{} {
		return ""
	}
	var b [8]byte
	for k := range s.bytes {
		b[7-k] = "?rm0id"[s.bytes[k]]
	}
	return string(b[:])
}

func (v *verifier) regText(r *reg) string {
	if r.kind == Scalar && r.Scalar.IsConst() {
		return number.Signed(int64(r.Bits.Value))
	}
	name := r.kind.name()
	if r.lent == byReadSlice {
		name = "rdonly_" + name
	}
	if r.kind == PtrMapOrNull || r.kind == PtrSocketOrNull {
		name = PtrMapValueOrNull.name() // Linux tells what it is with the check
	}
	if r.kind == PtrStack {
		if int(r.frame) != len(v.cur.frames)-1 {
			name = fmt.Sprintf("fp[%d]", r.frame)
		}
		if r.Scalar.IsConst() {
			return name + number.Signed(int64(r.Bits.Value)+int64(r.off))
		}
	}
	var a []string
	if r.id != 0 {
		id := fmt.Sprintf("id=%d", r.id)
		if r.sum != 0 {
			id += fmt.Sprintf("%+d", r.off)
		}
		a = append(a, id)
	}
	if r.kind == PtrNum {
		a = append(a, fmt.Sprintf("ref_obj_id=%d", r.ref))
	} else if r.ref != 0 && r.dyn == 0 {
		name = "ringbuf_" + name
		a = append(a, fmt.Sprintf("ref_obj_id=%d", r.ref))
	} else if r.mp >= 0 && r.kind != PtrFunc && r.kind != PtrNum && r.kind != PtrSocket && r.dyn == 0 {
		m := v.mapOf(r)
		if r.kind == PtrMapOrNull {
			m = v.p.Maps[r.mp]
		}
		if !r.inner || r.kind == PtrMapOrNull {
			a = append(a, "map="+m.Name) // Linux knows no name of a map that another holds
		}
		a = append(a, fmt.Sprintf("ks=%d,vs=%d", m.KeySize, m.ValueSize))
	}
	if r.kind != Scalar && r.off != 0 {
		a = append(a, "off="+number.Signed(int64(r.off)))
	}
	if r.kind.isPacket() {
		a = append(a, "r="+number.Unsigned(uint64(int64(r.rng))))
	}
	if r.kind == PtrMem || r.kind == PtrMemOrNull || r.kind == PtrNum || r.kind == PtrSlice || r.kind == PtrSliceOrNull {
		a = append(a, "sz="+number.Unsigned(uint64(r.rng)))
	}
	if !r.Scalar.IsConst() {
		a = append(a, r.Terms()...)
	} else if r.Bits.Value != 0 {
		a = append(a, "imm="+number.Signed(int64(r.Bits.Value)))
	}
	return name + "(" + strings.Join(a, ",") + ")"
}
