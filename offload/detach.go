package offload

import (
	"context"
	"fmt"
	"strings"

	"github.com/skipsw/skipsw/translate/object"
)

// DetachRequest says what to detach. The zero value detaches the only
// attachment of a device.
type DetachRequest struct {
	All bool // everything
	// Type, Mode, Pref and Handle select; zero values of Type, Pref and Handle
	// and a nil Mode select any.
	Type   object.Type
	Mode   *Mode
	Pref   uint16
	Handle uint32
	DryRun bool // only tell what would be detached
}

// Detach removes what the request selects and returns it. Nothing attached is
// not an error; several attachments without All are, because it would be
// ambiguous.
func Detach(ctx context.Context, dev Device, r DetachRequest) ([]Attachment, error) {
	unlock, err := lock(ctx, dev, r.DryRun)
	if err != nil {
		return nil, err
	}
	defer unlock()
	all, err := dev.Attached(ctx)
	if err != nil {
		return nil, err
	}
	var chosen []Attachment
	for _, a := range all {
		if r.selects(a) {
			chosen = append(chosen, a)
		}
	}
	if len(chosen) > 1 && !r.All {
		var names []string
		for _, a := range chosen {
			names = append(names, fmt.Sprintf("%s (program %d)", a.Hook, a.ID))
		}
		return nil, Advise(fmt.Errorf("more than one program is attached to %s: %s", dev.Name(), strings.Join(names, ", ")), AdviseName)
	}
	if r.DryRun {
		return chosen, nil
	}
	for i, a := range chosen {
		if err := detach(ctx, dev, a); err != nil {
			return chosen[:i], err
		}
	}
	return chosen, nil
}

// detach removes an attachment, and what kept its program arrays.
func detach(ctx context.Context, dev Device, a Attachment) error {
	steps := []Step{{
		Name: fmt.Sprintf("detach program %d from %s, %s", a.ID, dev.Name(), a.Hook),
		Do:   func(ctx context.Context) error { return dev.Detach(ctx, a) },
	}}
	if h, ok := dev.(Holder); ok {
		before, after, err := h.Release(ctx, a)
		if err != nil {
			return err
		}
		steps = append(append(before, steps...), after...)
	}
	return runSteps(ctx, dev, steps, nil)
}

func (r *DetachRequest) selects(a Attachment) bool {
	return (r.Type == object.UnknownType || r.Type == a.Type) &&
		(r.Mode == nil || *r.Mode == a.Mode) &&
		(r.Pref == 0 || r.Pref == a.Pref) &&
		(r.Handle == 0 || r.Handle == a.Handle)
}
