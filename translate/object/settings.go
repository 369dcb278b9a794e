package object

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cilium/ebpf/btf"

	"github.com/skipsw/skipsw/internal/btfvalue"
)

// Setting is a const volatile variable, which a loader sets before it loads and
// which is a constant from then on.
type Setting struct {
	Name      string
	Off, Size uint32 // bytes, in the value of its map
	Set       bool   // by Options.Set
}

// variable is a variable of a data section.
type variable struct {
	m         *Map
	off, size uint32
	typ       btf.Type
}

// resize gives maps the numbers of entries that were asked for.
func (l *linker) resize(sizes map[string]uint32) error {
	byName := map[string]*Map{}
	for _, m := range l.maps {
		byName[m.Name] = m
	}
	for _, name := range slices.Sorted(maps.Keys(sizes)) {
		m := byName[name]
		if m == nil {
			return fmt.Errorf("no map %q to size; the object has: %s", name, list(byName))
		}
		if isData(m.Name) {
			return fmt.Errorf("map %q holds variables: its size is theirs", name)
		}
		m.MaxEntries = sizes[name]
	}
	return nil
}

func isData(name string) bool {
	return strings.HasPrefix(name, ".data") || strings.HasPrefix(name, ".rodata") || strings.HasPrefix(name, ".bss") || name == kconfig
}

func list[V any](m map[string]V) string {
	if len(m) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(maps.Keys(m)), ", ")
}

// variables returns the variables of the data sections that BTF describes, and
// notes those that are settings.
func (l *linker) variables() map[string]variable {
	all := map[string]variable{}
	for _, name := range slices.Sorted(maps.Keys(l.maps)) {
		m := l.maps[name]
		if !isData(m.Name) || len(m.Initial) != 1 {
			continue
		}
		var section *btf.Datasec
		if ds, ok := l.spec.Maps[name].Value.(*btf.Datasec); ok {
			section = ds
		} else if l.spec.Types == nil || l.spec.Types.TypeByName(name, &section) != nil {
			continue
		}
		for _, v := range section.Vars {
			own, ok := v.Type.(*btf.Var)
			if !ok || uint64(v.Offset)+uint64(v.Size) > uint64(len(m.Initial[0].Value)) {
				continue
			}
			all[own.Name] = variable{m: m, off: v.Offset, size: v.Size, typ: own.Type}
			if m.Frozen && isVolatile(own.Type) {
				m.Settings = append(m.Settings, Setting{Name: own.Name, Off: v.Offset, Size: v.Size})
			}
		}
		slices.SortStableFunc(m.Settings, func(a, b Setting) int { return int(a.Off) - int(b.Off) })
	}
	return all
}

// isVolatile reports whether a type, or that of an array's elements, is volatile.
func isVolatile(t btf.Type) bool {
	for range btfvalue.MaxNesting {
		switch q := t.(type) {
		case *btf.Volatile:
			return true
		case *btf.Const:
			t = q.Type
		case *btf.Typedef:
			t = q.Type
		case *btf.Array:
			t = q.Type
		default:
			return false
		}
	}
	return false
}

// set gives variables the values that were asked for.
func (l *linker) set(values map[string]string) error {
	vars := l.variables()
	for _, path := range slices.Sorted(maps.Keys(values)) {
		name, rest := splitPath(path, vars)
		v, ok := vars[name]
		if !ok && len(vars) == 0 {
			return fmt.Errorf("no variable %q to set: the object has none, or no type information (compile with -g)", path)
		}
		if !ok {
			return fmt.Errorf("no variable %q to set; the object has: %s", path, list(vars))
		}
		bytes := v.m.Initial[0].Value[v.off:][:v.size]
		if err := btfvalue.Store(v.typ, bytes, rest, values[path]); err != nil {
			return fmt.Errorf("%s=%s: %w", path, values[path], err)
		}
		l.given[name] = true
		for k := range v.m.Settings {
			if s := &v.m.Settings[k]; s.Name == name {
				s.Set = true
			}
		}
	}
	return nil
}

// splitPath splits a path behind the longest name of a variable that it begins
// with: names of static variables of functions have dots.
func splitPath(path string, vars map[string]variable) (name, rest string) {
	for end := len(path); end > 0; end = strings.LastIndexAny(path[:end], ".[") {
		if _, ok := vars[path[:end]]; ok {
			return path[:end], path[end:]
		}
	}
	return path, ""
}
