package nic

import (
	"slices"

	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/firmware"
)

// A frame that goes to an entry with a program passes the cores again, on the context
// that has just ended it or the next that asks, before frames that wait. Copies pass
// one after the other, from the buffer that the frame has; when all have, they leave
// together, at the frame's turn.

// pass is a run of a program at a far end that a frame waits for.
type pass struct {
	input sim.Input
	to    sim.Redirect
	most  int // programs that may follow, this one too
}

// outlet is where a frame, or a copy of it, ends.
type outlet struct {
	fate   fate
	to     sim.Redirect
	length int
	data   []byte
}

// follow notes what comes behind a program that has ended: passes, and where the frame
// goes without one. It reports whether the frame passes the cores again.
func (r *run) follow(f *frame, res *sim.Result) bool {
	switch {
	case len(f.far) > 0:
		p := f.far[0]
		f.far = f.far[1:]
		e := sim.End{Program: p.input.Program, To: p.to, Result: *res}
		switch e.Fate() {
		case sim.EndGoesOn:
			f.fanOut(&p.input, res, p.most-1)
		case sim.EndSends:
			f.end(redirected, p.to, res)
		case sim.EndDrops:
			f.end(dropped, sim.Redirect{}, res)
		case sim.EndFaulted:
			if f.end(failed, sim.Redirect{}, res); r.fault == nil {
				r.fault = res.Fault
			}
		default:
			f.end(aborted, sim.Redirect{}, res)
		}
	case res.Fault == nil && res.Redirect.Ends() && r.card.fateOf(res.Verdict) == redirected:
		f.fanOut(&sim.Input{IngressIfindex: firmware.IfindexOf(f.port)}, res, sim.MaxEnds)
	default:
		return false
	}
	return true
}

// fanOut notes the far ends of a redirect.
func (f *frame) fanOut(in *sim.Input, res *sim.Result, most int) {
	n := sim.FarEnds(res)
	for k := range n {
		next, ok := sim.EndInput(in, res, k)
		switch to := sim.EndOf(&res.Redirect, k); {
		case ok && most == 0:
			f.end(redirected, sim.Redirect{}, res)
		case ok:
			next.Before, next.Packet = slices.Clone(next.Before), slices.Clone(next.Packet)
			f.far = append(f.far, pass{next, to, most})
		default:
			f.end(redirected, to, res)
		}
	}
	if n == 0 {
		f.end(redirected, sim.Redirect{}, res)
	}
}

// end notes where a frame ends.
func (f *frame) end(what fate, to sim.Redirect, res *sim.Result) {
	to.Interfaces, to.Programs = nil, nil
	f.outs = append(f.outs, outlet{what, to, len(res.Packet), slices.Clone(res.Packet)})
}

// fan lets a frame and its copies leave, and returns when the last of them has.
func (r *run) fan(d *departure, now uint64) (end uint64) {
	r.copies += uint64(len(d.outs) - 1)
	for _, o := range d.outs {
		one := *d
		one.fate, one.redirect, one.length, one.outs = o.fate, o.to, o.length, nil
		if one.data = nil; r.card.spec.Leave != nil {
			one.data = o.data
		}
		at := now
		switch o.fate {
		case redirected:
			at = r.redirect(&one, now)
		case dropped:
			r.program++
		case aborted:
			r.aborted++
		case failed:
			r.faults++
		}
		end = max(end, at)
	}
	return end
}
