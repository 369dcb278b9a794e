package ssa

import (
	"fmt"
	"strings"
)

// String returns the function as text, one value a line.
func (f *Func) String() string {
	var sb strings.Builder
	for b := range f.Blocks {
		blk := &f.Blocks[b]
		if blk.Dead {
			continue
		}
		fmt.Fprintf(&sb, "b%d(%s):\n", b, f.names(blk.Params))
		for _, id := range blk.Values {
			fmt.Fprintf(&sb, "  v%d = %s\n", id, f.valueText(&f.Values[id]))
		}
		fmt.Fprintf(&sb, "  %s\n", f.termText(&blk.Term))
	}
	return sb.String()
}

func (f *Func) valueText(v *Value) string {
	var sb strings.Builder
	sb.WriteString(v.Op.String())
	switch v.Space {
	case Packet:
		sb.WriteString(" packet")
	case MapValue:
		fmt.Fprintf(&sb, " map%d", v.Aux)
	case Fragment:
		sb.WriteString(" fragment")
	}
	if v.Size != 0 {
		fmt.Fprintf(&sb, " size %d", v.Size)
	}
	if v.Order == Big {
		sb.WriteString(" big")
	}
	if len(v.Args) > 0 {
		sb.WriteString(" " + f.names(v.Args))
	}
	if v.Op == Call {
		sb.WriteString(" " + f.Site(v).String())
		return sb.String()
	}
	if v.Imm != 0 || v.Op == Load || v.Op == Word || v.Op == Read {
		fmt.Fprintf(&sb, " #%#x", v.Imm)
	}
	if v.NonZero {
		sb.WriteString(" nonzero")
	}
	return sb.String()
}

func (f *Func) termText(t *Term) string {
	switch t.Kind {
	case Jump:
		return "jump " + f.edgeText(t.Succs[0])
	case Branch:
		x, y := f.name(t.X), f.name(t.Y)
		if t.Wide {
			x, y = f.name(t.XH)+":"+x, f.name(t.YH)+":"+y
		}
		return fmt.Sprintf("if %s %s %s goto %s else %s", x, t.Cond, y, f.edgeText(t.Succs[1]), f.edgeText(t.Succs[0]))
	case Exit:
		return "exit " + f.name(t.X)
	case Leave:
		return "leave to program " + f.name(t.X)
	case Begin:
		return "begin"
	}
	return "no end"
}

func (f *Func) edgeText(e Edge) string {
	if len(e.Args) == 0 {
		return fmt.Sprintf("b%d", e.To)
	}
	return fmt.Sprintf("b%d(%s)", e.To, f.names(e.Args))
}

func (f *Func) names(ids []ID) string {
	s := make([]string, len(ids))
	for k, id := range ids {
		s[k] = f.name(id)
	}
	return strings.Join(s, ", ")
}

func (f *Func) name(id ID) string {
	v := &f.Values[id]
	switch v.Op {
	case Const:
		if v.Imm < 10 {
			return fmt.Sprint(v.Imm)
		}
		return fmt.Sprintf("%#x", v.Imm)
	case StackAddr:
		return fmt.Sprintf("fp%d+%d", v.Imm>>16, v.Imm&0xffff)
	case Undef:
		return "undef"
	}
	return fmt.Sprintf("v%d", id)
}
