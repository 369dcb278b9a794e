package answers

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/skipsw/skipsw/internal/peer"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// Program is a program that the driver is asked about.
type Program struct {
	Name string // unique, without blanks
	*object.Program
}

// Tag tells a program from others: a hash of its type, instructions and maps.
func (p Program) Tag() string {
	h := sha256.New()
	fmt.Fprintln(h, p.Type, p.License)
	h.Write(bpf.Encode(nil, p.Insns))
	for _, m := range p.Maps {
		fmt.Fprintln(h, m.Type, m.KeySize, m.ValueSize, m.MaxEntries, m.Flags)
	}
	return hex.EncodeToString(h.Sum(nil)[:4])
}

// objectFolders hold the objects, from the module's root.
var objectFolders = []string{"testdata/bpf", "testdata/bpf/odd", "testdata/bpf/refused", "offload/e2e/testdata/bpf"}

// Programs returns all programs, in the order in which they are loaded: those of
// the objects, of the corpus of testdata/peer, and of testdata/driver/*.txt.
// Programs that their object refuses are left out: there is nothing to load.
func Programs(root string) ([]Program, error) {
	var all []Program
	for _, dir := range objectFolders {
		objects, err := filepath.Glob(filepath.Join(root, dir, "*.o"))
		if err != nil {
			return nil, err
		}
		for _, path := range objects {
			obj, err := object.Load(path, object.Options{})
			if err != nil {
				continue // an object that is none
			}
			for _, p := range obj.Programs {
				if p.Refused == nil {
					name, _ := filepath.Rel(filepath.Join(root, filepath.Dir(dir)), path)
					all = append(all, Program{strings.TrimSuffix(name, ".o") + "/" + p.Name, p})
				}
			}
		}
	}
	cases, err := corpus(filepath.Join(root, "testdata/peer"))
	if err != nil {
		return nil, err
	}
	texts, err := filepath.Glob(filepath.Join(root, folder, "*.programs"))
	if err != nil {
		return nil, err
	}
	all = append(all, cases...)
	for _, path := range texts {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		more, err := Parse(strings.TrimSuffix(filepath.Base(path), ".programs"), string(b))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, more...)
	}
	return all, unique(all)
}

func unique(all []Program) error {
	seen := map[string]bool{}
	for _, p := range all {
		if seen[p.Name] {
			return fmt.Errorf("two programs are named %s", p.Name)
		}
		seen[p.Name] = true
	}
	return nil
}

// corpus returns the programs of the corpus of the kernel's JIT, those that the
// driver refused too.
func corpus(dir string) (all []Program, err error) {
	cases, err := peer.Load(dir)
	if err != nil {
		return nil, err
	}
	refused, err := peer.LoadRefused(dir)
	if err != nil {
		return nil, err
	}
	for i := range refused {
		cases = append(cases, refused[i].Case)
	}
	for i := range cases {
		p, err := cases[i].Program()
		if err != nil {
			return nil, err
		}
		for _, m := range p.Maps {
			m.Initial = nil // a counter that is not zero before the load is refused
		}
		all = append(all, Program{"peer/" + cases[i].Name, p})
	}
	return all, nil
}

// Parse reads programs, one a line:
//
//	# comment
//	map NAME TYPE KEY VALUE ENTRIES    a map that the programs below may name
//	nomaps                             the maps above are not for the programs below
//	def NAME = TEXT                    what stands for $NAME in the programs below
//	xdp NAME: TEXT                     a program in the notation of package bpf, ";" for line ends
//	tc NAME: TEXT
//
// A label that begins with a capital letter begins a function. "N times (TEXT)times"
// in a program is TEXT, N times.
func Parse(prefix, text string) (all []Program, err error) {
	var maps []*object.Map
	defs := map[string]string{}
	for n, line := range strings.Split(text, "\n") {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "", "#":
		case "nomaps":
			maps = nil
		case "map":
			m, merr := parseMap(rest)
			maps, err = append(maps, m), merr
		case "def":
			name, what, _ := strings.Cut(rest, " = ")
			defs[name], err = expand(what, defs)
		case "xdp", "tc":
			name, what, _ := strings.Cut(rest, ": ")
			var p *object.Program
			if what, err = expand(what, defs); err == nil {
				p, err = assemble(name, word, what, maps)
			}
			all = append(all, Program{prefix + "/" + name, p})
		default:
			err = fmt.Errorf("%q", word)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n+1, err)
		}
	}
	return all, nil
}

func parseMap(text string) (*object.Map, error) {
	f := strings.Fields(text)
	if len(f) != 5 {
		return nil, errors.New("map NAME TYPE KEY VALUE ENTRIES")
	}
	typ, ok := bpf.MapTypeByName(f[1])
	if !ok {
		return nil, fmt.Errorf("no map type %q", f[1])
	}
	m := &object.Map{Name: f[0], Type: typ}
	for i, to := range []*uint32{&m.KeySize, &m.ValueSize, &m.MaxEntries} {
		v, err := strconv.ParseUint(f[2+i], 10, 32)
		if err != nil {
			return nil, err
		}
		*to = uint32(v)
	}
	return m, nil
}

// expand puts in what names and repetitions stand for.
func expand(text string, defs map[string]string) (string, error) {
	for {
		i := strings.IndexByte(text, '$')
		if i < 0 {
			break
		}
		name := text[i+1:]
		if end := strings.IndexAny(name, " ;"); end >= 0 {
			name = name[:end]
		}
		what, ok := defs[name]
		if !ok {
			return "", fmt.Errorf("$%s stands for nothing", name)
		}
		text = text[:i] + what + text[i+1+len(name):]
	}
	for {
		i := strings.Index(text, " times (")
		if i < 0 {
			return text, nil
		}
		from := strings.LastIndexAny(text[:i], " ;") + 1
		n, err := strconv.Atoi(text[from:i])
		body, rest, ok := strings.Cut(text[i+len(" times ("):], ")times")
		if err != nil || !ok {
			return "", errors.New("repetitions are N times (TEXT)times")
		}
		text = text[:from] + strings.Repeat(body, n) + rest
	}
}

// assemble makes a program with those of the maps that it names.
func assemble(name, section, text string, maps []*object.Map) (*object.Program, error) {
	p := &object.Program{Object: "text", Name: name, Section: section, Type: object.XDP, License: "GPL", Funcs: []object.Func{{Name: name}}}
	if section == "tc" {
		p.Type = object.TC
	}
	names := make([]string, len(maps))
	for i, m := range maps {
		names[i] = m.Name
	}
	code, err := bpf.Parse(strings.ReplaceAll(text, ";", "\n"), names...)
	if err != nil {
		return nil, err
	}
	p.Insns = code.Insns
	at := map[int32]int32{}
	for i := range p.Insns {
		in := &p.Insns[i]
		if !in.IsMapLoad() {
			continue
		}
		if _, ok := at[in.Imm]; !ok {
			at[in.Imm] = int32(len(p.Maps))
			p.Maps = append(p.Maps, maps[in.Imm])
		}
		in.Imm = at[in.Imm]
	}
	for label, slot := range code.Labels {
		if label[0] >= 'A' && label[0] <= 'Z' {
			p.Funcs = append(p.Funcs, object.Func{Name: label, Start: slot})
		}
	}
	slices.SortFunc(p.Funcs, func(a, b object.Func) int { return a.Start - b.Start })
	return p, nil
}
