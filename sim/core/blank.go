package core

// span is slots of the register file, from lo to hi-1.
type span struct{ lo, hi uint16 }

// add makes the span reach over slots lo to hi-1.
func (s *span) add(lo, hi uint16) {
	if s.lo == s.hi {
		*s = span{lo, hi}
		return
	}
	s.lo, s.hi = min(s.lo, lo), max(s.hi, hi)
}

// findReads works out which transfer registers the code may read before anything
// writes them; others need not be made unwritten for each packet.
func (cd *Code) findReads() {
	cd.readsIn, cd.readsOut = span{}, span{}
	for i := range cd.ops[:cd.words] {
		u := &cd.ops[i]
		for _, s := range [...]struct {
			kind uint8
			slot uint16
		}{{u.lk, u.l}, {u.rk, u.r}} {
			switch {
			case s.kind == kXferIx:
				cd.readsIn.add(slotIn, slotOut)
			case s.kind == kFlat && s.slot >= slotIn && s.slot < slotOut:
				cd.readsIn.add(s.slot, s.slot+1)
			}
		}
		if u.op != opCmd {
			continue
		}
		k := &cd.cmds[u.imm]
		first := slotOut + uint16(k.xfer)
		last := first + uint16(k.length) // in words or bytes: no fewer
		if k.replace || last > slotSink {
			last = slotSink
		}
		if k.proto.Takes() {
			cd.readsOut.add(first, last)
		}
	}
}
