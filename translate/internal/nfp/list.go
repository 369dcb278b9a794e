package nfp

import (
	"fmt"
	"strings"

	"github.com/skipsw/skipsw/regalloc"
)

// formNames are the names of forms in listings.
var formNames = [...]string{
	formALU: "alu", formShf: "alu_shf", formDbl: "dbl_shf", formAsr: "asr", formShfV: "alu_shf[indirect]", formAsrV: "asr[indirect]",
	formDblV: "dbl_shf[indirect]", formField: "ld_field", formClr: "ld_field_w_clr", formConst: "immed", formMul: "mul",
	formMem32: "mem[32]", formMem40: "mem[40]", formAddImm: "add_imm", formCSRWr: "local_csr_wr", formCSRRd: "csr_rd", formBcc: "bcc",
	formBrBit: "br_bit", formBrByte: "br=byte", formExit: "exit", formCall: "call", formNop: "nop", formEntry: "entry",
	formLeave: "leave", formInside: "leave and return", formBegin: "begin",
}

// listing shows the code before its layout: values that are defined, form, and
// values that are read, with their places once those are found.
type listing struct {
	code **Code
	res  **regalloc.Result
}

func (l listing) String() string {
	c := *l.code
	var sb strings.Builder
	for b := range c.blocks {
		blk := &c.blocks[b]
		fmt.Fprintf(&sb, "b%d:\n", b)
		for k := blk.lo; k < blk.hi; k++ {
			l.node(&sb, c, k)
		}
	}
	return sb.String()
}

func (l listing) node(sb *strings.Builder, c *Code, k int) {
	n := &c.nodes[k]
	var defs, reads []string
	for j, o := range n.ops {
		s := "--"
		if o.V != regalloc.NoVReg {
			s = fmt.Sprintf("v%d", o.V)
		}
		if *l.res != nil {
			s += fmt.Sprintf(":%v", (*l.res).Locs(k)[j])
		}
		if o.Flags&regalloc.Def != 0 {
			defs = append(defs, s)
		} else {
			reads = append(reads, s)
		}
	}
	sb.WriteString("  ")
	if len(defs) > 0 {
		fmt.Fprintf(sb, "%s = ", strings.Join(defs, ", "))
	}
	sb.WriteString(formNames[n.form])
	if len(reads) > 0 {
		fmt.Fprintf(sb, " %s", strings.Join(reads, ", "))
	}
	if *l.res != nil && (*l.res).Removed(k) {
		sb.WriteString(" ; not needed")
	}
	sb.WriteByte('\n')
}
