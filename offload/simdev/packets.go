package simdev

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/skipsw/skipsw/internal/packetrun"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/firmware"
	"github.com/skipsw/skipsw/sim/network"
	"github.com/skipsw/skipsw/sim/tunnel"
	"github.com/skipsw/skipsw/translate/object"
)

// Names of counters that are not verdicts.
const (
	countPackets = "packets"
	countBytes   = "bytes"
	countFaults  = "faults"
	countCycles  = "cycles"
	countNone    = "no_program"
	countStopped = "program_stopped"
)

// RunPacket implements offload.PacketRunner. Without a program the packet goes
// to the host as it is.
func (d *Device) RunPacket(ctx context.Context, p offload.Packet) (*offload.Outcome, error) {
	out, _, err := d.RunTunnelled(ctx, p, nil)
	return out, err
}

// RunTunnelled is RunPacket for a packet that has come out of a tunnel, if there is a
// key. It also returns the key that the packet has afterwards, nil for none.
func (d *Device) RunTunnelled(ctx context.Context, p offload.Packet, key *tunnel.Key) (*offload.Outcome, *tunnel.Key, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if p.Port < 0 {
		return nil, nil, fmt.Errorf("%s has no port %d", d.name, p.Port)
	}
	if err := d.enter("run a packet on " + d.name); err != nil {
		return nil, nil, err
	}
	defer d.mu.Unlock()
	d.count(countPackets, 1)
	d.count(countBytes, uint64(len(p.Data)))
	if d.running == nil {
		d.count(countNone, 1)
		return &offload.Outcome{Data: bytes.Clone(p.Data)}, nil, nil
	}
	prog := d.running
	if prog.stopped != nil {
		d.count(countStopped, 1)
		return &offload.Outcome{Data: bytes.Clone(p.Data)}, nil, nil
	}
	if err := keepTime(prog.machine); err != nil {
		return nil, nil, err
	}
	res := prog.machine.Run(sim.Input{Packet: p.Data, IngressIfindex: firmware.IfindexOf(p.Port), Tunnel: key})
	prog.runs++
	d.count(countCycles, res.Cycles)
	if res.Fault != nil {
		return nil, nil, d.fault(prog, res.Fault)
	}
	d.count(packetrun.VerdictName(prog.src.Type.String(), res.Verdict), 1)
	d.tell(prog, res.Events)
	for i := range res.Ends {
		e := &res.Ends[i].Result
		d.count(countCycles, e.Cycles)
		if e.Fault != nil {
			return nil, nil, d.fault(prog, e.Fault)
		}
		d.count(prog.src.Image.Programs[res.Ends[i].Program].Attach+" "+packetrun.VerdictName("xdp", e.Verdict), 1)
		d.tell(prog, e.Events)
	}
	var left *tunnel.Key
	if res.Tunnelled {
		res.Tunnel.Options = bytes.Clone(res.Tunnel.Options)
		left = &res.Tunnel
	}
	out := &offload.Outcome{Program: prog.id, Type: prog.src.Type, Verdict: res.Verdict, Redirect: redirectOf(prog, &res), Data: bytes.Clone(res.Packet), Cycles: res.Cycles}
	return out, left, nil
}

// fault counts a packet whose program broke a rule, and stops the program where the
// card does.
func (d *Device) fault(prog *program, f *sim.Fault) error {
	d.count(countFaults, 1)
	err := fmt.Errorf("program %d (%s) on %s is stopped: %w", prog.id, prog.src.Name, d.name, f)
	if d.stop && f.Kind != sim.FaultInput {
		prog.stopped = err
	}
	return err
}

// Way finds the way of what the interface of a port sends to the far end of a tunnel, in
// the card memory of the program that runs.
func (d *Device) Way(port int, key *tunnel.Key) (tunnel.Way, *tunnel.Loss) {
	if err := d.enter("find a way on " + d.name); err != nil {
		return tunnel.Way{}, network.ErrNoTables
	}
	defer d.mu.Unlock()
	if d.running == nil {
		return tunnel.Way{}, network.ErrNoTables
	}
	return network.Way(d.running.machine.Maps(), firmware.IfindexOf(port), key.Destination, 0)
}

