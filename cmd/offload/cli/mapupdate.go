package cli

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/infile"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// updateFlags are the flags of map update.
type updateFlags struct {
	mapFlags
	noExist, exist bool
	lock           bool
	object         string
	settings       settingFlags
}

func newMapUpdateCmd(a *app) *cobra.Command {
	f := updateFlags{mapFlags: mapFlags{deviceFlags{app: a}}}
	cmd := &cobra.Command{
		Use:   "update MAP KEY VALUE",
		Short: "Write one entry",
		Long: `Write one entry. In a program array VALUE is the name of a program: on a simulated
card one of the image that runs, or with --obj one of an object file, which is then
compiled together with the programs that run and put in their place in one step; what
does not fit the card is refused. In an entry of a device or CPU map with values of 8
bytes VALUE is an interface or the size of a queue and, behind a comma, the name of a
program (section xdp/devmap, xdp/cpumap) that runs at the far end of the redirect: one of
the image, or with --obj one of an object file as above. In a program array of the kernel VALUE is the path of a
pinned program, the id or name of a loaded one, or with --obj a program to load. In a
per-CPU map VALUE is that of every CPU, or the bytes of all, each rounded up to 8.`,
		Example: `  offload map update flows 10.0.0.1 '{.rate = 5}'
  offload map update stages 2 drop_all --dev sim:card0
  offload map update stages 2 drop_all --obj more.o --dev sim:card0
  offload map update tx_ports 1 2,rewrite --dev sim:card0`,
		Args:              exactArgs("MAP", "KEY", "VALUE"),
		ValidArgsFunction: f.complete,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.with(args[0], func(ctx context.Context, d offload.Device, m offload.Map) error {
				return f.update(ctx, cmd.OutOrStdout(), d, m, args[1], args[2])
			})
		},
	}
	cmd.Flags().BoolVar(&f.noExist, "noexist", false, "only if the key is not there")
	cmd.Flags().BoolVar(&f.exist, "exist", false, "only if the key is there")
	cmd.Flags().BoolVar(&f.lock, "lock", false, "under the bpf_spin_lock of the value, as programs write it")
	cmd.Flags().StringVar(&f.object, "obj", "", "VALUE names a program of this object `FILE`, for a slot of a program array or an entry of a device or CPU map")
	f.add(cmd)
	f.settings.add(cmd)
	return cmd
}

func (f *updateFlags) update(ctx context.Context, w io.Writer, d offload.Device, m offload.Map, keyText, valueText string) error {
	key, err := parseKey(ctx, d, m, keyText)
	if err != nil {
		return err
	}
	var flags uint64
	switch {
	case f.noExist && f.exist:
		return usagef("take one of --noexist and --exist")
	case f.noExist:
		flags = bpf.NoExist
	case f.exist:
		flags = bpf.Exist
	}
	if f.lock {
		flags |= bpf.FLock
	}
	if f.object == "" {
		if f.settings.any() {
			return usagef("--set, --map-size, --slot, --btf and --no-printk are for the object of --obj")
		}
		if o, ok := d.(offload.ProgramOpener); ok && m.Info().Type == bpf.MapTypeProgArray {
			return putProgram(ctx, d, o, m, key, valueText, flags)
		}
		typ := mapTypes(ctx, d, m).Value
		if holdsEnds(m) {
			if valueText, err = f.farEnd(d, typ, valueText); err != nil {
				return err
			}
		}
		value, err := offload.ParseValue(typ, valueText, int(m.Info().ValueSize))
		if several := m.ValueBytes() != int(m.Info().ValueSize); several && err == nil {
			value = forEachCPU(m, value)
		} else if several {
			value, err = offload.ParseValue(nil, valueText, m.ValueBytes())
		}
		if err != nil && m.Info().Type == bpf.MapTypeProgArray {
			return usagef("value: %w; --obj FILE takes a program of an object", err)
		}
		if err != nil {
			return usagef("value: %w", err)
		}
		return m.Update(key, value, flags)
	}
	switch {
	case holdsEnds(m):
		return f.fillEnd(ctx, w, d, m, key, valueText, flags)
	case m.Info().Type != bpf.MapTypeProgArray:
		return usagef("--obj: map %s is of type %s and holds no programs", m.Info().Name, m.Info().Type)
	case flags != 0:
		return usagef("slots of a program array take none of --noexist, --exist and --lock")
	}
	return f.fillSlot(ctx, w, d, m, key, valueText)
}

// fillSlot puts a program of an object into a slot.
func (f *updateFlags) fillSlot(ctx context.Context, w io.Writer, d offload.Device, m offload.Map, key []byte, program string) error {
	b, err := f.app.streams.read(f.object, "an object", infile.Object)
	if err != nil {
		return err
	}
	res, err := offload.FillSlot(ctx, d, offload.SlotRequest{Map: m.Info().ID, Index: binary.NativeEndian.Uint32(key), Read: f.reader(b, program)})
	if err != nil {
		return err
	}
	if res.Attachment.ID != 0 {
		fmt.Fprintf(w, "%s: %s\n", d.Name(), attachmentLine(res.Attachment))
	}
	return nil
}

// reader returns what reads a program of the object.
func (f *updateFlags) reader(b []byte, program string) func(typ object.Type) (*offload.Program, error) {
	return func(typ object.Type) (*offload.Program, error) {
		var o object.Options
		if err := f.settings.options(&o); err != nil {
			return nil, err
		}
		file := filepath.Base(inName(f.object))
		p, err := offload.ParseProgram(file, b, "", program, o)
		if errors.Is(err, object.ErrNoType) && typ != object.UnknownType {
			o.Type = typ
			p, err = offload.ParseProgram(file, b, "", program, o)
		}
		if err != nil {
			return nil, err
		}
		return p, f.settings.suits(p.Program)
	}
}

// putProgram puts a program of the kernel into a slot.
func putProgram(ctx context.Context, d offload.Device, o offload.ProgramOpener, m offload.Map, key []byte, text string, flags uint64) error {
	if flags != 0 {
		return usagef("slots of a program array take none of --noexist, --exist and --lock")
	}
	h, err := offload.AsHolder(d)
	if err != nil {
		return err
	}
	l, err := openProgram(ctx, d, o, text)
	if err != nil {
		return err
	}
	defer l.Close()
	return h.PutProgram(m, binary.NativeEndian.Uint32(key), l)
}

// openProgram opens the program that PROG names: a pin, an id, a name.
func openProgram(ctx context.Context, d offload.Device, o offload.ProgramOpener, name string) (offload.Loaded, error) {
	if strings.Contains(name, "/") {
		pins, err := offload.AsPinOpener(d)
		if err != nil {
			return nil, err
		}
		return pins.OpenPinnedProgram(name)
	}
	id, err := findProgram(ctx, d, name)
	if err != nil {
		return nil, err
	}
	return o.OpenProgram(id)
}
