package lower

import (
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/internal/ssa"
	"github.com/skipsw/skipsw/translate/object"
)

var (
	_ = register(&Helper{ID: bpf.HelperRedirect, Inline: redirect})
	_ = register(&Helper{ID: bpf.HelperRedirectMap, Map: 1, OnMap: redirectMap})
)

// to says where the frame goes, for a verdict that redirects. Kind is one of
// the target's, "" for nowhere.
func (c *Call) to(kind string, which ssa.ID) {
	code := uint32(0)
	if kind != "" {
		code = c.T.PacketVector.Redirect.Codes[kind]
	}
	c.Add(ssa.Value{Op: ssa.SetRedirect, Args: []ssa.ID{c.Const(code), which}})
	c.runThere(c.Const(0))
}

// runThere says which program runs at the far end, by its number from 1 on.
func (c *Call) runThere(program ssa.ID) {
	if c.Env.Ends {
		c.Add(ssa.Value{Op: ssa.SetVec, Imm: uint32(c.T.PacketVector.Redirect.Program.Word), Args: []ssa.ID{program}})
	}
}

// redirect makes bpf_redirect: the frame goes out of the interface in R1. Flags
// that the kernel does not know are an answer at once.
func redirect(c *Call) error {
	index, _ := c.Reg(1)
	flags, flagsHi := c.Reg(2)
	done, wrong := uint32(bpf.XDPRedirect), uint32(bpf.XDPAborted)
	if c.Prog.Source().Type == object.TC {
		zero, one := c.F.Known(flags)
		if zero&bpf.FIngress == 0 {
			what := "bpf_redirect with flags that may have BPF_F_INGRESS"
			if one&bpf.FIngress != 0 {
				what = "bpf_redirect with BPF_F_INGRESS"
			}
			return c.Unsupported(what, "a card sends frames and cannot receive them by a port of its own")
		}
		done, wrong = uint32(bpf.TCActRedirect), uint32(bpf.TCActShot)
	}
	none := ssa.Compare{Cond: ssa.EQ, XL: flags, XH: flagsHi, YL: c.Const(0), YH: c.Const(0)}
	words := when(c, none, func() []ssa.ID {
		c.to(target.RedirectPort, index)
		return []ssa.ID{c.Const(done), c.Const(ssa.NoNextHop)}
	}, func() []ssa.ID { return []ssa.ID{c.Const(wrong), c.NextHop().Kind} })
	hop := c.NextHop()
	hop.Kind = words[1]
	c.SetNextHop(hop)
	c.SetReg(0, words[0], c.Const(0))
	return nil
}

// redirectKinds are the kinds of redirects by maps.
var redirectKinds = map[bpf.MapType]string{
	bpf.MapTypeDevMap: target.RedirectPort, bpf.MapTypeDevMapHash: target.RedirectPort,
	bpf.MapTypeCPUMap: target.RedirectCPU, bpf.MapTypeXSKMap: target.RedirectSocket,
}

// missAction are the flags of bpf_redirect_map that are its answer where the
// map has no entry.
const missAction = uint32(bpf.XDPTX)

// redirectMap makes bpf_redirect_map: the frame goes where the entry of the key
// in R2 says. Device maps can have copies made, which no entry is asked for.
func redirectMap(c *Call) error {
	flags, flagsHi := c.Reg(3)
	known := missAction
	copies := redirectKinds[c.Map.Type] == target.RedirectPort
	if copies {
		known |= bpf.FBroadcast | bpf.FExcludeIngress
	}
	right := ssa.Compare{Cond: ssa.EQ, XL: c.And(flags, ^known), XH: flagsHi, YL: c.Const(0), YH: c.Const(0)}
	var err error
	toEntry := func() []ssa.ID {
		words, e := c.redirectEntry(flags)
		if e != nil {
			err, words = e, []ssa.ID{c.Const(0)}
		}
		return words
	}
	toAll := func(kind string) func() []ssa.ID {
		return func() []ssa.ID {
			c.to(kind, c.Const(c.Env.Maps[c.K].ID))
			return []ssa.ID{c.Const(uint32(bpf.XDPRedirect))}
		}
	}
	words := when(c, right, func() []ssa.ID {
		if !copies {
			return toEntry()
		}
		return when(c, isZero(c, c.And(flags, bpf.FBroadcast)), toEntry, func() []ssa.ID {
			return when(c, isZero(c, c.And(flags, bpf.FExcludeIngress)), toAll(target.RedirectAll), toAll(target.RedirectOthers))
		})
	}, func() []ssa.ID { return []ssa.ID{c.Const(uint32(bpf.XDPAborted))} })
	c.SetReg(0, words[0], c.Const(0))
	return err
}

