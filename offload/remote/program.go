package remote

import (
	"errors"
	"fmt"
	"slices"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// Program is a program as the protocol and checkpoints have it: what a device
// needs of it, what listings show, and what it takes to link it anew.
type Program struct {
	Object  string           `json:"object,omitempty"`
	Name    string           `json:"name"`
	Section string           `json:"section,omitempty"`
	Type    object.Type      `json:"type"`
	License string           `json:"license,omitempty"`
	Insns   []byte           `json:"insns"` // as the kernel takes them
	Funcs   []function       `json:"funcs,omitempty"`
	Lines   []object.Line    `json:"lines,omitempty"`
	Maps    []*object.Map    `json:"maps,omitempty"`   // those of Called too
	Called  []called         `json:"called,omitempty"` // reached by tail calls
	Image   []byte           `json:"image,omitempty"`
	Types   map[string]Types `json:"types,omitempty"` // by the map's name
	// Was is offload.Program.Was.
	Was map[string]map[uint32]string `json:"was,omitempty"`
}

// called is a program that another reaches by tail calls; it has its type. Maps
// are indexes into the other's.
type called struct {
	Object  string         `json:"object,omitempty"`
	Name    string         `json:"name"`
	Section string         `json:"section,omitempty"`
	License string         `json:"license,omitempty"`
	Insns   []byte         `json:"insns"`
	Funcs   []function     `json:"funcs,omitempty"`
	Lines   []object.Line  `json:"lines,omitempty"`
	Maps    []int          `json:"maps,omitempty"`
	Attach  bpf.AttachType `json:"attach,omitempty"`
}

// function is object.Func with its error as text.
type function struct {
	Name    string       `json:"name"`
	Start   int          `json:"start"`
	Global  bool         `json:"global,omitempty"`
	Args    []object.Arg `json:"args,omitempty"`
	Unclear string       `json:"unclear,omitempty"`
}

func packFuncs(all []object.Func) []function {
	out := make([]function, len(all))
	for i, f := range all {
		out[i] = function{Name: f.Name, Start: f.Start, Global: f.Global, Args: f.Args}
		if f.Unclear != nil {
			out[i].Unclear = f.Unclear.Error()
		}
	}
	return out
}

func unpackFuncs(name string, all []function) []object.Func {
	if len(all) == 0 {
		return []object.Func{{Name: name}}
	}
	out := make([]object.Func, len(all))
	for i, f := range all {
		out[i] = object.Func{Name: f.Name, Start: f.Start, Global: f.Global, Args: f.Args}
		if f.Unclear != "" {
			out[i].Unclear = errors.New(f.Unclear)
		}
	}
	return out
}

// Pack describes a program. It must have an image.
func Pack(p *offload.Program) (*Program, error) {
	if p.Image == nil {
		return nil, fmt.Errorf("program %s has no image", p.Name)
	}
	img, err := p.Image.Marshal()
	if err != nil {
		return nil, fmt.Errorf("program %s: %w", p.Name, err)
	}
	out, err := packSource(p)
	if err == nil {
		out.Image = img
	}
	return out, err
}

// packSource describes a program without its image.
func packSource(p *offload.Program) (*Program, error) {
	out := &Program{
		Object: p.Object, Name: p.Name, Section: p.Section, Type: p.Type, License: p.License,
		Insns: bpf.Encode(nil, p.Insns), Funcs: packFuncs(p.Funcs), Lines: p.Lines, Maps: p.Maps, Was: p.Was,
	}
	for _, q := range p.Called {
		c := called{
			Object: q.Object, Name: q.Name, Section: q.Section, License: q.License,
			Insns: bpf.Encode(nil, q.Insns), Funcs: packFuncs(q.Funcs), Lines: q.Lines, Attach: q.Attach,
		}
		for _, m := range q.Maps {
			k := slices.Index(p.Maps, m)
			if k < 0 {
				return nil, fmt.Errorf("map %s of program %s, which program %s reaches, is not among its maps", m.Name, q.Name, p.Name)
			}
			c.Maps = append(c.Maps, k)
		}
		out.Called = append(out.Called, c)
	}
	for name, t := range p.Types {
		packed, ok := packTypes(t)
		if !ok {
			continue
		}
		if out.Types == nil {
			out.Types = map[string]Types{}
		}
		out.Types[name] = packed
	}
	return out, nil
}

// Unpack returns the program that was described, which must have an image.
func (p *Program) Unpack() (*offload.Program, error) {
	out, err := p.unpackSource()
	if err != nil {
		return nil, err
	}
	if out.Image, err = image.Read(p.Image); err != nil {
		return nil, fmt.Errorf("program %q: %w", p.Name, err)
	}
	return out, nil
}

// unpackSource returns the program without its image.
func (p *Program) unpackSource() (*offload.Program, error) {
	fail := func(err error) (*offload.Program, error) { return nil, fmt.Errorf("program %q: %w", p.Name, err) }
	for i, m := range p.Maps {
		if m == nil {
			return fail(fmt.Errorf("map %d is missing", i))
		}
		p.Types[m.Name].give(m)
	}
	insns, err := instructions(p.Insns, len(p.Maps))
	if err != nil {
		return fail(err)
	}
	src := &object.Program{
		Object: p.Object, Name: p.Name, Section: p.Section, Type: p.Type, License: p.License,
		Insns: insns, Funcs: unpackFuncs(p.Name, p.Funcs), Maps: p.Maps, Lines: p.Lines,
	}
	for _, c := range p.Called {
		q := &object.Program{
			Object: c.Object, Name: c.Name, Section: c.Section, Type: p.Type, License: c.License,
			Funcs: unpackFuncs(c.Name, c.Funcs), Lines: c.Lines, Attach: c.Attach,
		}
		for _, k := range c.Maps {
			if k < 0 || k >= len(p.Maps) {
				return fail(fmt.Errorf("map %d of program %q, of %d", k, c.Name, len(p.Maps)))
			}
			q.Maps = append(q.Maps, p.Maps[k])
		}
		if q.Insns, err = instructions(c.Insns, len(q.Maps)); err != nil {
			return fail(fmt.Errorf("program %q: %w", c.Name, err))
		}
		src.Called = append(src.Called, q)
	}
	out := &offload.Program{Program: src, Was: p.Was}
	for name, t := range p.Types {
		if out.Types == nil {
			out.Types = map[string]offload.MapTypes{}
		}
		out.Types[name] = t.unpack()
	}
	return out, nil
}

// instructions reads instructions that refer to one of some maps.
func instructions(b []byte, maps int) ([]bpf.Insn, error) {
	insns, err := bpf.Decode(b)
	if err != nil {
		return nil, err
	}
	for pc, in := range insns {
		if k, ok := in.MapIndex(); ok && (k < 0 || k >= maps) {
			return nil, fmt.Errorf("instruction %d refers to map %d, of %d", pc, k, maps)
		}
	}
	return insns, nil
}
