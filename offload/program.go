package offload

import (
	"crypto/sha1"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"

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
}

// MapTypes are the types of a map's keys and values; nil where not known.
type MapTypes struct{ Key, Value btf.Type }

// ReadProgram reads an object file and selects a program: by section or by name, the
// only one if both are empty. o says how the object is read: the type of
// programs whose section does not tell, what a loader sets.
func ReadProgram(path, section, name string, o object.Options) (*Program, error) {
	obj, err := object.Load(path, o)
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
			return ReadProgram(path, section, name, o)
		}
	}
	out := &Program{Program: p, Types: typesOfMaps(path), Tails: tails}
	return out, out.askedPins(path)
}

// askedPins collects where the object asks maps to be pinned: as libbpf does
// without a path of its own, and as iproute2 does.
func (p *Program) askedPins(path string) error {
	for _, m := range p.Maps {
		dir := ""
		switch m.Pinning {
		case object.NotPinned:
			continue
		case object.PinGlobally:
			dir = "tc/globals"
		case object.PinByObject:
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			dir = fmt.Sprintf("tc/%x", sha1.Sum(b)) // the hash that iproute2 takes
		}
		if p.Pins == nil {
			p.Pins = make(map[string]string)
		}
		p.Pins[m.Name] = dir
	}
	return nil
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

// typesOfMaps returns the types of the object's maps. They only serve to print
// entries, so what cannot be read is left out.
func typesOfMaps(path string) map[string]MapTypes {
	spec, err := ebpf.LoadCollectionSpec(filepath.Clean(path))
	if err != nil {
		return nil
	}
	types := make(map[string]MapTypes)
	for name, m := range spec.Maps {
		if m.Key != nil || m.Value != nil {
			types[name] = MapTypes{Key: m.Key, Value: m.Value}
		}
	}
	return types
}
