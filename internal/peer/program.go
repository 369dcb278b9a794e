package peer

import (
	"fmt"
	"strconv"

	"github.com/skipsw/skipsw/nfpisa"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// Program returns the case's eBPF as an object file would give it.
func (c *Case) Program() (*object.Program, error) {
	p := &object.Program{Object: "corpus", Name: c.Name, Section: c.ProgType, Type: object.XDP, License: "GPL"}
	if c.ProgType == "sched_cls" {
		p.Type = object.TC
	}
	var raw []byte
	for _, i := range c.EBPF {
		raw = append(raw, i...)
	}
	var err error
	if p.Insns, err = bpf.Decode(raw); err != nil {
		return nil, fmt.Errorf("%s: %w", c.Name, err)
	}
	for pc := range p.Insns {
		if p.Insns[pc].IsMapLoad() {
			p.Insns[pc].Imm-- // the file counts maps from 1
		}
	}
	for _, pc := range append([]int{0}, bpf.FuncStarts(p.Insns)...) {
		p.Funcs = append(p.Funcs, object.Func{Name: fmt.Sprintf("f%d", pc), Start: pc})
	}
	for _, m := range c.Maps {
		typ, ok := bpf.MapTypeByName(m.Type)
		if !ok {
			return nil, fmt.Errorf("%s: map %s: no map type is named %q", c.Name, m.Name, m.Type)
		}
		om := &object.Map{Name: m.Name, Type: typ, KeySize: m.KeySize, ValueSize: m.ValueSize, MaxEntries: m.MaxEntries}
		for _, e := range m.Initial {
			om.Initial = append(om.Initial, object.Entry{Key: e.Key, Value: e.Value})
		}
		p.Maps = append(p.Maps, om)
	}
	return p, nil
}

// Image returns the words of the kernel's JIT as an image for target agilio.
func (c *Case) Image() (*image.Image, error) {
	t := target.MustBuiltin("agilio")
	t.Core.CodeStart, t.Core.CodeWords, t.Core.Done = target.CodeAddr(c.NFP.StartOff), len(c.NFP.Words), target.CodeAddr(c.NFP.TgtDone)
	img := &image.Image{Target: t, Machine: image.Machine{
		Mode: nfpisa.Ctx4, CodeStart: c.NFP.StartOff, Done: c.NFP.TgtDone,
		Helpers: map[uint32]uint16{}, StackSize: c.NFP.StackSize,
	}}
	for name, addr := range c.NFP.Helpers {
		id, ok := bpf.HelperByName(name)
		if !ok {
			return nil, fmt.Errorf("%s: no helper is named %q", c.Name, name)
		}
		img.Machine.Helpers[uint32(id)] = addr
		t.Helpers[name] = target.Helper{By: target.HelperFirmware, Address: target.CodeAddr(addr)}
	}
	for _, w := range c.NFP.Words {
		v, err := strconv.ParseUint(w, 16, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.Name, err)
		}
		img.Words = append(img.Words, nfpisa.Word(v))
	}
	typ := "xdp"
	if c.ProgType == "sched_cls" {
		typ = "tc"
	}
	img.Programs = []image.Program{{Name: c.Name, Type: typ}}
	for i, m := range c.Maps {
		im := image.Map{
			Name: m.Name, Type: m.Type, KeySize: m.KeySize, ValueSize: m.ValueSize, MaxEntries: m.MaxEntries,
			ID: c.NFP.Tids[i], WordUse: c.NFP.MapWordUse[m.Name],
		}
		for _, e := range m.Initial {
			im.Initial = append(im.Initial, image.Entry{Key: e.Key, Value: e.Value})
		}
		img.Maps = append(img.Maps, im)
	}
	return img, nil
}
