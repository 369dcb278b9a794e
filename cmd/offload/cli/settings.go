package cli

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/cilium/ebpf/btf"
	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/infile"
	"github.com/skipsw/skipsw/translate/object"
)

// settingFlags are what a loader sets before it loads.
type settingFlags struct {
	set, sizes, slots []string
	noPrintk, frags   bool
	btf               string
	cmd               *cobra.Command
}

// add adds the flags.
func (f *settingFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.set, "set", nil, "give a variable of the object a value, `NAME=VALUE`, in the notation of C: blocked_port=80, limits[1].mac={1,2,3,4,5,6}, name=eth0")
	f.cmd = cmd
	cmd.Flags().BoolVar(&f.noPrintk, "no-printk", false, "leave out what the program prints (bpf_printk), and say so")
	cmd.Flags().BoolVar(&f.frags, "frags", false, "have tc programs take frames that a packet buffer has no room for, as XDP programs of section xdp.frags do: the first part lies between data and data_end, bpf_skb_load_bytes and bpf_skb_store_bytes reach all")
	cmd.Flags().StringVar(&f.btf, "btf", "", "relocate structures that the UAPI does not fix (CO-RE) by the BTF of `FILE`, raw or in an ELF file: /sys/kernel/btf/vmlinux")
	cmd.Flags().StringArrayVar(&f.sizes, "map-size", nil, "give a map its number of entries, `NAME=N`")
	cmd.Flags().StringArrayVar(&f.slots, "slot", nil, "put a program of the object into a slot of a program array, `MAP[INDEX]=PROGRAM`")
}

// any reports whether a flag is given.
func (f *settingFlags) any() bool {
	return f.noPrintk || f.frags || f.btf != "" || len(f.set)+len(f.sizes)+len(f.slots) > 0
}

// suits refuses flags that mean nothing for programs of other types.
func (f *settingFlags) suits(programs ...*object.Program) error {
	if f.frags && !slices.ContainsFunc(programs, func(p *object.Program) bool { return p.Type == object.TC }) {
		return usagef("--frags is for tc programs; an XDP program says so by its section, xdp.frags")
	}
	return nil
}

// options adds what the flags say.
func (f *settingFlags) options(o *object.Options) error {
	o.NoPrintk, o.Fragments = f.noPrintk, f.frags
	var err error
	if f.btf != "" {
		b, err := infile.Read(f.btf, "BTF", infile.Object)
		if err != nil {
			return err
		}
		if o.BTF, err = btf.LoadSpecFromReader(bytes.NewReader(b)); err != nil {
			return fmt.Errorf("--btf %s: %w", f.btf, err)
		}
	}
	if o.Set, err = pairs("set", f.set); err != nil {
		return err
	}
	sizes, err := pairs("map-size", f.sizes)
	if err != nil {
		return err
	}
	for name, text := range sizes {
		n, err := strconv.ParseUint(text, 0, 32)
		if err != nil {
			return usagef("--map-size %s=%s: a number of entries is from 0 to 4294967295", name, text)
		}
		if o.MapSizes == nil {
			o.MapSizes = map[string]uint32{}
		}
		o.MapSizes[name] = uint32(n)
	}
	slots, err := pairs("slot", f.slots)
	if err != nil {
		return err
	}
	for slot, program := range slots {
		name, rest, _ := strings.Cut(slot, "[")
		index, closed := strings.CutSuffix(rest, "]")
		n, err := strconv.ParseUint(index, 0, 32)
		if err != nil || !closed || name == "" || program == "" {
			return usagef("--slot %s=%s: it takes MAP[INDEX]=PROGRAM", slot, program)
		}
		if o.Slots == nil {
			o.Slots = map[string]map[uint32]string{}
		}
		if o.Slots[name] == nil {
			o.Slots[name] = map[uint32]string{}
		}
		o.Slots[name][uint32(n)] = program
	}
	return nil
}

// noteUnprinted says how many prints --no-printk has left out of a program.
func noteUnprinted(w io.Writer, program string, n int) {
	if n > 0 {
		fmt.Fprintf(w, "note: program %s: prints left out by --no-printk: %d\n", program, n)
	}
}

// pairs reads NAME=VALUE of a flag that may stand several times, once for each
// name.
func pairs(flag string, list []string) (map[string]string, error) {
	if len(list) == 0 {
		return nil, nil
	}
	all := map[string]string{}
	for _, one := range list {
		name, value, ok := strings.Cut(one, "=")
		if !ok || name == "" {
			return nil, usagef("--%s takes NAME=VALUE, not %q", flag, one)
		}
		if _, twice := all[name]; twice {
			return nil, usagef("--%s %s stands twice", flag, name)
		}
		all[name] = value
	}
	return all, nil
}
