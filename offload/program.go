package offload

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/cilium/ebpf/btf"

	"github.com/skipsw/skipsw/internal/infile"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/object"
	"github.com/skipsw/skipsw/translate/verify"
)

// Program is a program with what a device may need to load it.
type Program struct {
	*object.Program
	// Image is the compiled program, which a device that runs machine code
	// needs (ImageTaker). Attach and Replace make it when it is nil; the kernel
	// compiles by itself.
	Image *image.Image
	// Types are the types of keys and values by the map's name, as far as the
	// object has type information.
	Types map[string]MapTypes
	// Pins are the folders of the BPF file system, from its root, in which the
	// object asks maps to be pinned, by the map's name.
	Pins map[string]string
	// Tails are the programs of the object that this one reaches by tail calls,
	// by name.
	Tails map[string]*object.Program
	// Siblings are all programs of the object.
	Siblings []*object.Program
	// Was is what program arrays held when the program was made of the one that
	// runs, by the map's name and the index: a device puts it in that one's place
	// only if they still do (Sourcer).
	Was map[string]map[uint32]string
}

// MapTypes are the types of a map's keys and values; nil where not known.
type MapTypes struct{ Key, Value btf.Type }

// ReadProgram reads an object file and selects a program: by section or by name, the
// only one if both are empty. o says how the object is read: the type of
// programs whose section does not tell, what a loader sets.
func ReadProgram(path, section, name string, o object.Options) (*Program, error) {
	b, err := infile.Read(path, "an object", infile.Object)
	if err != nil {
		return nil, err
	}
	return ParseProgram(filepath.Base(path), b, section, name, o)
}

// ParseProgram is ReadProgram for an object in memory, which messages call file.
func ParseProgram(file string, b []byte, section, name string, o object.Options) (*Program, error) {
	obj, err := object.LoadBytes(file, b, o)
	if err != nil {
		return nil, err
	}
	p, err := choose(obj, section, name)
	if err != nil {
		return nil, err
	}
	tails := tailPrograms(obj, p)
	for _, q := range tails {
		if errors.Is(q.Refused, object.ErrNoType) && o.Type == object.UnknownType {
			// Programs that are only called have sections that name no type:
			// theirs is the caller's.
			o.Type = p.Type
			return ParseProgram(file, b, section, name, o)
		}
	}
	out := &Program{Program: p, Types: make(map[string]MapTypes), Tails: tails, Siblings: obj.Programs}
	for _, m := range obj.Maps {
		if m.KeyType != nil || m.ValueType != nil {
			out.Types[m.Name] = typesOf(m)
		}
	}
	out.askedPins(obj)
	return out, nil
}

// typesOf returns the types that the object has of a map.
func typesOf(m *object.Map) MapTypes { return MapTypes{Key: m.KeyType, Value: m.ValueType} }

// askedPins collects where the object asks maps to be pinned: as libbpf does
// without a path of its own, and as iproute2 does.
func (p *Program) askedPins(obj *object.Object) {
	for _, m := range p.Maps {
		dir := ""
		switch m.Pinning {
		case object.NotPinned:
			continue
		case object.PinGlobally:
			dir = "tc/globals"
		case object.PinByObject:
			dir = fmt.Sprintf("tc/%x", obj.Hash)
		}
		if p.Pins == nil {
			p.Pins = make(map[string]string)
		}
		p.Pins[m.Name] = dir
	}
}

// Compiled returns the program with an image for a target. The program is
// proven safe first.
func (p *Program) Compiled(t *target.Target) (*Program, error) {
	if p.Refused != nil {
		return nil, p.Refused
	}
	v, err := verify.Verify(p.Program, verify.Options{Offload: true})
	if err != nil {
		return nil, err
	}
	img, err := translate.Compile(v, translate.Options{Target: t})
	if err != nil {
		return nil, err
	}
	c := *p
	c.Image = img
	return &c, nil
}

func choose(obj *object.Object, section, name string) (*object.Program, error) {
	if section == "" {
		return obj.Program(name)
	}
	var found *object.Program
	for _, p := range obj.Programs {
		if p.Section != section || name != "" && p.Name != name {
			continue
		}
		if found != nil {
			return nil, Advise(fmt.Errorf("%s: section %q has several programs, %s and %s among them", obj.Name, section, found.Name, p.Name), AdviseProgram)
		}
		found = p
	}
	if found == nil {
		var have []string
		for _, p := range obj.Programs {
			have = append(have, p.Section)
		}
		return nil, fmt.Errorf("%s: has no program in section %q, sections are: %q", obj.Name, section, have)
	}
	return obj.Program(found.Name)
}
