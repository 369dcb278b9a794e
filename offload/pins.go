package offload

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// ownContents reports whether what a map holds belongs to the program, so that
// no other map can stand for it.
func ownContents(m *object.Map) bool { return m.Frozen || len(m.Programs) > 0 }

// pinDir returns the folder that a map is to be pinned in, "" for none. The
// caller's comes before the object's.
func (t *transfer) pinDir(p Pinner, m *object.Map) string {
	if t.r.Pin != "" {
		return t.r.Pin
	}
	if dir, ok := t.r.Program.Pins[m.Name]; ok {
		return filepath.Join(p.PinRoot(), dir)
	}
	return ""
}

// otherTypes says where the types of a map that is there differ from the program's.
func (t *transfer) otherTypes(ctx context.Context, there *MapInfo, m *object.Map) string {
	typer, ok := t.dev.(MapTyper)
	is, known := t.r.Program.Types[m.Name]
	if !ok || !known {
		return ""
	}
	have := typer.MapTypes(ctx, there.ID)
	if m.Holds() != bpf.AtHook {
		have.Value, is.Value = nil, nil // a device may name the programs that entries hold
	}
	return otherTypes(have, is)
}

// pinner returns the device as one that pins, nil if nothing is to be pinned. On
// a device that ends with the process, what the object asks for means nothing.
func (t *transfer) pinner() (Pinner, error) {
	if t.r.Pin == "" {
		if _, ok := t.dev.(Transient); ok || t.r.Program == nil || len(t.r.Program.Pins) == 0 {
			return nil, nil
		}
	}
	return AsPinner(t.dev)
}

// usePins fills in the maps that are pinned where the program's belong.
func (t *transfer) usePins(ctx context.Context, used []*MapInfo) error {
	p, err := t.pinner()
	if err != nil || p == nil {
		return err
	}
	for i, m := range t.r.Program.Maps {
		dir := t.pinDir(p, m)
		if dir == "" || ownContents(m) {
			continue
		}
		info, err := p.FindPin(dir, m, t.hook.Mode)
		if err != nil {
			return err
		}
		if info == nil {
			continue
		}
		if diff := t.otherTypes(ctx, info, m); diff != "" {
			return &Error{
				Op: fmt.Sprintf("use map %s of %s", m.Name, dir), Kind: ErrBusy, Err: fs.ErrExist,
				Reason: "the map there is of the same size, but " + diff, Advice: AdvisePinFresh,
			}
		}
		used[i] = info
	}
	return nil
}

// pins returns the steps that pin before the new state is reached, and those
// that finish the pins after it. A map that was found pinned stays so.
func (t *transfer) pins() (before, after []Step, err error) {
	p, err := t.pinner()
	if err != nil || p == nil {
		return nil, nil, err
	}
	if t.r.Loaded != nil {
		return nil, nil, errors.New("the program is pinned already")
	}
	r := PinRequest{
		Dir: t.r.Pin, Program: t.r.Program.Name, Old: t.old, Force: t.r.Force, Fresh: t.r.Fresh,
		Loaded: func() (Loaded, []Map) { return t.prog, t.mapsOf(t.r.Program.Program) },
	}
	for i, m := range t.r.Program.Maps {
		dir := t.pinDir(p, m)
		if dir == "" {
			continue
		}
		if t.used[i] != nil {
			there, err := p.FindPin(dir, m, t.hook.Mode)
			if err != nil {
				return nil, nil, err
			}
			if there != nil && there.ID == t.used[i].ID {
				continue
			}
		}
		r.Maps = append(r.Maps, MapPin{Name: m.Name, Dir: dir, Index: i, Own: ownContents(m)})
	}
	return p.Pin(r)
}
