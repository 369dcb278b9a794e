package object

import (
	"bytes"
	"crypto/sha1"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"

	"github.com/skipsw/skipsw/internal/infile"
)

// Options says how to read an object.
type Options struct {
	// Type is the type of the programs whose section names none, as given by
	// --type. A section that does name a type keeps it. Without it, a program that
	// others reach by tail calls has the type of its callers.
	Type Type
	// Set gives variables of the object the values that its loader would, before
	// anything is known of them: by name, or by a path to a part ("limits[2].rate").
	// Values are in the notation of C, by the types of the object's BTF: 80, -1,
	// true, 'x', BLOCK of an enum, {1, 2}, {.rate = 1}, text for an array of char.
	Set map[string]string
	// MapSizes gives maps their numbers of entries.
	MapSizes map[string]uint32
	// Slots puts programs of the object into program arrays, by the array's name
	// and the index, beside those that the object puts there itself.
	Slots map[string]map[uint32]string
	// NoPrintk leaves out the calls of bpf_trace_printk and bpf_trace_vprintk, see
	// Program.Unprinted.
	NoPrintk bool
	// Fragments makes tc programs take long frames, see Program.Fragments.
	Fragments bool
	// BTF is the type information that structures and enumerations which the UAPI
	// does not fix are relocated against (CO-RE), a kernel's for example; nil for
	// none.
	BTF *btf.Spec
}

// Object is what an eBPF object file holds.
type Object struct {
	Name string // base name of the file, for messages
	// Programs are the entry programs in the order of the file: section by
	// section, by offset. Those that cannot be taken are among them, with
	// Refused set.
	Programs []*Program
	// Maps are all maps of the file, by name. Programs share them by pointer.
	Maps []*Map
	// Hash is the SHA-1 of the file, by which iproute2 names what belongs to it.
	Hash [sha1.Size]byte
}

// Load reads an object file.
//
// Structures that ask for relocation (CO-RE) are relocated against the contexts
// of the UAPI and Options.BTF. Others keep the layout that they were compiled with, such as
// headers of packets: there is no kernel on a NIC whose layout could differ. What
// only a kernel could answer refuses the program.
//
// The error names the file and says what is wrong with it. Faults of a single
// program stand in its Refused field instead.
func Load(path string, o Options) (*Object, error) {
	b, err := infile.Read(path, "an object", infile.Object)
	if err != nil {
		return nil, err
	}
	return LoadBytes(filepath.Base(path), b, o)
}

// LoadBytes reads an object from memory. The name stands in messages.
func LoadBytes(name string, b []byte, o Options) (obj *Object, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s: %w", name, err)
		}
	}()
	file, err := openELF(b)
	if err != nil {
		return nil, err
	}
	spec, err := collection(file.bytes())
	for tries := 0; err != nil && tries < maxUnreadable && file.yield(err); tries++ {
		spec, err = collection(file.bytes())
	}
	if err != nil {
		return nil, err
	}
	file.entries(spec, o)
	if len(spec.Programs) == 0 {
		return nil, errNoPrograms
	}
	l := &linker{name: name, file: file, spec: spec, maps: make(map[string]*Map), given: make(map[string]bool), kernel: o.BTF}
	if err := l.loadMaps(o); err != nil {
		return nil, err
	}
	obj = &Object{Name: name, Hash: sha1.Sum(b)}
	l.types = l.callTypes(o)
	for _, p := range l.orderedPrograms() {
		prog, err := l.program(p, o)
		if err != nil {
			return nil, fmt.Errorf("program %s: %w", p.Name, err)
		}
		if o.NoPrintk {
			prog.leaveOutPrints()
		}
		obj.Programs = append(obj.Programs, prog)
	}
	noteCalled(obj.Programs)
	for _, m := range l.maps {
		obj.Maps = append(obj.Maps, m)
	}
	slices.SortFunc(obj.Maps, func(a, b *Map) int { return strings.Compare(a.Name, b.Name) })
	return obj, nil
}

// maxUnreadable is how many parts of an object may be beyond the library before
// the object is.
const maxUnreadable = 100

// Errors that callers test for with errors.Is.
var (
	// ErrSeveral is the error of Object.Program without a name when there are
	// several.
	ErrSeveral = errors.New("several programs")
	// ErrNoType is a program whose section names no type, when Options names
	// none either.
	ErrNoType = errors.New("names no program type")
)

// Program returns the program of the given name, or the only one if the name
// is empty. Asking for a program that cannot be taken is answered with the
// reason.
func (o *Object) Program(name string) (*Program, error) {
	if name == "" {
		if len(o.Programs) == 1 {
			return o.Programs[0], o.Programs[0].refusal()
		}
		return nil, fmt.Errorf("%s: has %w (%d) and one must be named: %s", o.Name, ErrSeveral, len(o.Programs), o.names())
	}
	for _, p := range o.Programs {
		if p.Name == name {
			return p, p.refusal()
		}
	}
	return nil, fmt.Errorf("%s: has no program %q, it has: %s", o.Name, name, o.names())
}

func (o *Object) names() string {
	var names []string
	for _, p := range o.Programs {
		names = append(names, p.Name)
	}
	return strings.Join(names, ", ")
}

// Map returns the map of the given name, or nil.
func (o *Object) Map(name string) *Map {
	for _, m := range o.Maps {
		if m.Name == name {
			return m
		}
	}
	return nil
}

func (p *Program) refusal() error {
	if p.Refused == nil {
		return nil
	}
	return fmt.Errorf("%s: program %s: %w", p.Object, p.Name, p.Refused)
}

// collection lets the ELF library read the object. Hostile files may drive it
// into a panic, which counts as damage of the file.
func collection(b []byte) (spec *ebpf.CollectionSpec, err error) {
	defer func() {
		if r := recover(); r != nil {
			spec, err = nil, fmt.Errorf("damaged object: %v", r)
		}
	}()
	spec, err = ebpf.LoadCollectionSpecFromReader(bytes.NewReader(b))
	if err != nil {
		return nil, explain(err)
	}
	return spec, nil
}

// explain adds the way out to a library error where one is known.
func explain(err error) error {
	s := err.Error()
	switch {
	case strings.Contains(s, "section .maps: missing BTF"), strings.Contains(s, "load BTF maps: missing BTF"):
		return fmt.Errorf("maps in section .maps need BTF; compile with -g")
	case strings.Contains(s, "no symbols"):
		return fmt.Errorf("%w; a code or map section has lost its symbols, or its name begins with \"maps\"", err)
	}
	return err
}
