package offload

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/skipsw/skipsw/translate/object"
)

// graft loads a program and puts it into a slot of a program array that the
// device's own programs share, whatever uses the array: what tc calls a graft. The
// array holds the program then.
func graft(ctx context.Context, dev Device, h Holder, r SlotRequest) (*Result, error) {
	unlock, err := lock(ctx, dev, r.DryRun)
	if err != nil {
		return nil, err
	}
	defer unlock()
	store, err := AsMapStore(dev)
	if err != nil {
		return nil, err
	}
	array, err := store.OpenMap(ctx, r.Map)
	if err != nil {
		return nil, err
	}
	defer array.Close()
	p, err := r.Read(object.UnknownType)
	if err != nil {
		return nil, err
	}
	hook := Hook{Type: p.Type, Mode: Generic}
	if p.Type == object.TC {
		hook.Mode = Software
	}
	if err := hook.Valid(); err != nil {
		return nil, err
	}
	for _, m := range p.Maps {
		if len(m.Programs) > 0 {
			return nil, NotSupported(fmt.Sprintf("program %s in a slot, with its own program array %s", p.Name, m.Name), "nobody would hold that array, and it would be emptied; attach the program")
		}
	}
	t := &transfer{dev: dev, r: &Request{Program: p, Hook: hook}, hook: hook}
	defer t.close()
	if err := t.addLoad(ctx, nil); err != nil {
		return nil, err
	}
	t.steps = append(t.steps, Step{
		Name: fmt.Sprintf("put program %s in slot %d of map %s", p.Name, r.Index, array.Info().Name),
		Do: func(context.Context) error {
			err := h.PutProgram(array, r.Index, t.prog)
			if err != nil && errors.Is(err, syscall.EINVAL) {
				return fmt.Errorf("%w; the programs of an array are of one type, and loaded for the same place", err)
			}
			return err
		},
	})
	res := &Result{}
	for i := range t.steps {
		res.Steps = append(res.Steps, t.steps[i].Name)
	}
	if r.DryRun {
		return res, nil
	}
	if err := runSteps(ctx, dev, t.steps, r.Watch); err != nil {
		return nil, err
	}
	res.Reused, res.Made, res.Log = t.reused, t.fresh, t.prog.Log()
	return res, nil
}
