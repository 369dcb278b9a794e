package network

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/skipsw/skipsw/internal/unsupported"
)

// Read reads tables from JSON: an object with the members links, routes,
// neighbours, rules and rules6, each a list as "ip -j" prints it, or such lists one
// after the other as the commands print them. What would be searched in another way
// than by destination, mark and interface is refused by its name.
func Read(data []byte) (*Tables, error) {
	r := reader{index: map[string]uint32{}}
	d := json.NewDecoder(bytes.NewReader(data))
	for n := 0; ; n++ {
		var v json.RawMessage
		err := d.Decode(&v)
		switch {
		case errors.Is(err, io.EOF) && n > 0:
			return r.tables()
		case errors.Is(err, io.EOF):
			return nil, errors.New("no JSON: an object with links, routes, neighbours and rules, or what ip -j prints")
		case err != nil:
			return nil, err
		}
		if err := r.value(v); err != nil {
			return nil, err
		}
	}
}

// entry is an object of a list.
type entry map[string]json.RawMessage

// reader collects what lists hold; links come first, whatever their order.
type reader struct {
	links, routes, neighbours []entry
	rules                     [2][]entry
	seen                      [2]bool
	index                     map[string]uint32
	t                         Tables
}

// value takes one JSON value of a file.
func (r *reader) value(v json.RawMessage) error {
	if bytes.HasPrefix(v, []byte("[")) {
		var list []entry
		if err := json.Unmarshal(v, &list); err != nil {
			return err
		}
		return r.guess(list)
	}
	var sections map[string][]entry
	if err := json.Unmarshal(v, &sections); err != nil {
		return fmt.Errorf("neither an object of lists nor a list: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(sections)) {
		list := sections[name]
		switch name {
		case "links":
			r.links = append(r.links, list...)
		case "routes":
			r.routes = append(r.routes, list...)
		case "neighbours":
			r.neighbours = append(r.neighbours, list...)
		case "rules", "rules6":
			six := 0
			if name == "rules6" {
				six = 1
			}
			r.rules[six], r.seen[six] = append(r.rules[six], list...), true
		default:
			return fmt.Errorf("member %q, must be links, routes, neighbours, rules or rules6", name)
		}
	}
	return nil
}

// guess takes a list as ip prints it, by what its objects have.
func (r *reader) guess(list []entry) error {
	for _, e := range list {
		switch {
		case e["ifname"] != nil && e["ifindex"] != nil:
			r.links = append(r.links, e)
		case e["state"] != nil || e["lladdr"] != nil:
			r.neighbours = append(r.neighbours, e)
		case e["priority"] != nil:
			return errors.New("a list of rules, which does not say for which family: put it into an object as rules (IPv4) or rules6")
		case e["dst"] != nil:
			r.routes = append(r.routes, e)
		case len(e) > 0:
			return fmt.Errorf("an object with %s, which is neither link, route nor neighbour", strings.Join(slices.Sorted(maps.Keys(e)), ", "))
		}
	}
	return nil
}

// tables makes the tables of what was collected.
func (r *reader) tables() (*Tables, error) {
	each := func(what string, list []entry, take func(*fields) error) error {
		for k, e := range list {
			f := &fields{e: e}
			err := take(f)
			if f.err != nil {
				err = f.err
			}
			if err != nil {
				return fmt.Errorf("%s %d: %w", what, k+1, err)
			}
		}
		return nil
	}
	if err := each("link", r.links, r.link); err != nil {
		return nil, err
	}
	if err := each("route", r.routes, r.route); err != nil {
		return nil, err
	}
	if err := each("neighbour", r.neighbours, r.neighbour); err != nil {
		return nil, err
	}
	for six, name := range []string{"rule", "rule6"} {
		var out []Rule
		err := each(name, r.rules[six], func(f *fields) error {
			rule, err := r.rule(f)
			out = append(out, rule)
			return err
		})
		if err != nil {
			return nil, err
		}
		slices.SortStableFunc(out, func(a, b Rule) int { return cmp.Compare(a.Priority, b.Priority) })
		if !r.seen[six] {
			continue
		}
		if out == nil {
			out = []Rule{}
		}
		if six == 0 {
			r.t.Rules4 = out
		} else {
			r.t.Rules6 = out
		}
	}
	return &r.t, nil
}

// fields reads the members of an object; the first error stays.
type fields struct {
	e   entry
	err error
}

func (f *fields) get(name string, to any) bool {
	v := f.e[name]
	if v == nil {
		return false
	}
	if err := json.Unmarshal(v, to); err != nil && f.err == nil {
		f.err = fmt.Errorf("%s %s: %w", name, v, err)
	}
	return true
}

func (f *fields) text(name string) (s string) {
	f.get(name, &s)
	return s
}

func (f *fields) number(name string) (n uint32) {
	f.get(name, &n)
	return n
}

// hex reads a number that ip prints as text.
func (f *fields) hex(name string) uint32 {
	s := f.text(name)
	if s == "" {
		return 0
	}
	n, err := strconv.ParseUint(s, 0, 32)
	if err != nil && f.err == nil {
		f.err = fmt.Errorf("%s %q is no number of 32 bits", name, s)
	}
	return uint32(n)
}

// address reads an address, the zero one if there is none.
func (f *fields) address(name string) netip.Addr {
	s := f.text(name)
	if s == "" {
		return netip.Addr{}
	}
	a, err := netip.ParseAddr(s)
	if err != nil && f.err == nil {
		f.err = fmt.Errorf("%s %q is no address", name, s)
	}
	return a.WithZone("")
}

// mac reads a link address; others than Ethernet's are zero.
func (f *fields) mac(name string) (mac [6]byte) {
	if b, err := net.ParseMAC(f.text(name)); err == nil && len(b) == len(mac) {
		copy(mac[:], b)
	}
	return mac
}

// only refuses members that would change the meaning of the others, by their name.
func (f *fields) only(what string, known ...string) error {
	for _, name := range slices.Sorted(maps.Keys(f.e)) {
		if !slices.Contains(known, name) {
			return unsupported.New(fmt.Sprintf("%s with %s", what, name), "a card searches by destination, mark and interface")
		}
	}
	return nil
}
