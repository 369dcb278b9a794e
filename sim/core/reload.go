package core

// Install gives the core other code, and the routines around it. No context has a
// packet then.
func (c *Core) Install(code *Code, r Routines) {
	c.code, c.routines, c.recent = code, r, nil
}

// Reload is Install for a core at work, within Work.Next for the last context that
// finds no packet: the core stands still for so many cycles, and then every context
// wants a packet.
func (c *Core) Reload(code *Code, r Routines, cycles uint64) {
	asking := 0
	for i := range c.ctx {
		x := &c.ctx[i]
		if x.asked {
			asking++
		}
		if x.live && !x.asked || x.over || asking > 1 {
			panic("BUG: a core is loaded while a context has a packet")
		}
	}
	c.Install(code, r)
	c.hungry = 1<<Contexts - 1
	c.still = cycles
}

// stand lets the cycles of a Reload pass.
func (c *Core) stand() {
	if c.still > 0 {
		c.waitUntil(c.now + c.still)
		c.now += c.still
		c.still = 0
	}
}
