package offload

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/skipsw/skipsw/internal/sys"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// Request is what to attach and where.
type Request struct {
	Program *Program
	// Loaded is a program that is on the device already (opened from a pin);
	// it is attached instead of loading Program. Hook.Type must then be set.
	Loaded Loaded
	Hook   Hook // Type may be left out: it is the program's
	// Force attaches in the place of a program that is there.
	Force bool
	// KeepDevice leaves the device as it is: what the hook needs and is not
	// there (hw-tc-offload, clsact) is then an error of the device.
	KeepDevice bool
	// Pin is a folder of the BPF file system that keeps program and maps. A map
	// that is pinned there already is used on if it fits, and else an error. The
	// same holds for maps which the object asks to be pinned (Program.Pins).
	Pin string
	// Fresh makes all maps new. Pins that are in the way get other names.
	Fresh bool
	// DropMaps names maps of the program that Replace may make new although the
	// old program has one of the name, whose contents are then lost.
	DropMaps []string
	// Watch, if not nil, is told each step before it is done. Its error stops
	// the transaction, which is then undone.
	Watch func(step string) error
	// DryRun only collects the steps.
	DryRun bool
}

// Result is what a transaction did.
type Result struct {
	Attachment Attachment // as the device tells it afterwards
	Steps      []string   // in order
	Reused     []string   // names of maps that kept their contents
	Made       []string   // names of maps that were made new
	Dropped    []MapInfo  // maps of the old program that the new one does not use
	Passed     []Passed   // modes that AttachBest and ReplaceBest did not take
	Log        string     // what the verifier and the device said
}

// Attach loads a program and attaches it, in one transaction: when a step
// fails, or the process is killed, everything is as it was before.
func Attach(ctx context.Context, dev Device, r Request) (*Result, error) {
	h, err := r.hook()
	if err != nil {
		return nil, err
	}
	unlock, err := lock(ctx, dev, r.DryRun)
	if err != nil {
		return nil, err
	}
	defer unlock()
	t := &transfer{dev: dev, r: &r, hook: h}
	defer t.close()
	if r.Force {
		if t.old, err = at(ctx, dev, h); err != nil {
			return nil, err
		}
	}
	if p, ok := dev.(Preparer); ok && !r.KeepDevice {
		prepare, err := p.Prepare(ctx, h)
		if err != nil {
			return nil, err
		}
		t.steps = prepare
	}
	if err := t.addLoad(ctx, nil); err != nil {
		return nil, err
	}
	err = t.addTarget(ctx, fmt.Sprintf("attach %s to %s, %s", r.what(), dev.Name(), h), func(ctx context.Context) error {
		return dev.Attach(ctx, t.prog, h, r.Force)
	})
	if err != nil {
		return nil, err
	}
	return t.run(ctx)
}

// Replace loads a program and puts it in the place of the one that is attached
// at the hook, in one step: the hook is never without a program. Maps of the
// old program that are the same by name, place and shape are used on, with
// their contents (Result.Reused); the others are named in Result. One whose shape
// has changed is an error unless Request.DropMaps names it.
func Replace(ctx context.Context, dev Device, r Request) (*Result, error) {
	h, err := r.hook()
	if err != nil {
		return nil, err
	}
	unlock, err := lock(ctx, dev, r.DryRun)
	if err != nil {
		return nil, err
	}
	defer unlock()
	old, err := find(ctx, dev, h)
	if err != nil {
		return nil, err
	}
	t := &transfer{dev: dev, r: &r, hook: old.Hook, old: old}
	defer t.close()
	if err := t.addLoad(ctx, old.Maps); err != nil {
		return nil, err
	}
	if r.Loaded == nil && !r.Fresh {
		if err := mayDrop(t.dropped, r.Program, t.retyped, r.DropMaps); err != nil {
			return nil, err
		}
	}
	err = t.addTarget(ctx, fmt.Sprintf("put %s in the place of program %d on %s, %s", r.what(), old.ID, dev.Name(), old.Hook), func(ctx context.Context) error {
		return dev.Replace(ctx, t.prog, *old)
	})
	if err != nil {
		return nil, err
	}
	return t.run(ctx)
}

