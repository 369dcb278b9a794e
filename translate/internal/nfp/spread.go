package nfp

import (
	"math/bits"

	"github.com/skipsw/skipsw/nfpisa"
)

// web is a command and the instructions that fill its transfer-out registers,
// all in one stretch: no other command takes these words.
type web struct {
	cmd, first int // words
	defs       []int
	regs       uint64 // those of the command
}

// spread gives commands that follow each other different transfer-out
// registers, of which there are limit, so that one need not wait until another
// has taken its words. It reports whether it changed any.
func (o *Output) spread(limit int) (changed bool) {
	list := o.stretches()
	live := o.liveOuts(list)
	var webs [][]web
	fixed := uint64(0) // registers of words that are not in a web
	for b := range list {
		w, rest := o.webs(&list[b], live[b])
		webs = append(webs, w)
		fixed |= rest
	}
	next := 0
	for _, w := range webs {
		to, after, ok := berths(w, fixed, next, limit)
		if !ok {
			continue
		}
		next = after
		for k := range w {
			changed = o.rename(&w[k], to[k]) || changed
		}
	}
	return changed
}

// liveOuts returns the transfer-out registers whose words are taken behind each
// stretch.
func (o *Output) liveOuts(list []stretch) []uint64 {
	return solveBehind(o.Words, list, func(a, b uint64) uint64 { return a | b }, (*Word).liveBefore)
}

// liveBefore returns the transfer-out registers whose words are taken at the
// word or behind it.
func (w *Word) liveBefore(live uint64) uint64 {
	if d := written(&w.I); d.Kind == nfpisa.Xfer {
		live &^= 1 << d.Num
	}
	return live | w.Data.outs()
}

// webs finds the webs of a stretch, and the registers of all other words.
// live is what is taken behind the stretch.
func (o *Output) webs(s *stretch, live uint64) (list []web, rest uint64) {
	after := map[int]uint64{} // by command: what is taken behind it
	for k := s.hi - 1; k >= s.lo; k-- {
		if o.Words[k].Data.takes {
			after[k] = live
		}
		live = o.Words[k].liveBefore(live)
	}
	rest = live
	var def [64]int // by register: the word that filled it, or -1 if a command took it since
	for r := range def {
		def[r] = -1
	}
	loose := map[int]bool{} // words that fill a register and are in no web yet
	for k := s.lo; k < s.hi; k++ {
		w := &o.Words[k]
		if d := written(&w.I); d.Kind == nfpisa.Xfer {
			def[d.Num] = k
			loose[k] = true
		}
		regs := w.Data.outs()
		if regs == 0 {
			continue
		}
		x := web{cmd: k, first: k, regs: regs}
		own := !w.Data.fills && after[k]&regs == 0
		for r := regs; r != 0; r &= r - 1 {
			at := def[bits.TrailingZeros64(r)]
			def[bits.TrailingZeros64(r)] = -1
			if own = own && at >= 0; at >= 0 {
				x.defs = append(x.defs, at)
				x.first = min(x.first, at)
			}
		}
		if !own {
			rest |= regs
			continue
		}
		for _, at := range x.defs {
			delete(loose, at)
		}
		list = append(list, x)
	}
	for k := range loose {
		rest |= 1 << o.Words[k].I.Dst.Num
	}
	return list, rest
}

// berths chooses the first register of each web of a stretch, from next on and
// round again. Webs at the same time get different ones.
func berths(list []web, fixed uint64, next, limit int) (to []int, after int, ok bool) {
	taken := make([]uint64, len(list))
	for k := range list {
		n := bits.OnesCount64(list[k].regs)
		busy := fixed
		for j := range k {
			if list[j].cmd > list[k].first {
				busy |= taken[j]
			}
		}
		at := -1
		for try := range limit {
			first := (next + try) % limit
			if mask := uint64(1<<n-1) << first; first+n <= limit && busy&mask == 0 {
				at, taken[k] = first, mask
				break
			}
		}
		if at < 0 {
			return nil, 0, false
		}
		to = append(to, at)
		next = at + n
	}
	return to, next, true
}

// rename gives a web registers from first on.
func (o *Output) rename(w *web, first int) bool {
	d := &o.Words[w.cmd].Data
	was := int(d.first)
	if was == first {
		return false
	}
	d.first = uint8(first)
	o.Words[w.cmd].I.Cmd.Xfer = uint8(first)
	for _, k := range w.defs {
		o.Words[k].I.Dst.Num = uint16(int(o.Words[k].I.Dst.Num) - was + first)
	}
	return true
}
