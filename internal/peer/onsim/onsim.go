// Package onsim holds what the simulator makes of the corpus's packets against
// the kernel's answers. Tests of the simulator and of the compiler share it.
package onsim

import (
	"fmt"

	"github.com/skipsw/skipsw/internal/peer"
	"github.com/skipsw/skipsw/sim"
)

// Differs returns how a result of machine m differs from the kernel's answer,
// or "" where they are equal. With codes the program leaves an action code of
// target agilio, without it an eBPF verdict.
func Differs(r *peer.Run, m *sim.Machine, res *sim.Result, codes bool) string {
	if res.Fault != nil {
		return res.Fault.Error()
	}
	if code := fmt.Sprintf("%02x", res.Code>>16); codes && (code != r.NFPCode || res.Code&0xffff != 0) {
		return fmt.Sprintf("exit word %#x, want action %s", res.Code, r.NFPCode)
	}
	if !codes && res.Code != r.Verdict {
		return fmt.Sprintf("verdict %d, want %d", res.Code, r.Verdict)
	}
	o := peer.Outcome{Packet: res.Packet, Queue: peer.Queue{Selected: res.QueueSelected, Value: res.Queue}}
	o.Map = func(name string) ([]peer.Entry, bool) {
		mp, ok := m.Map(name)
		if !ok {
			return nil, false
		}
		return peer.Entries(mp.Entries()), true
	}
	for _, e := range res.Events {
		o.Events = append(o.Events, peer.Event{Data: e.Data, Packet: e.Packet})
	}
	return r.Differs(o)
}
