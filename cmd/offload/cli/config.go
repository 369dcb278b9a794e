package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/offload/devices"
	"github.com/skipsw/skipsw/sim/firmware"
)

// Config says what a binary is made of. A vendor's adds its own devices and
// targets to Default and calls Main.
type Config struct {
	// Name is what the command is called.
	Name string
	// Devices are the kinds of device that verbs open.
	Devices []offload.Scheme
	// Targets are known by their name besides the built-in ones, which they may
	// not replace.
	Targets []*target.Target
	// Models are firmware models by name besides the simulator's own. A target
	// names the one that it runs with.
	Models map[string]firmware.Maker

	// Args, Stdin, Stdout and Stderr are the process's when nil.
	Args           []string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// Default is the configuration of the offload command: network interfaces of
// the kernel, and simulated cards.
func Default() Config {
	return Config{Name: "offload", Devices: devices.Schemes()}
}

// app is a running command line.
type app struct {
	name    string
	devices *offload.Registry
	targets []*target.Target
	models  *firmware.Registry
	streams streams
	device  string // the one that was opened last
	typed   bool   // the verb takes a program's type by --type
}

// newApp checks a configuration.
func newApp(c *Config) (*app, error) {
	r, err := offload.NewRegistry(c.Devices...)
	if err != nil {
		return nil, err
	}
	a := &app{name: c.Name, devices: r, targets: c.Targets, models: firmware.Builtin()}
	if a.name == "" {
		return a, errors.New("the command has no name")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Models)) {
		if name == "" || slices.Contains(a.models.Names(), name) {
			return a, fmt.Errorf("firmware model %q has no name, or one that is taken", name)
		}
		a.models.Register(name, c.Models[name])
	}
	return a, checkTargets(c.Targets)
}

// options returns how a device of a scheme is opened.
func (a *app) options(netns, prefix string) (offload.OpenOptions, error) {
	exe, err := os.Executable()
	if err != nil {
		return offload.OpenOptions{}, err
	}
	return offload.OpenOptions{Netns: netns, Guard: []string{exe, guardVerb, prefix}}, nil
}

// open opens a device by its name.
func (a *app) open(ctx context.Context, name, netns string) (offload.Device, error) {
	a.device = name
	s, rest, err := a.devices.Split(name)
	if err != nil {
		return nil, err
	}
	o, err := a.options(netns, s.Prefix)
	if err != nil {
		return nil, err
	}
	return s.Open(ctx, rest, o)
}
