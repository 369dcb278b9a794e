package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/skipsw/skipsw/offload"
)

// openMap opens the map that MAP names: an id, a pin, a name.
func openMap(ctx context.Context, d offload.Device, name string) (offload.Map, error) {
	if strings.Contains(name, "/") {
		pins, err := offload.AsPinOpener(d)
		if err != nil {
			return nil, err
		}
		return pins.OpenPinnedMap(name)
	}
	store, err := offload.AsMapStore(d)
	if err != nil {
		return nil, err
	}
	if id, err := strconv.ParseUint(name, 10, 32); err == nil {
		return store.OpenMap(ctx, uint32(id))
	}
	all, err := store.Maps(ctx, offload.Everywhere)
	if err != nil {
		return nil, err
	}
	found := named(all, name)
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("no map is named %q; `offload map list` shows all", name)
	case 1:
		return store.OpenMap(ctx, found[0].ID)
	}
	ids := make([]string, len(found))
	for i, m := range found {
		ids[i] = strconv.Itoa(int(m.ID))
		if m.FullName != "" && m.FullName != name {
			ids[i] += " (" + m.FullName + ")"
		}
	}
	return nil, fmt.Errorf("several maps are named %q; take one of the ids %s", name, strings.Join(ids, ", "))
}

// named returns the maps that a name may mean: those of which it is the whole
// name, else those of which as much as the device keeps of a name is the name's.
// A map whose whole name is known and longer goes by what the device keeps, too.
func named(all []offload.MapInfo, name string) []offload.MapInfo {
	whole := func(m offload.MapInfo) bool { return m.FullName == name }
	kept := func(m offload.MapInfo) bool {
		return m.Name == name || m.FullName == "" && m.Name == offload.KernelName(name)
	}
	for _, is := range []func(offload.MapInfo) bool{whole, kept} {
		if found := slices.DeleteFunc(slices.Clone(all), func(m offload.MapInfo) bool { return !is(m) }); len(found) > 0 {
			return found
		}
	}
	return nil
}