// redirectEntry makes the redirect to an entry, or the answer in the flags
// where there is none.
func (c *Call) redirectEntry(flags ssa.ID) ([]ssa.ID, error) {
	key, _ := c.Reg(2)
	value, program, err := c.target(key)
	if err != nil {
		return nil, err
	}
	kind, which := redirectKinds[c.Map.Type], key
	if kind == target.RedirectPort {
		which = value
	}
	return c.Choose(isZero(c, value), func() []ssa.ID {
		// The kernel forgets an earlier redirect, too.
		c.to("", c.Const(0))
		return []ssa.ID{c.And(flags, missAction)}
	}, func() []ssa.ID {
		c.to(kind, which)
		c.runThere(program)
		return []ssa.ID{c.Const(uint32(bpf.XDPRedirect))}
	}), nil
}

// target returns the first word of the entry of a key, 0 where there is none, and
// the number of the program in it, 0 for none.
func (c *Call) target(key ssa.ID) (value, program ssa.ID, err error) {
	holds := c.Env.Ends && c.Map.Holds() != bpf.AtHook
	load := func(low ssa.ID, high ssa.ID) []ssa.ID {
		word := func(at uint32) ssa.ID {
			return c.Add(ssa.Value{Op: ssa.Load, Space: ssa.MapValue, Size: 4, Imm: at, Aux: int32(c.K), Args: []ssa.ID{low, high}})
		}
		if !holds {
			return []ssa.ID{word(0), c.Const(0)}
		}
		return []ssa.ID{word(0), word(4)}
	}
	none := func() []ssa.ID { return []ssa.ID{c.Const(0), c.Const(0)} }
	if c.Map.Type != bpf.MapTypeDevMapHash {
		inside := ssa.Compare{Cond: ssa.ULT, XL: key, YL: c.Const(c.Map.MaxEntries)}
		w := c.Choose(inside, func() []ssa.ID { return load(c.entry(key), c.Const(c.Env.Machine.MapHigh)) }, none)
		return w[0], w[1], nil
	}
	s := ssa.CallSite{Helper: bpf.HelperMapLookupElem, Map: int32(c.K), Key: 1, Near: c.place().Near}
	args := []ssa.ID{key}
	if c.pointed(&s) {
		args = append(args, c.StackBase())
	}
	call := c.AddCall(s, args)
	low, high := c.Result(call, 0), c.Result(call, 1)
	w := c.Choose(isZero(c, low), none, func() []ssa.ID { return load(low, high) })
	return w[0], w[1], nil
}

// lookupTarget makes a lookup in an array whose empty entries are 0.
func lookupTarget(c *Call) error {
	key, err := c.Behind(2, 4)
	if err != nil {
		return err
	}
	value, _, err := c.target(key[0])
	if err != nil {
		return err
	}
	words := c.Choose(isZero(c, value), func() []ssa.ID { return []ssa.ID{c.Const(0), c.Const(0)} },
		func() []ssa.ID { return []ssa.ID{c.entry(key[0]), c.Const(c.Env.Machine.MapHigh)} })
	c.SetReg(0, words[0], words[1])
	return nil
}
