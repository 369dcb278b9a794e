package btfvalue

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/cilium/ebpf/btf"
)

// Store writes a value to the bytes of a variable of type t, or to the part of
// it that a path of ".member" and "[index]" names.
func Store(t btf.Type, bytes []byte, path, text string) error {
	p, err := place{typ: t, bytes: bytes}.walk(path)
	if err != nil {
		return err
	}
	return p.store(text, 0)
}

// place is a piece of a variable.
type place struct {
	typ   btf.Type
	bytes []byte
	// first and width are the bits of a bit field in bytes; width is 0 for all
	// others.
	first, width int
}

// walk follows a path of ".member" and "[index]".
func (p place) walk(path string) (place, error) {
	var err error
	for path != "" && err == nil {
		end := strings.IndexAny(path[1:], ".[") + 1
		if end == 0 {
			end = len(path)
		}
		step := path[:end]
		path = path[end:]
		if step[0] == '.' {
			p, err = p.member(step[1:])
			continue
		}
		n, bad := strconv.ParseUint(strings.TrimSuffix(step[1:], "]"), 0, 32)
		if bad != nil || !strings.HasSuffix(step, "]") {
			return p, fmt.Errorf("%q is no index", step)
		}
		p, err = p.element(uint32(n))
	}
	return p, err
}

// part returns size bytes of a place at an offset.
func (p place) part(off uint64, t btf.Type) (place, error) {
	size, err := btf.Sizeof(t)
	if err != nil {
		return p, err
	}
	if size < 0 || off > uint64(len(p.bytes)) || uint64(size) > uint64(len(p.bytes))-off {
		return p, fmt.Errorf("the type information is damaged: %d bytes at %d of %d", size, off, len(p.bytes))
	}
	return place{typ: t, bytes: p.bytes[off:][:size]}, nil
}

func (p place) element(n uint32) (place, error) {
	a, ok := btf.UnderlyingType(p.typ).(*btf.Array)
	if !ok {
		return p, fmt.Errorf("[%d] of what is no array", n)
	}
	if n >= a.Nelems {
		return p, fmt.Errorf("index %d of an array of %d", n, a.Nelems)
	}
	size, err := btf.Sizeof(a.Type)
	if err != nil {
		return p, err
	}
	return p.part(uint64(n)*uint64(size), a.Type)
}

// member finds a member, in unnamed structures and unions too.
func (p place) member(name string) (place, error) {
	if found, ok, err := p.find(name, 0); ok || err != nil {
		return found, err
	}
	members, _ := membersOf(p.typ)
	var have []string
	for _, m := range members {
		have = append(have, m.Name)
	}
	if have == nil {
		return p, fmt.Errorf(".%s of what is no structure", name)
	}
	return p, fmt.Errorf("no member %q; there are: %s", name, strings.Join(have, ", "))
}

func (p place) find(name string, depth int) (_ place, ok bool, err error) {
	members, _ := membersOf(p.typ)
	for _, m := range members {
		if m.Name != name && m.Name != "" || depth > MaxNesting {
			continue
		}
		at, err := p.at(m)
		if err != nil || m.Name == name {
			return at, true, err
		}
		if at, ok, err = at.find(name, depth+1); ok || err != nil {
			return at, ok, err
		}
	}
	return p, false, nil
}

// at returns the place of a member.
func (p place) at(m btf.Member) (place, error) {
	if m.BitfieldSize == 0 {
		return p.part(uint64(m.Offset.Bytes()), m.Type)
	}
	if uint64(m.Offset)+uint64(m.BitfieldSize) > uint64(len(p.bytes))*8 {
		return p, fmt.Errorf("the type information is damaged: a bit field behind its structure")
	}
	return place{typ: m.Type, bytes: p.bytes, first: int(m.Offset), width: int(m.BitfieldSize)}, nil
}

func membersOf(t btf.Type) (members []btf.Member, union bool) {
	switch s := btf.UnderlyingType(t).(type) {
	case *btf.Struct:
		return s.Members, false
	case *btf.Union:
		return s.Members, true
	}
	return nil, false
}

