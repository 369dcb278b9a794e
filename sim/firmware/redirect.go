package firmware

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim/core"
	"github.com/skipsw/skipsw/translate/bpf"
)

// Redirect is where a redirected frame goes.
type Redirect struct {
	// Kind is one of target.RedirectKinds, "" for a frame that goes nowhere: no
	// helper said where, or the target has none.
	Kind string
	// To is an interface for a port, the key in its map for a queue of the host,
	// the image's number of the map for copies.
	To uint32
	// Interfaces are those that get a copy, in the order of their keys. They are
	// valid until the next packet of any context.
	Interfaces []uint32
	// Program is the number, from 1 on, of the image's program that runs at the far end
	// of a redirect by an entry of a map, 0 for none. Programs are those of Interfaces,
	// one for each.
	Program  uint32
	Programs []uint32
}

// Ends reports whether programs run at the far end.
func (r *Redirect) Ends() bool {
	return r.Program != 0 || slices.ContainsFunc(r.Programs, func(n uint32) bool { return n != 0 })
}

// farEnd reads which program runs at the far end.
func (v *Convention) farEnd(x *core.Context, out *Redirect) bool {
	f := v.t.PacketVector.Redirect.Program
	if f == nil {
		return true
	}
	n, _ := get(x, f)
	if out.Program = n; n == 0 {
		return true
	}
	attach := bpf.AtHook
	switch out.Kind {
	case target.RedirectPort:
		attach = bpf.AttachXDPDevMap
	case target.RedirectCPU:
		attach = bpf.AttachXDPCPUMap
	}
	if uint64(n) > uint64(len(v.cfg.Image.Programs)) || attach == bpf.AtHook || v.cfg.Image.Programs[n-1].Attach != attach.String() {
		x.Fail(core.FaultExit, "the packet vector at exit has program %d for the far end of a redirect to %s, which is none", n, out.Kind)
		return false
	}
	return true
}

// PortOf returns the port of an interface, negative for the number 0, which
// none has. Interface 1 is port 0.
func PortOf(ifindex uint32) int { return int(ifindex) - 1 }

// IfindexOf returns the number of a port's interface.
func IfindexOf(port int) uint32 { return uint32(port + 1) }

// String names the place: "port 1", "cpu 3", "socket 0", "ports 0 2", "nowhere".
func (r *Redirect) String() string {
	switch r.Kind {
	case "":
		return "nowhere"
	case target.RedirectPort:
		if r.To == 0 {
			return "interface 0"
		}
		return fmt.Sprintf("port %d", PortOf(r.To))
	case target.RedirectAll, target.RedirectOthers:
		if len(r.Interfaces) == 0 {
			return "no port"
		}
		s := "ports"
		for _, i := range r.Interfaces {
			s += fmt.Sprintf(" %d", PortOf(i))
		}
		return s
	}
	return fmt.Sprintf("%s %d", r.Kind, r.To)
}

// Redirects reports whether a verdict of a program sends the frame where a
// helper said.
func Redirects(tc bool, verdict uint32) bool {
	if tc {
		return verdict == uint32(bpf.TCActRedirect)
	}
	return verdict == uint32(bpf.XDPRedirect)
}

// redirect reads where a frame goes; false means that it failed the context.
func (v *Convention) redirect(x *core.Context, tc bool, out *Redirect) bool {
	f := v.t.PacketVector.Redirect
	if f == nil {
		return true
	}
	code, ok := get(x, &f.Kind)
	if out.Kind = f.KindOf(code); !ok || out.Kind == "" && code != 0 {
		x.Fail(core.FaultExit, "the packet vector at exit has redirect code %#x, which stands for nothing", code)
		return false
	}
	if out.Kind == "" {
		return true
	}
	if out.To, ok = get(x, &f.To); !ok {
		x.Fail(core.FaultUndefined, "the packet vector at exit has bits of a redirect's target that nobody wrote")
		return false
	}
	if out.Kind != target.RedirectAll && out.Kind != target.RedirectOthers {
		return tc || v.farEnd(x, out)
	}
	except := uint32(0)
	if in := v.t.PacketVector.Ingress; out.Kind == target.RedirectOthers && in != nil {
		except, _ = get(x, in)
	}
	v.interfaces, v.programs = v.interfaces[:0], v.programs[:0]
	for _, m := range v.cfg.Maps {
		if m.Info().ID != out.To {
			continue
		}
		for _, e := range m.Entries() {
			if i := binary.LittleEndian.Uint32(e.Value); i != except {
				v.interfaces = append(v.interfaces, i)
				if v.t.PacketVector.Ends() && len(e.Value) == bpf.SizeofDevMapVal {
					v.programs = append(v.programs, binary.LittleEndian.Uint32(e.Value[4:]))
				}
			}
		}
		out.Interfaces, out.Programs = v.interfaces, v.programs
		return true
	}
	x.Fail(core.FaultExit, "the packet vector at exit redirects to map %d, which the image does not have", out.To)
	return false
}
