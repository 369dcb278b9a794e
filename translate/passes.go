package translate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/internal/backend"
	"github.com/skipsw/skipsw/translate/internal/nfpimage"
	"github.com/skipsw/skipsw/translate/internal/pass"
)

// Pass describes a pass: its name, what it does, and whether it can be left out.
type Pass = pass.Info

// PassStat is what a pass did in one compilation.
type PassStat = pass.Stat

// Passes returns the passes of Compile in the order in which they begin.
func Passes() []Pass {
	return backend.Passes[*image.Image](nfpimage.Backend{T: &target.Target{}})
}

// ErrNoPass is what errors.Is finds in errors about names of passes.
var ErrNoPass = errors.New("no such pass")

// FindPass returns the pass of a name. The error lists the names that there are.
func FindPass(name string) (Pass, error) { return findPass(Passes(), name) }

func findPass(list []Pass, name string) (Pass, error) {
	names := make([]string, len(list))
	for k := range list {
		if list[k].Name == name {
			return list[k], nil
		}
		names[k] = list[k].Name
	}
	return Pass{}, fmt.Errorf("%w: %q; there are %s", ErrNoPass, name, strings.Join(names, ", "))
}

// checkPasses refuses switches that switch nothing.
func checkPasses(list []Pass, on map[string]bool) error {
	names := make([]string, 0, len(on))
	for name := range on {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		p, err := findPass(list, name)
		if err != nil {
			return err
		}
		if p.Required && !on[name] {
			return fmt.Errorf("pass %s cannot be switched off: %s", name, p.Doc)
		}
	}
	return nil
}

// newRun switches passes as the options say.
func newRun(list []Pass, o *Options) *pass.Run {
	on := func(p Pass) bool {
		if on, ok := o.Passes[p.Name]; ok {
			return on
		}
		return o.OptLevel == LevelDefault || p.EveryLevel
	}
	r := pass.NewRun(list, on, o.Dump)
	if o.Remarks {
		r.KeepRemarks()
	}
	return r
}
