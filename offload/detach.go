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
		if err := dev.Detach(ctx, a); err != nil {
			return chosen[:i], err
		}
	}
	return chosen, nil
}

func (r *DetachRequest) selects(a Attachment) bool {
	return (r.Type == object.UnknownType || r.Type == a.Type) &&
		(r.Mode == nil || *r.Mode == a.Mode) &&
		(r.Pref == 0 || r.Pref == a.Pref) &&
		(r.Handle == 0 || r.Handle == a.Handle)
}
