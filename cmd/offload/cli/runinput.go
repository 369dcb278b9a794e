package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
)

// inputFlags are what comes with every packet of a run.
type inputFlags struct {
	cmd            *cobra.Command
	ifindex, queue uint32
	mark           uint32
}

func (f *inputFlags) add(cmd *cobra.Command) {
	f.cmd = cmd
	cmd.Flags().Uint32Var(&f.ifindex, "ifindex", 1, "interface `N` that packets come in at, what ingress_ifindex reads")
	cmd.Flags().Uint32Var(&f.queue, "queue", 0, "receive queue `N` that packets come in by, what rx_queue_index reads")
	cmd.Flags().Uint32Var(&f.mark, "mark", 0, "mark `N` that packets come with, on targets whose programs can read it")
}

// input returns what comes with packets. What the target gives no program to read
// cannot be set.
func (f *inputFlags) input(img *image.Image) (sim.Input, error) {
	in := sim.Input{IngressIfindex: f.ifindex, RxQueue: f.queue}
	if img.Target == nil {
		return in, nil // the simulator says what is wrong
	}
	v := &img.Target.PacketVector
	for _, c := range []struct {
		flag  string
		value uint32
		field *target.Field
	}{{"ifindex", f.ifindex, v.Ingress}, {"queue", f.queue, v.RxQueue}, {"mark", f.mark, nil}} {
		switch {
		case !f.cmd.Flags().Changed(c.flag):
		case c.field == nil:
			return in, unsupported.New("--"+c.flag, fmt.Sprintf("programs of target %s cannot read it", img.Target.Name))
		case uint64(c.value)>>c.field.Bits != 0:
			return in, usagef("--%s %d: target %s has %d bits for it", c.flag, c.value, img.Target.Name, c.field.Bits)
		}
	}
	return in, nil
}
