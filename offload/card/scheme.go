package card

import (
	"context"
	"errors"

	"github.com/skipsw/skipsw/offload"
)

// Scheme adds the running cards to a scheme of simulated cards: a name that a
// running card has means that one, any other a card in this process.
func Scheme(local offload.Scheme) offload.Scheme {
	s := local
	s.Short = "simulated card: a running one (`card run`), else one in this process"
	s.Open = func(ctx context.Context, name string, o offload.OpenOptions) (offload.Device, error) {
		c, err := Open(ctx, name)
		switch {
		case errors.Is(err, ErrNotRunning):
			return local.Open(ctx, name, o)
		case err != nil:
			return nil, err
		case o.Netns != "":
			return nil, errors.Join(offload.NotSupported("network namespace "+o.Netns+" of "+c.Name(), "a running card is in no namespace; its ports are where it was started"), c.Close())
		}
		return c, nil
	}
	s.List = func(ctx context.Context, o offload.OpenOptions) ([]offload.Device, error) {
		var all []offload.Device
		for _, name := range Running(ctx) {
			c, err := Open(ctx, name)
			if errors.Is(err, ErrNotRunning) {
				continue // it has ended meanwhile
			}
			if err != nil {
				return all, err
			}
			all = append(all, c)
		}
		more, err := local.List(ctx, o)
		return append(all, more...), err
	}
	return s
}
