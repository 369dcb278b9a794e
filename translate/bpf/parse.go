package bpf

import (
	"fmt"
	"strings"
)

// Listing is what Parse made of a text.
type Listing struct {
	Insns []Insn
	// Labels are the slots of the labels, by name.
	Labels map[string]int
}

// Parse reads instructions in the kernel's notation, as Text writes them, one a
// line. A semicolon starts a comment. Beside what Text writes it takes
//
//	again: r1 += 1                  a label, with or without an instruction
//	if r1 < 10 goto again           jumps, calls and functions' addresses by label
//	call map_lookup_elem            helpers by name
//	r1 = map[counts]                maps by name: maps are the names of the program's
//	raw 8500000000000001            a slot's eight bytes in hexadecimal
//
// Blanks between words count for one, those beside signs for none. Errors name
// the line.
func Parse(text string, maps ...string) (*Listing, error) {
	p := &parser{maps: maps, out: &Listing{Labels: map[string]int{}}}
	for n, l := range strings.Split(text, "\n") {
		l, _, _ = strings.Cut(l, ";")
		p.line = n + 1
		if err := p.parseLine(strings.Join(strings.Fields(l), " ")); err != nil {
			return nil, fmt.Errorf("line %d: %w", p.line, err)
		}
	}
	for _, r := range p.refs {
		if err := p.resolve(r); err != nil {
			return nil, fmt.Errorf("line %d: %w", r.line, err)
		}
	}
	return p.out, nil
}

type parser struct {
	maps []string
	out  *Listing
	line int
	refs []nameRef
}

// nameRef is an instruction that names a label, or a call that names a label or
// a helper.
type nameRef struct {
	slot, line int
	name       string
}

// parsed is what a line makes: slots, of which the first may name something.
type parsed struct {
	insns []Insn
	name  string
}

func (p *parser) parseLine(l string) error {
	for {
		m := labelForm.FindStringSubmatch(l)
		if m == nil {
			break
		}
		if _, twice := p.out.Labels[m[1]]; twice {
			return fmt.Errorf("label %s stands twice", m[1])
		}
		p.out.Labels[m[1]] = len(p.out.Insns)
		l = strings.TrimSpace(l[len(m[0]):])
	}
	if l == "" {
		return nil
	}
	for _, f := range forms {
		g := f.re.FindStringSubmatch(l)
		if g == nil {
			continue
		}
		made, err := f.make(p, g[1:])
		if err != nil {
			return fmt.Errorf("%q: %w", l, err)
		}
		for _, in := range made.insns {
			if in.Dst > 15 || in.Src > 15 {
				return fmt.Errorf("%q: no such register", l)
			}
		}
		if made.name != "" {
			p.refs = append(p.refs, nameRef{len(p.out.Insns), p.line, made.name})
		}
		p.out.Insns = append(p.out.Insns, made.insns...)
		return nil
	}
	return fmt.Errorf("%q is no instruction in the kernel's notation", l)
}

// resolve fills in what an instruction names.
func (p *parser) resolve(r nameRef) error {
	in := &p.out.Insns[r.slot]
	to, ok := p.out.Labels[r.name]
	if !ok {
		if id, helper := HelperByName(r.name); helper && in.IsFuncCall() {
			*in = CallHelper(id)
			return nil
		}
		return fmt.Errorf("nothing is named %s", r.name)
	}
	out, err := in.WithTarget(r.slot, to)
	*in = out
	return err
}