// redirectOf returns where a frame goes whose verdict is a redirect, nil for
// others.
func redirectOf(prog *program, res *sim.Result) *offload.Redirect {
	if !firmware.Redirects(prog.src.Type == object.TC, res.Verdict) {
		return nil
	}
	out := places(res)
	for i := range res.Ends {
		e := &res.Ends[i]
		one := offload.End{
			Port: -1, Program: prog.src.Image.Programs[e.Program].Name, Verdict: e.Result.Verdict, Data: bytes.Clone(e.Result.Packet),
		}
		if e.To.Kind == target.RedirectPort {
			one.Port = firmware.PortOf(e.To.To)
		} else {
			one.Queue = e.To.String()
		}
		switch e.Fate() {
		case sim.EndSends:
			one.Sent = true
		case sim.EndGoesOn:
			one.Redirect = places(&e.Result)
		case sim.EndAborts, sim.EndLost:
			one.Aborted = true
		}
		out.Ends = append(out.Ends, one)
	}
	return out
}

// places returns where a frame is redirected to without a program there.
func places(res *sim.Result) *offload.Redirect {
	out := &offload.Redirect{}
	for k := range sim.FarEnds(res) {
		switch to := sim.EndOf(&res.Redirect, k); {
		case to.Program != 0:
		case to.Kind == target.RedirectPort:
			out.Ports = append(out.Ports, firmware.PortOf(to.To))
		default:
			out.Queue = to.String()
		}
	}
	return out
}

// Stats implements offload.Counting: packets, bytes and cycles of the card,
// its packets by verdict, and the runs of each program.
func (d *Device) Stats(context.Context) ([]offload.Counter, error) {
	if err := d.enter("read the counters of " + d.name); err != nil {
		return nil, err
	}
	defer d.mu.Unlock()
	var all []offload.Counter
	for _, name := range []string{countPackets, countBytes, countCycles, countNone, countFaults, countStopped} {
		all = append(all, offload.Counter{Group: "card", Name: name, Value: d.counts[name]})
	}
	var verdicts []string
	for name := range d.counts {
		if !slices.ContainsFunc(all, func(c offload.Counter) bool { return c.Name == name }) {
			verdicts = append(verdicts, name)
		}
	}
	slices.Sort(verdicts)
	for _, name := range verdicts {
		all = append(all, offload.Counter{Group: "verdict", Name: name, Value: d.counts[name]})
	}
	for _, p := range sorted(d.programs) {
		if p.runs > 0 {
			all = append(all, offload.Counter{Group: fmt.Sprintf("program %d", p.id), Name: "run_count", Value: p.runs})
		}
	}
	return all, nil
}

// earRoom is the number of records that wait for a reader; more are lost.
const earRoom = 1024

// ear listens to the records of one map.
type ear struct {
	card    *card
	m       *cardMap
	records chan offload.Event
	lost    uint64 // guarded by the card's lock
	once    sync.Once
	done    chan struct{}
}

// mapOf returns the map that has a number in the program's image, or nil.
func (p *program) mapOf(number uint32) *cardMap {
	for _, im := range p.src.Image.Maps {
		if im.ID != number {
			continue
		}
		for i, m := range p.src.Maps {
			if m.Name == im.Name {
				return p.maps[i]
			}
		}
	}
	return nil
}

// tell gives the records of a run to those who listen.
func (k *card) tell(p *program, events []sim.Event) {
	for _, e := range events {
		for _, l := range k.ears {
			if p.mapOf(e.Map) != l.m {
				continue
			}
			rec := offload.Event{Data: append(bytes.Clone(e.Data), e.Packet...), Lost: l.lost}
			select {
			case l.records <- rec:
				l.lost = 0
			default:
				l.lost++
			}
		}
	}
}

// Events implements offload.EventReader.
func (d *Device) Events(_ context.Context, id uint32) (offload.Events, error) {
	op := fmt.Sprintf("read events of map %d of %s", id, d.name)
	if err := d.enter(op); err != nil {
		return nil, err
	}
	defer d.mu.Unlock()
	m := d.maps[id]
	if m == nil || !m.info.Type.Queues() {
		return nil, fmt.Errorf("%s: there is no ring buffer or perf event array of this id", op)
	}
	m.open++
	l := &ear{card: d.card, m: m, records: make(chan offload.Event, earRoom), done: make(chan struct{})}
	d.ears = append(d.ears, l)
	return l, nil
}

// Read implements offload.Events.
func (l *ear) Read() (offload.Event, error) {
	select {
	case e := <-l.records:
		return e, nil
	case <-l.done:
		return offload.Event{}, io.EOF
	}
}

// Close implements offload.Events.
func (l *ear) Close() error {
	l.once.Do(func() {
		close(l.done)
		l.card.mu.Lock()
		defer l.card.mu.Unlock()
		l.card.ears = slices.DeleteFunc(l.card.ears, func(e *ear) bool { return e == l })
		l.m.open--
		l.card.sweep()
	})
	return nil
}
