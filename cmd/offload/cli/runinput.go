package cli

import (
	"fmt"
	"math"

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
	cmd.Flags().Uint32Var(&f.queue, "queue", 0, "receive queue `N` that packets come in by, what rx_queue_index reads; queue_mapping of tc programs is then N+1, as the kernel notes it")
	cmd.Flags().Uint32Var(&f.mark, "mark", 0, "mark `N` that packets come with, for tc programs on targets that have one")
}

// input returns what comes with packets. What the target gives no program to read
// cannot be set.
func (f *inputFlags) input(img *image.Image) (sim.Input, error) {
	in := sim.Input{IngressIfindex: f.ifindex, RxQueue: f.queue, Skb: sim.Skb{Mark: f.mark}}
	if img.Target == nil {
		return in, nil // the simulator says what is wrong
	}
	v := &img.Target.PacketVector
	queue, most, mark := v.RxQueue, uint32(math.MaxUint32), (*target.Field)(nil)
	if typeOf(img) == "tc" {
		queue = nil
		if v.Skb != nil {
			queue, most, mark = &v.Skb.QueueMapping, mostQueue, &v.Skb.Mark
		}
		if f.cmd.Flags().Changed("queue") {
			in.Skb.QueueMapping = f.queue + 1
		}
	}
	for _, c := range []struct {
		flag        string
		value, most uint32
		field       *target.Field
	}{{"ifindex", f.ifindex, math.MaxUint32, v.Ingress}, {"queue", f.queue, most, queue}, {"mark", f.mark, math.MaxUint32, mark}} {
		switch {
		case !f.cmd.Flags().Changed(c.flag):
		case c.field == nil:
			return in, unsupported.New("--"+c.flag, fmt.Sprintf("%s programs of target %s cannot read it", typeOf(img), img.Target.Name))
		case uint64(c.value)>>c.field.Bits != 0:
			return in, usagef("--%s %d: target %s has %d bits for it", c.flag, c.value, img.Target.Name, c.field.Bits)
		case c.value > c.most:
			return in, usagef("--%s %d: the last is %d", c.flag, c.value, c.most)
		}
	}
	return in, nil
}

// mostQueue is the last receive queue that fits into a queue mapping: that has one more,
// and no NO_QUEUE_MAPPING of the kernel's.
const mostQueue = 0xffff - 2

// typeOf names the type of the programs of an image.
func typeOf(img *image.Image) string {
	if len(img.Programs) > 0 && img.Programs[0].Type == "tc" {
		return "tc"
	}
	return "XDP"
}