// hook returns the hook with type and defaults filled in.
func (r *Request) hook() (Hook, error) {
	h := r.Hook
	if r.Loaded != nil {
		if err := h.Valid(); err != nil {
			return Hook{}, err
		}
		return h.Filled(), nil
	}
	if r.Program == nil {
		return Hook{}, errors.New("no program given")
	}
	if a := r.Program.Attach; a != bpf.AtHook {
		return Hook{}, NotSupported(fmt.Sprintf("program %s at a hook", r.Program.Name),
			fmt.Sprintf("it is made for entries of maps (%v): attach the program that redirects by the map, and name this one in an entry: offload map update MAP KEY VALUE,%s", a, r.Program.Name))
	}
	if h.Type == object.UnknownType {
		h.Type = r.Program.Type
	}
	if h.Type != r.Program.Type {
		return Hook{}, fmt.Errorf("program %s is of type %s and cannot be attached as %s; compile it in a section for %s", r.Program.Name, r.Program.Type, h.Type, h.Type)
	}
	if err := h.Valid(); err != nil {
		return Hook{}, err
	}
	return h.Filled(), nil
}

// what names the program in messages.
func (r *Request) what() string {
	if r.Loaded != nil {
		return fmt.Sprintf("program %d", r.Loaded.ID())
	}
	return r.Program.Name
}

// find returns the attachment at a hook. For tc, a hook without preference and
// handle finds the only filter of its mode.
func find(ctx context.Context, dev Device, h Hook) (*Attachment, error) {
	a, err := at(ctx, dev, h)
	if a == nil && err == nil {
		err = Advise(fmt.Errorf("nothing is attached to %s at %s", dev.Name(), h), AdviseAttach)
	}
	return a, err
}

// at returns the attachment at a hook, nil for none.
func at(ctx context.Context, dev Device, h Hook) (*Attachment, error) {
	all, err := dev.Attached(ctx)
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].Same(h) {
			return &all[i], nil
		}
	}
	return nil, nil
}

// transfer is a running Attach or Replace.
type transfer struct {
	dev           Device
	r             *Request
	hook          Hook
	old           *Attachment // what is replaced, nil for a first program
	steps         []Step
	used          []*MapInfo          // maps that are there and are used on, by the program's
	made          map[*object.Map]Map // maps that are open, also those of programs that are called
	tails         map[string]Loaded   // programs that are called, by name
	reused, fresh []string
	// stays names the maps that go on with the old one of the name, whatever they
	// hold; nil leaves it to reuse.
	stays   map[string]bool
	images  bool      // the device runs linked images, which hold what program arrays do
	dropped []MapInfo // of the old program
	retyped []retyped // of these
	prog    Loaded
	// compiled is the program with the image for the device, where that runs
	// machine code and the request has none.
	compiled *Program
}

// addLoad adds the steps that make the maps and load the program. Maps among
// old that fit are used on.
func (t *transfer) addLoad(ctx context.Context, old []MapInfo) error {
	if t.r.Loaded != nil {
		t.prog = t.r.Loaded
		return nil
	}
	it, images := t.dev.(ImageTaker)
	if images {
		t.images = true
		if err := t.link(ctx, old); err != nil {
			return err
		}
	}
	p := t.r.Program
	if images && p.Image == nil {
		t.addCompile(it)
	}
	load := Step{
		Name: fmt.Sprintf("load program %s", p.Name),
		Do: func(ctx context.Context) error {
			l, err := t.dev.Load(ctx, t.program(), t.hook.Mode, t.mapsOf(p.Program))
			if err != nil {
				return err
			}
			t.prog = l
			return nil
		},
	}
	if len(p.Maps) == 0 {
		t.dropped = old
		t.steps = append(t.steps, load)
		return nil
	}
	used := make([]*MapInfo, len(p.Maps))
	if !t.r.Fresh {
		used = t.reuse(old, p)
		for i, u := range used {
			if u == nil {
				continue
			}
			if diff := t.otherTypes(ctx, u, p.Maps[i]); diff != "" {
				t.retyped, used[i] = append(t.retyped, retyped{u.ID, diff}), nil
			}
		}
		if err := t.usePins(ctx, used); err != nil {
			return err
		}
	}
	t.used = used
	kept := func(m *object.Map) bool {
		k := slices.Index(p.Maps, m)
		return k >= 0 && used[k] != nil
	}
	c, err := t.contentsOf(p, kept)
	if err != nil {
		return fmt.Errorf("program %s: %w", p.Name, err)
	}
	var holder Holder
	for _, m := range c.maps {
		if t.holds(m) {
			if holder, err = AsHolder(t.dev); err != nil {
				return fmt.Errorf("map %s: %w", m.Name, err)
			}
		}
	}
	store, err := AsMapStore(t.dev)
	if err != nil {
		return fmt.Errorf("program %s: %w", p.Name, err)
	}
	t.addMaps(store, c.maps, old, used)
	t.addTails(c.tails)
	t.steps = append(t.steps, load)
	if holder == nil {
		return nil
	}
	return t.addFill(holder, c.maps, kept)
}

