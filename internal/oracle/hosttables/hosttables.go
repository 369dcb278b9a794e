// Package hosttables gives the routes, rules, neighbours and links that card memory is
// filled with to the reference interpreter, so that both answer from the same tables.
//
// It never knows where the tables come from, and asks no kernel.
package hosttables

import (
	"github.com/skipsw/skipsw/internal/ebpf"
	"github.com/skipsw/skipsw/sim/network"
	"github.com/skipsw/skipsw/translate/bpf"
)

// Network gives tables to the interpreter, which searches them as they are.
func Network(t *network.Tables) ebpf.Network {
	var n ebpf.Network
	if t == nil {
		return n
	}
	for _, l := range t.Links {
		n.Links = append(n.Links, ebpf.Link{
			Index: l.Index, MTU: l.MTU, Header: l.Header, Up: l.Up, Forwards: [2]bool{l.Forwards4, l.Forwards6}, MAC: l.MAC,
		})
	}
	answers := map[network.Type]uint32{
		network.Unicast: bpf.FIBLkupRetSuccess, network.Blackhole: bpf.FIBLkupRetBlackhole, network.Unreachable: bpf.FIBLkupRetUnreachable,
		network.Prohibit: bpf.FIBLkupRetProhibit, network.Other: bpf.FIBLkupRetNotFwded, network.Throw: ebpf.RouteThrow,
	}
	for k := range t.Routes {
		r := &t.Routes[k]
		n.Routes = append(n.Routes, ebpf.Route{
			Answer: answers[r.Type], To: r.To, Table: r.Table, Out: r.Out, Metric: r.Metric, Hop: r.Hop, Source: t.Source(r), MTU: r.MTU,
		})
	}
	for _, b := range t.Neighbours {
		n.Neighbours = append(n.Neighbours, ebpf.Neighbour{Link: b.Link, Address: b.Address, MAC: b.MAC})
	}
	n.Merged = t.Merged()
	for six, list := range [][]network.Rule{t.Rules(false), t.Rules(true)} {
		for _, r := range list {
			answer := answers[r.Answer]
			if answer != 0 && (six == 1 || r.Answer == network.Unreachable) {
				answer = bpf.FIBLkupRetNotFwded // the kernel has another error number for a rule than for a route
			}
			n.Rules[six] = append(n.Rules[six], ebpf.Rule{Mark: r.Mark, Mask: r.Mask, In: r.In, Table: r.Table, Answer: answer})
		}
	}
	return n
}
