package nic

import (
	"fmt"
	"strings"
)

// full is the utilisation from which a part counts as busy all the time.
const full = 0.9

// bound is the utilisation from which cores or a memory bound what a card does
// whose contexts all have work: more contexts would get less than a quarter more.
const bound = 0.8

// bottleneck says what kept the card from doing more: the part in front of which
// the most frames were dropped, or the ports when none was.
func (r *run) bottleneck(res *Result) string {
	n := &r.counts
	switch most := max(n.noBuffer, n.egressFull, n.hostFull); {
	case most == 0:
		return r.unhindered(res)
	case most == n.egressFull:
		return r.egressBound(res)
	case most == n.hostFull:
		return fmt.Sprintf("way to the host, %s busy at %g Gb/s", percent(res.Utilisation[partHost]), float64(r.card.spec.HostRate)/1e9)
	}
	return r.workBound(res)
}

// workBound is for frames that find no buffer: programs do not end fast enough.
func (r *run) workBound(res *Result) string {
	cores := res.Utilisation[partCores]
	busy := 0.0
	if len(res.Units) > 0 {
		busy = res.Units[0].Busy
	}
	if max(cores, busy) < bound {
		return fmt.Sprintf("contexts: all %d have a packet and wait most of the time, for memory or the worker's loop; cores %s busy", res.Contexts, percent(cores))
	}
	if cores >= busy {
		noun := "worker cores"
		if res.Cores == 1 {
			noun = "worker core"
		}
		return fmt.Sprintf("%d %s, %s busy", res.Cores, noun, percent(cores))
	}
	return res.Units[0].String()
}

func (r *run) egressBound(res *Result) string {
	port := 0
	for i := range r.tx {
		if r.tx[i].refused > r.tx[port].refused {
			port = i
		}
	}
	return fmt.Sprintf("egress of port %d, %s busy at %g Gb/s", port, percent(res.Utilisation[partOut(port)]), float64(r.card.spec.PortRate)/1e9)
}

// unhindered is for a run in which no queue was full.
func (r *run) unhindered(res *Result) string {
	var ports []string
	for i := range r.rx {
		if res.Utilisation[partIn(i)] > full {
			ports = append(ports, fmt.Sprint(i))
		}
	}
	if len(ports) == 0 {
		return "none: the card did all that was offered"
	}
	return fmt.Sprintf("line rate, %g Gb/s in at port %s", float64(r.card.spec.PortRate)/1e9, strings.Join(ports, ", "))
}

func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }
