package nic

import (
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim/firmware"
)

// redirect sends a frame where its program said, and returns when the last of
// it is there; 0 for a queue that was full. What cannot be reached is dropped
// and counted.
func (r *run) redirect(d *departure, now uint64) uint64 {
	to := &d.redirect
	switch to.Kind {
	case target.RedirectPort:
		return r.sendAll(d, []uint32{to.To}, now)
	case target.RedirectAll, target.RedirectOthers:
		return r.sendAll(d, to.Interfaces, now)
	case target.RedirectCPU, target.RedirectSocket:
		if uint64(to.To) >= uint64(r.card.spec.HostQueues) {
			break
		}
		end, ok := r.toHost(d, now)
		if ok {
			r.queues[to.String()]++
		}
		return end
	}
	r.unreachable++
	return now
}

// sendAll sends a frame by the ports of interfaces. The first one takes the
// frame itself, the others take copies, which all have the frame's time.
func (r *run) sendAll(d *departure, interfaces []uint32, now uint64) (end uint64) {
	if len(interfaces) == 0 {
		r.unreachable++
		return now
	}
	r.copies += uint64(len(interfaces) - 1)
	for _, i := range interfaces {
		port := firmware.PortOf(i)
		if port < 0 || port >= r.card.spec.Ports {
			r.unreachable++
			end = max(end, now)
			continue
		}
		last, _ := r.toPort(d, port, now)
		end = max(end, last)
	}
	return end
}