// reuse says which of the old program's maps the program uses on, by its maps.
func (t *transfer) reuse(old []MapInfo, p *Program) []*MapInfo {
	used := reuse(old, p)
	for i, m := range p.Maps {
		for k := range old {
			if t.stays[m.Name] && old[k].FullName == m.Name {
				used[i] = &old[k]
			}
		}
	}
	return used
}

// holds reports whether a map is to be filled with programs or maps once it is
// made.
func (t *transfer) holds(m *object.Map) bool {
	return !t.images && len(m.Inners)+len(m.Programs) > 0
}

// addCompile adds the step that makes the program's image.
func (t *transfer) addCompile(it ImageTaker) {
	t.steps = append(t.steps, Step{
		Name: fmt.Sprintf("compile %s for %s", t.r.Program.Name, it.Target().Name),
		Do: func(context.Context) (err error) {
			t.compiled, err = t.r.Program.Compiled(it.Target())
			return err
		},
	})
}

// program returns the program with the image that was made for the device.
func (t *transfer) program() *Program {
	if t.compiled != nil {
		return t.compiled
	}
	return t.r.Program
}

// addMaps adds the steps that make all maps, or open those of old that are used
// on; used goes by the index in all.
func (t *transfer) addMaps(store MapStore, all []*object.Map, old []MapInfo, used []*MapInfo) {
	t.made = make(map[*object.Map]Map)
	for _, o := range old {
		if !slices.ContainsFunc(used, func(u *MapInfo) bool { return u != nil && u.ID == o.ID }) {
			t.dropped = append(t.dropped, o)
		}
	}
	for i, m := range all {
		step := Step{Name: fmt.Sprintf("make map %s", m.Name)}
		var info *MapInfo
		if i < len(used) {
			info = used[i]
		}
		if info != nil {
			step.Name = fmt.Sprintf("use map %s on (id %d)", m.Name, info.ID)
		}
		step.Do = func(ctx context.Context) error {
			if info == nil {
				made, err := store.NewMap(ctx, m, t.hook.Mode)
				if err != nil {
					return err
				}
				t.made[m], t.fresh = made, append(t.fresh, m.Name)
				return nil
			}
			made, err := store.OpenMap(ctx, info.ID)
			if err != nil {
				return fmt.Errorf("map %s: %w", m.Name, err)
			}
			t.made[m], t.reused = made, append(t.reused, m.Name)
			return nil
		}
		t.steps = append(t.steps, step)
	}
}

// KernelName returns a name as the kernel keeps it: 15 bytes, and only
// letters, digits, dots and underscores.
func KernelName(name string) string { return sys.ObjName(name) }

// addTarget adds the step that reaches the new state, with the pinning around
// it.
func (t *transfer) addTarget(ctx context.Context, name string, do func(context.Context) error) error {
	before, after, err := t.pins()
	if err != nil {
		return err
	}
	if h, ok := t.dev.(Holder); ok && t.old != nil {
		ends, ended, err := h.Release(ctx, *t.old)
		if err != nil {
			return err
		}
		before, after = append(before, ends...), append(after, ended...)
	}
	t.steps = append(t.steps, before...)
	t.steps = append(t.steps, Step{
		Name:   name,
		Do:     do,
		Target: func() (Hook, uint32) { return t.hook, t.prog.ID() },
	})
	t.steps = append(t.steps, after...)
	return nil
}

// run does the steps and reads back what is attached then.
func (t *transfer) run(ctx context.Context) (*Result, error) {
	res := &Result{}
	for i := range t.steps {
		res.Steps = append(res.Steps, t.steps[i].Name)
	}
	if t.r.DryRun {
		return res, nil
	}
	if err := runSteps(ctx, t.dev, t.steps, t.r.Watch); err != nil {
		return nil, err
	}
	res.Reused, res.Made, res.Dropped, res.Log = t.reused, t.fresh, t.dropped, t.prog.Log()
	all, err := t.dev.Attached(ctx)
	if err != nil {
		return nil, fmt.Errorf("the program is attached, but reading back failed: %w", err)
	}
	for _, a := range all {
		if a.Same(t.hook) && a.ID == t.prog.ID() {
			if t.hook.Mode == Hardware && !a.InHW {
				return nil, fmt.Errorf("program %d is attached to %s at %s, but the kernel does not show it as running on the device", a.ID, t.dev.Name(), t.hook)
			}
			res.Attachment = a
			return res, nil
		}
	}
	return nil, fmt.Errorf("the program was attached to %s at %s, but somebody else has changed it since", t.dev.Name(), t.hook)
}

// close closes what the process still holds; what is attached lives on.
func (t *transfer) close() {
	for _, m := range t.made {
		_ = m.Close()
	}
	for _, l := range t.tails {
		_ = l.Close()
	}
	if t.prog != nil && t.r.Loaded == nil {
		_ = t.prog.Close()
	}
}
