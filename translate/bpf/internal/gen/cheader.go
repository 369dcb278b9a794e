package main

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"regexp"
	"strings"
)

// header holds what a C header defines, as far as the generator reads C: enums,
// numeric macros, structures of plain members and the list of helpers.
type header struct {
	enums   []*enum
	defines []entry
	structs map[string][]member
	helpers []string // by number
	values  map[string]constant.Value
}

type enum struct {
	name    string // "" for an anonymous one
	entries []entry
}

type entry struct {
	name  string
	value int64
}

// member is a member of a structure: its place and length in bytes.
type member struct {
	name      string
	off, size int
}

var (
	comments  = regexp.MustCompile(`(?s)/\*.*?\*/`)
	enumForm  = regexp.MustCompile(`(?ms)^enum\s+(\w*)\s*\{(.*?)^\};`)
	bareForm  = regexp.MustCompile(`(?ms)^enum\s*\{(.*?)^\};`)
	macroForm = regexp.MustCompile(`(?m)^#define[ \t]+(\w+)[ \t]+([^\n\\]+)$`)
	callForm  = regexp.MustCompile(`\bFN\((\w+)`)
	suffix    = regexp.MustCompile(`\b(0x[0-9a-fA-F]+|\d+)(?:U?LL?|U)\b`)
)

func parseHeader(h *header, text string) error {
	if h.values == nil {
		h.values, h.structs = map[string]constant.Value{}, map[string][]member{}
	}
	text = comments.ReplaceAllString(text, " ")
	for _, m := range macroForm.FindAllStringSubmatch(text, -1) {
		if v, err := h.eval(m[2]); err == nil {
			if err := h.set(m[1], v); err != nil {
				return err
			}
			h.defines = append(h.defines, entry{m[1], int64Of(v)})
		}
	}
	for _, m := range callForm.FindAllStringSubmatch(text, -1) {
		h.helpers = append(h.helpers, m[1])
	}
	for _, m := range enumForm.FindAllStringSubmatch(text, -1) {
		if err := h.enum(m[1], m[2]); err != nil {
			return err
		}
	}
	for _, m := range bareForm.FindAllStringSubmatch(text, -1) {
		if err := h.enum("", m[1]); err != nil {
			return err
		}
	}
	return h.parseStructs(text)
}

// enum reads the body of an enumeration. One of a name that is there already
// goes on with it.
func (h *header) enum(name, body string) error {
	var e *enum
	for _, old := range h.enums {
		if name != "" && old.name == name {
			e = old
		}
	}
	if e == nil {
		e = &enum{name: name}
		h.enums = append(h.enums, e)
	}
	next := constant.MakeInt64(0)
	for _, item := range strings.Split(body, ",") {
		lines := strings.Split(item, "\n")
		for i, l := range lines {
			if strings.HasPrefix(strings.TrimSpace(l), "#") {
				lines[i] = ""
			}
		}
		id, expr, assigned := strings.Cut(strings.Join(lines, "\n"), "=")
		id = strings.TrimSpace(id)
		if id == "" || strings.ContainsAny(id, "() \t\n") || strings.HasPrefix(id, "_") {
			continue
		}
		if assigned {
			v, err := h.eval(expr)
			if err != nil {
				return fmt.Errorf("%s: %w", id, err)
			}
			next = v
		}
		_, known := h.values[id]
		if err := h.set(id, next); err != nil {
			return err
		}
		if !known {
			e.entries = append(e.entries, entry{id, int64Of(next)})
		}
		next = constant.BinaryOp(next, token.ADD, constant.MakeInt64(1))
	}
	return nil
}

func (h *header) set(name string, v constant.Value) error {
	if old, ok := h.values[name]; ok && !constant.Compare(old, token.EQL, v) {
		return fmt.Errorf("%s is %s and %s", name, old, v)
	}
	h.values[name] = v
	return nil
}

func int64Of(v constant.Value) int64 {
	if n, ok := constant.Int64Val(v); ok {
		return n
	}
	n, _ := constant.Uint64Val(v)
	return int64(n)
}

// eval computes a constant expression, which C and Go write alike but for the
// suffixes of numbers.
func (h *header) eval(expr string) (constant.Value, error) {
	x, err := parser.ParseExpr(suffix.ReplaceAllString(strings.TrimSpace(expr), "$1"))
	if err != nil {
		return nil, err
	}
	return h.evalNode(x)
}

func (h *header) evalNode(x ast.Expr) (constant.Value, error) {
	switch x := x.(type) {
	case *ast.ParenExpr:
		return h.evalNode(x.X)
	case *ast.BasicLit:
		if x.Kind == token.INT {
			return constant.MakeFromLiteral(x.Value, x.Kind, 0), nil
		}
	case *ast.Ident:
		if v, ok := h.values[x.Name]; ok {
			return v, nil
		}
	case *ast.UnaryExpr:
		v, err := h.evalNode(x.X)
		if err == nil && x.Op == token.SUB {
			return constant.UnaryOp(x.Op, v, 0), nil
		}
	case *ast.BinaryExpr:
		a, err := h.evalNode(x.X)
		if err != nil {
			return nil, err
		}
		b, err := h.evalNode(x.Y)
		if err != nil {
			return nil, err
		}
		switch x.Op {
		case token.SHL:
			n, _ := constant.Uint64Val(b)
			return constant.Shift(a, x.Op, uint(n)), nil
		case token.OR, token.ADD, token.SUB:
			return constant.BinaryOp(a, x.Op, b), nil
		}
	}
	return nil, fmt.Errorf("no constant expression")
}

var (
	structForm = regexp.MustCompile(`(?ms)^struct\s+(\w+)\s*\{(.*?)^\};`)
	plain      = regexp.MustCompile(`^__u(8|16|32|64)\b\s*(\w*)\s*(?:\[(\d+)\])?\s*(?::\s*(\d+))?$`)
	pointer    = regexp.MustCompile(`^__bpf_md_ptr\(.*,\s*(\w+)\)$`)
)

// contexts are the structures that programs see as their context.
var contexts = []string{"xdp_md", "__sk_buff"}

// parseStructs lays out the context structures as the ABI does: members at
// multiples of their size, pointers in 8 bytes.
func (h *header) parseStructs(text string) error {
	for _, m := range structForm.FindAllStringSubmatch(text, -1) {
		wanted := false
		for _, c := range contexts {
			wanted = wanted || c == m[1]
		}
		if !wanted {
			continue
		}
		off := 0
		for _, decl := range strings.Split(m[2], ";") {
			decl = strings.Join(strings.Fields(decl), " ")
			if decl == "" {
				continue
			}
			name, size, n := "", 8, 1
			if p := pointer.FindStringSubmatch(decl); p != nil {
				name = p[1]
			} else if p := plain.FindStringSubmatch(decl); p != nil {
				fmt.Sscan(p[1], &size)
				size /= 8
				name = p[2]
				if p[3] != "" {
					fmt.Sscan(p[3], &n)
				}
				if p[4] != "" { // a bit field: padding only
					bits := 0
					fmt.Sscan(p[4], &bits)
					if name != "" {
						return fmt.Errorf("struct %s: bit field %s", m[1], name)
					}
					off += bits / 8
					continue
				}
			} else {
				return fmt.Errorf("struct %s: cannot read %q", m[1], decl)
			}
			off = (off + size - 1) &^ (size - 1)
			h.structs[m[1]] = append(h.structs[m[1]], member{name, off, size * n})
			off += size * n
		}
	}
	return nil
}
