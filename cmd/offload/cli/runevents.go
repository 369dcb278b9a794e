package cli

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/cilium/ebpf/btf"
	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/infile"
	"github.com/skipsw/skipsw/internal/packetrun"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/sim"
)

// eventFlags say how the records of a run are shown.
type eventFlags struct {
	show  bool
	types []string
}

func (f *eventFlags) add(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.show, "events", false, "print the records that the program sends to ring buffers and perf event arrays")
	cmd.Flags().StringArrayVar(&f.types, "event-type", nil, "`MAP=TYPE` is the C type of the map's records, from the object's type information; without it the one that has their size")
}

func (f *eventFlags) check() error {
	for _, t := range f.types {
		if name, typ, ok := strings.Cut(t, "="); !ok || name == "" || typ == "" {
			return usagef("--event-type takes MAP=TYPE, not %q", t)
		}
	}
	if len(f.types) > 0 && !f.show {
		return usagef("--event-type is for --events")
	}
	return nil
}

// sink returns what prints records, or adds them to keep if it is not nil; nil if
// nobody wants to see them.
func (f *eventFlags) sink(w io.Writer, path string, keep *[]packetrun.Record) (packetrun.Sink, error) {
	if !f.show {
		return nil, nil
	}
	types, err := f.load(path)
	if err != nil {
		return nil, err
	}
	return func(packet int, m *image.Map, e *sim.Event) error {
		text := ""
		if t := types.of(m.Name, len(e.Data)); t != nil {
			text = offload.Format(t, e.Data)
		}
		if keep != nil {
			*keep = append(*keep, packetrun.Record{
				Packet: packet, Map: m.Name, Data: hex.EncodeToString(e.Data), PacketBytes: hex.EncodeToString(e.Packet), Text: text,
			})
			return nil
		}
		if text == "" {
			text = offload.Format(nil, e.Data)
		}
		line := fmt.Sprintf("packet %d: %s: %s", packet, m.Name, text)
		if len(e.Packet) > 0 {
			line += fmt.Sprintf(" and %d bytes of the packet: %x", len(e.Packet), e.Packet)
		}
		_, err := fmt.Fprintln(w, line)
		return err
	}, nil
}

// eventTypes are the C types that records may have.
type eventTypes struct {
	named  map[string]btf.Type // by map
	bySize map[int][]btf.Type
}

// load reads the types of an object; an image has none.
func (f *eventFlags) load(path string) (*eventTypes, error) {
	types := &eventTypes{named: map[string]btf.Type{}, bySize: map[int][]btf.Type{}}
	data, err := infile.Read(path, "an object or image", infile.Object)
	if err != nil {
		return nil, err
	}
	spec, err := btf.LoadSpecFromReader(bytes.NewReader(data))
	switch {
	case image.Is(data) && len(f.types) > 0:
		return nil, usagef("--event-type: %s is an image, which has no type information", path)
	case err != nil && len(f.types) > 0:
		return nil, usagef("--event-type: %s has no type information: %v", path, err)
	case err != nil:
		return types, nil
	}
	for _, t := range f.types {
		name, typ, _ := strings.Cut(t, "=")
		if types.named[name], err = spec.AnyTypeByName(strings.TrimPrefix(typ, "struct ")); err != nil {
			return nil, usagef("--event-type %s: %v", t, err)
		}
	}
	for t, err := range spec.All() {
		if err != nil {
			return nil, fmt.Errorf("%s: type information: %w", path, err)
		}
		if s, ok := t.(*btf.Struct); ok && s.Name != "" {
			types.bySize[int(s.Size)] = append(types.bySize[int(s.Size)], s)
		}
	}
	return types, nil
}

// of returns the type of a record of a map that has so many bytes: the one that
// was given, or the only structure of this size. nil is none.
func (t *eventTypes) of(name string, size int) btf.Type {
	if typ := t.named[name]; typ != nil {
		return typ
	}
	if all := t.bySize[size]; len(all) == 1 {
		return all[0]
	}
	return nil
}
