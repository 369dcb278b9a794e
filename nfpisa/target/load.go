package target

import (
	"embed"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/skipsw/skipsw/internal/strictyaml"
)

//go:embed *.yaml
var builtin embed.FS

// Names returns the names of the built-in targets, sorted.
func Names() []string {
	entries, err := builtin.ReadDir(".")
	if err != nil {
		panic("BUG: embedded targets: " + err.Error())
	}
	var out []string
	for _, e := range entries {
		out = append(out, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	slices.Sort(out)
	return out
}

// Builtin returns the named built-in target.
func Builtin(name string) (*Target, error) {
	data, err := builtin.ReadFile(name + ".yaml")
	if err != nil || strings.ContainsAny(name, "/.") {
		return nil, fmt.Errorf("no target %q; there are %s, or a path of a target file (with a dot or slash in it)",
			name, strings.Join(Names(), ", "))
	}
	return Parse(name+".yaml", data)
}

// Load returns the built-in target of that name, or reads a target file if the
// name has a slash or a dot in it.
func Load(name string) (*Target, error) {
	if !strings.ContainsAny(name, "/.") {
		return Builtin(name)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("target file: %w", err)
	}
	return Parse(name, data)
}

// Parse reads a target description. Unknown fields are errors; errors of form
// show the place in the file.
func Parse(file string, data []byte) (*Target, error) {
	t := new(Target)
	if err := strictyaml.Unmarshal(data, t); err != nil {
		return nil, fmt.Errorf("target file %s: %w", file, err)
	}
	if err := t.check(); err != nil {
		return nil, fmt.Errorf("target file %s: %w", file, err)
	}
	return t, nil
}

// check reports the first value that makes no sense.
func (t *Target) check() error {
	within := func(what string, v, lo, hi int) error {
		if v < lo || v > hi {
			return fmt.Errorf("%s is %d, must be %d..%d", what, v, lo, hi)
		}
		return nil
	}
	var errs []error
	add := func(err error) { errs = append(errs, err) }
	if t.Name == "" {
		add(errors.New("name is missing"))
	}
	if t.Core.Contexts != 4 {
		add(fmt.Errorf("core.contexts is %d; code is made for 4 contexts only", t.Core.Contexts))
	}
	add(within("core.code_start", int(t.Core.CodeStart), 0, 16383))
	add(within("core.code_words", t.Core.CodeWords, 1, 16384))
	add(within("core.done", int(t.Core.Done), 0, 16383))
	add(within("core.padding", t.Core.Padding, 0, 64))
	add(within("registers.gprs", t.Registers.GPRs, 8, 32))
	add(within("registers.xfer_in", t.Registers.XferIn, 8, 64))
	add(within("registers.xfer_out", t.Registers.XferOut, 8, 64))
	add(within("registers.stack_gpr", t.Registers.StackGPR, 0, 31))
	for _, r := range slices.Concat(t.Registers.KeepA, t.Registers.KeepB) {
		add(within("a register to keep", r, 0, 31))
	}
	add(within("local_memory.stack", t.LocalMemory.Stack, 64, 4032))
	add(within("local_memory.pointer_delay", t.LocalMemory.PointerDelay, 0, 8))
	v := &t.PacketVector
	add(within("packet_vector.length", v.Length, 0, 15))
	add(within("packet_vector.pointer", v.Pointer, 0, 15))
	add(within("packet_vector.len_bits", v.LenBits, 8, 32))
	for _, w := range []int{v.Flags, v.Queue, v.Ingress, v.RxQueue} {
		add(within("a word of packet_vector", w, -1, 15))
	}
	switch t.Exit.Kind {
	case "code", "value":
	default:
		add(fmt.Errorf("exit.kind is %q, must be code or value", t.Exit.Kind))
	}
	if t.Exit.Kind == "code" && (len(t.Exit.XDP) != 4 || len(t.Exit.TC) != 8) {
		add(errors.New("exit.xdp must have 4 codes and exit.tc 8"))
	}
	switch t.Maps.Kind {
	case "firmware":
	case "direct":
		if t.Maps.Base&0xffffffff != 0 || t.Maps.Base>>40 != 0 {
			add(fmt.Errorf("maps.base is %#x, must be a multiple of 2^32 below 2^40", t.Maps.Base))
		}
		if t.Maps.Size == 0 || t.Maps.Size >= 1<<32 {
			add(fmt.Errorf("maps.size is %d, must be below 2^32", t.Maps.Size))
		}
	default:
		add(fmt.Errorf("maps.kind is %q, must be firmware or direct", t.Maps.Kind))
	}
	if h := t.AdjustHead; h != nil && (h.OffMin < 0 || h.OffMax < h.OffMin || h.OffMax > 255) {
		add(fmt.Errorf("adjust_head allows offsets %d..%d, must be within 0..255", h.OffMin, h.OffMax))
	}
	return errors.Join(errs...)
}
