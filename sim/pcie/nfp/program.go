package nfp

import (
	"fmt"

	"github.com/skipsw/skipsw/internal/unsupported"
)

// load fetches a program from host memory and has the firmware load it, in its
// turn. The host keeps the memory until the update word is clear.
func (v *vnic) load(update uint32) {
	c := v.card
	words, err := v.program()
	job := func() {
		if err == nil {
			err = c.fw.Load(v.port, words)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if err != nil {
			c.opt.Log("%s: program not loaded: %v", v.name, err)
			v.answer(update | updateError)
			return
		}
		v.loaded = true
		v.answer(0)
	}
	if !c.work.push(job) {
		v.answer(update | updateError)
	}
}

// eightContexts is the bit of a program's address that asks for eight contexts.
const (
	eightContexts = 1
	programFlags  = 7
)

// program returns the words of the program that the driver describes.
func (v *vnic) program() ([]uint64, error) {
	n := uint64(le.Uint16(v.mem[cfgBPFSize:]))
	reg := le.Uint64(v.mem[cfgBPFAddr:])
	addr, flags := reg&^programFlags, reg&programFlags
	switch {
	case flags&eightContexts != 0:
		return nil, fmt.Errorf("%w: eight contexts, because the firmware runs four", unsupported.Err)
	case flags != 0:
		return nil, fmt.Errorf("program with flags %d", flags)
	case n == 0 || n > uint64(v.card.opt.BPF.MaxWords):
		return nil, fmt.Errorf("program of %d words", n)
	}
	b := make([]byte, 8*n)
	if err := v.read(addr, b); err != nil {
		return nil, err
	}
	words := make([]uint64, n)
	for i := range words {
		words[i] = le.Uint64(b[8*i:])
	}
	v.card.opt.Log("%s: program of %d words", v.name, n)
	return words, nil
}
