package offload

import (
	"fmt"
	"slices"
	"strings"

	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/translate/object"
)

// mayDrop refuses a replacement that would lose the contents of a map in
// passing: the new program has a map of the name, but of another shape, or one of
// which nobody can tell whether it is the same. others are the maps of the same
// shape and other types, allow names maps that may go.
func mayDrop(dropped []MapInfo, p *Program, others []retyped, allow []string) error {
	unused := slices.Clone(allow)
	for _, o := range dropped {
		m := namesake(&o, p)
		if m == nil || ownContents(m) {
			continue
		}
		named := func(name string) bool { return name == m.Name || name == o.Name }
		if slices.ContainsFunc(allow, named) {
			unused = slices.DeleteFunc(unused, named)
			continue
		}
		why := difference(&o, m)
		for _, r := range others {
			if r.id == o.ID {
				why = r.diff
			}
		}
		return Advise(fmt.Errorf("map %s (id %d) would lose its contents: %s", m.Name, o.ID, why), AdviseDropMap)
	}
	if len(unused) > 0 {
		return fmt.Errorf("map %s is not one that the replacement drops", strings.Join(unused, ", "))
	}
	return nil
}

// retyped is a map of the old program that has the shape of one of the new, and
// other types.
type retyped struct {
	id   uint32
	diff string
}

// namesake returns the program's map that an old one may be, nil for none.
func namesake(o *MapInfo, p *Program) *object.Map {
	for _, m := range p.Maps {
		if o.FullName == m.Name || o.FullName == "" && o.Name == KernelName(m.Name) {
			return m
		}
	}
	return nil
}

// difference says why a map cannot use an old one on.
func difference(o *MapInfo, m *object.Map) string {
	var parts []string
	differ := func(what string, was, is any) {
		if was != is {
			parts = append(parts, fmt.Sprintf("%s was %v and is %v", what, was, is))
		}
	}
	differ("its type", o.Type, m.Type)
	differ("its key's size", o.KeySize, m.KeySize)
	differ("its value's size", o.ValueSize, m.ValueSize)
	differ("the number of its entries", o.MaxEntries, m.MaxEntries)
	differ("its flags", o.Flags, m.Flags)
	if len(parts) == 0 && o.FullName == "" && !sys.Kept(o.Name) {
		return fmt.Sprintf("the device keeps %q of its name only, and several may be meant", o.Name)
	}
	if len(parts) == 0 {
		return "another map takes its place"
	}
	return strings.Join(parts, ", ")
}
