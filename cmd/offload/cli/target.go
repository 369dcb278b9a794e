package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/skipsw/skipsw/nfpisa/target"
)

// checkTargets reports targets of a configuration that cannot be told apart.
func checkTargets(all []*target.Target) error {
	names := target.Names()
	for _, t := range all {
		switch {
		case t.Name == "" || strings.ContainsAny(t.Name, "/."):
			return fmt.Errorf("target %q: a name is needed, without slashes and dots", t.Name)
		case slices.Contains(names, t.Name):
			return fmt.Errorf("two targets are called %q", t.Name)
		}
		names = append(names, t.Name)
	}
	return nil
}

// target returns the target of a name, or of a file.
func (a *app) target(name string) (*target.Target, error) {
	for _, t := range a.targets {
		if t.Name == name {
			return t, nil
		}
	}
	if !strings.ContainsAny(name, "/.") && !slices.Contains(target.Names(), name) {
		return nil, fmt.Errorf("no target %q; there are %s, or a path of a target file (with a dot or slash in it)", name, strings.Join(a.targetNames(), ", "))
	}
	return target.Load(name)
}

// targetNames returns the names that --target takes besides files.
func (a *app) targetNames() []string {
	names := target.Names()
	for _, t := range a.targets {
		names = append(names, t.Name)
	}
	return names
}