// store writes a value in the notation of the package.
func (p place) store(text string, depth int) error {
	text = strings.TrimSpace(text)
	if depth > MaxNesting {
		return fmt.Errorf("types nest deeper than %d", MaxNesting)
	}
	if p.width == 0 && parseAddress(p.typ, p.bytes, text) {
		return nil
	}
	switch t := btf.UnderlyingType(p.typ).(type) {
	case *btf.Int:
		n, err := number(text)
		if err != nil {
			return err
		}
		err = p.put(n, t.Encoding == btf.Signed || t.Encoding == btf.Char && strings.HasPrefix(text, "-"))
		if err == nil && p.width == 0 && bigEndian(p.typ) {
			slices.Reverse(p.bytes)
		}
		return err
	case *btf.Enum:
		for _, v := range t.Values {
			if v.Name == text {
				return p.put(integer{bits: v.Value, neg: t.Signed && int64(v.Value) < 0}, t.Signed)
			}
		}
		n, err := number(text)
		if err != nil {
			return fmt.Errorf("%q is neither a number nor of enum %s", text, t.Name)
		}
		return p.put(n, t.Signed)
	case *btf.Array:
		if e, ok := btf.UnderlyingType(t.Type).(*btf.Int); ok && e.Size == 1 && !strings.HasPrefix(text, "{") {
			return p.text(text)
		}
		return p.list(text, depth, func(k int, _ string) (place, error) { return p.element(uint32(k)) })
	case *btf.Struct, *btf.Union:
		members, union := membersOf(t)
		return p.list(text, depth, func(k int, name string) (place, error) {
			if name != "" {
				return p.member(name)
			}
			if k >= len(members) || union && k > 0 {
				return p, fmt.Errorf("more values than members")
			}
			return p.at(members[k])
		})
	}
	return fmt.Errorf("values of type %v cannot be set", btf.UnderlyingType(p.typ))
}

// text writes the characters of an array, zeros behind them.
func (p place) text(s string) error {
	if strings.HasPrefix(s, `"`) {
		var err error
		if s, err = strconv.Unquote(s); err != nil {
			return fmt.Errorf("no text: %w", err)
		}
	}
	if len(s) > len(p.bytes) {
		return fmt.Errorf("text of %d bytes for %d", len(s), len(p.bytes))
	}
	clear(p.bytes)
	copy(p.bytes, s)
	return nil
}

// list writes a list in braces; what is not named becomes zero, as in C.
func (p place) list(text string, depth int, at func(k int, name string) (place, error)) error {
	if !strings.HasPrefix(text, "{") || !strings.HasSuffix(text, "}") || len(text) < 2 {
		return fmt.Errorf("%q is no list: {1, 2} or {.member = 1}", text)
	}
	clear(p.bytes)
	for k, one := range splitList(text[1 : len(text)-1]) {
		one, name := strings.TrimSpace(one), ""
		if strings.HasPrefix(one, ".") {
			var ok bool
			if name, one, ok = strings.Cut(one[1:], "="); !ok {
				return fmt.Errorf("%q has no value", "."+name)
			}
			name = strings.TrimSpace(name)
		}
		into, err := at(k, name)
		if err == nil {
			err = into.store(one, depth+1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// splitList splits at the commas that are in no braces or quotation marks.
func splitList(s string) []string {
	var parts []string
	depth, quoted, start := 0, false, 0
	for k := 0; k < len(s); k++ {
		switch c := s[k]; {
		case quoted && c == '\\':
			k++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{':
			depth++
		case c == '}':
			depth--
		case c == ',' && depth == 0:
			parts, start = append(parts, s[start:k]), k+1
		}
	}
	if last := s[start:]; strings.TrimSpace(last) != "" {
		parts = append(parts, last)
	}
	return parts
}

// integer is a number of 64 bits with its sign.
type integer struct {
	bits uint64
	neg  bool
}

func number(s string) (integer, error) {
	switch {
	case s == "true":
		return integer{bits: 1}, nil
	case s == "false":
		return integer{}, nil
	case len(s) >= 3 && s[0] == '\'' && s[len(s)-1] == '\'':
		c, _, rest, err := strconv.UnquoteChar(s[1:len(s)-1], '\'')
		if err != nil || rest != "" || c > 0xff {
			return integer{}, fmt.Errorf("%s is no character", s)
		}
		return integer{bits: uint64(c)}, nil
	}
	if u, err := strconv.ParseUint(s, 0, 64); err == nil {
		return integer{bits: u}, nil
	}
	i, err := strconv.ParseInt(s, 0, 64)
	if err != nil {
		return integer{}, fmt.Errorf("%q is no number of 64 bits", s)
	}
	return integer{bits: uint64(i), neg: i < 0}, nil
}

// put writes a number that fits.
func (p place) put(n integer, signed bool) error {
	first, width := p.first, p.width
	if width == 0 {
		width = len(p.bytes) * 8
	}
	most := width
	if signed {
		most--
	}
	fits := bits.Len64(n.bits) <= most
	if n.neg {
		fits = signed && bits.Len64(^n.bits) <= most
	}
	if b, ok := btf.UnderlyingType(p.typ).(*btf.Int); ok && b.Encoding == btf.Bool && n.bits > 1 {
		fits = false
	}
	if !fits {
		return fmt.Errorf("does not fit: %d bits%s", width, map[bool]string{true: ", signed"}[signed])
	}
	for k := range width {
		bit := byte(0)
		if k < 64 {
			bit = byte(n.bits>>k) & 1
		} else if n.neg {
			bit = 1
		}
		at, mask := (first+k)/8, byte(1)<<((first+k)%8)
		p.bytes[at] &^= mask
		p.bytes[at] |= bit << ((first + k) % 8)
	}
	return nil
}
