package nfp

import "github.com/skipsw/skipsw/nfpisa"

// waitAndBranch lets a command that waits right before a branch and the branch be
// one wait that goes on elsewhere: both have two slots, of which then only two
// are to be filled. It reports whether there are such.
func (o *Output) waitAndBranch() (changed bool) {
	label := make([]bool, len(o.Words)+1)
	for _, s := range o.Starts {
		label[s] = true
	}
	for k := range o.Words {
		w := &o.Words[k]
		if !w.waits() {
			continue
		}
		at := k + 1 + int(w.I.Cmd.Ctx) // of the branch
		if at < len(o.Words) && !anyLabel(label[k+1:at+1]) && o.Words[at].goesOn() && o.joinWait(k, at) {
			changed = true
		}
	}
	return changed
}

// goesOn reports whether the word is a branch that is always taken, to the end of
// the program or to a place in it.
func (w *Word) goesOn() bool {
	i := &w.I
	return i.Class == nfpisa.ClassBranch && i.Cond == nfpisa.CondAlways && !w.Fixed && (w.Done || w.Block >= 0)
}

// joinWait makes the command at k and the branch at at one, if that takes less
// time. What stands in the slots of the command comes to stand before it, or in
// those of the wait.
func (o *Output) joinWait(k, at int) bool {
	cmd := o.Words[k]
	first := k
	if cmd.I.Cmd.Indirect {
		first--
		if first < 0 || o.Words[first].I.Class != nfpisa.ClassImmed {
			return false
		}
	}
	var before, behind []Word
	e := effectOf(&cmd)
	// What runs in the slots of the wait finds nothing of what the command reads,
	// and leaves alone what it takes.
	beside := func(w *Word) bool {
		x := effectOf(w)
		return w.I.Class != nfpisa.ClassCmd && !x.writes.meets(e.reads) && !x.writes.meets(e.writes) && !x.reads.meets(e.writes)
	}
	for j := at + 1; j <= at+int(o.Words[at].I.Defer); j++ {
		if !beside(&o.Words[j]) {
			return false
		}
	}
	taken := e.reads
	taken.out = 0 // made before the command takes them, in any case
	for j := k + 1; j < at; j++ {
		w := o.Words[j]
		x := effectOf(&w)
		switch {
		case len(behind)+int(o.Words[at].I.Defer) < deferAlways && beside(&w):
			behind = append(behind, w)
		case len(behind) == 0 && !x.writes.meets(taken):
			before = append(before, w)
		default:
			return false
		}
	}
	if len(before) > 1 {
		return false
	}
	arb := o.Words[at]
	arb.I = nfpisa.CtxArb(1 << cmd.I.Cmd.Signal)
	arb.I.Resume = true
	arb.I.Defer = o.Words[at].I.Defer + uint8(len(behind))
	cmd.I.Cmd.Ctx = nfpisa.CmdNoSwap
	list := append(before, o.Words[first:k]...)
	list = append(append(append(list, cmd), arb), behind...)
	copy(o.Words[first:], list)
	return true
}
