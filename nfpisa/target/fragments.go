package target

// fragments checks where long frames go on.
func (c *checker) fragments() {
	t := c.t
	f, v := t.Packet.Fragments, t.PacketVector.Fragment
	if (f != nil) != (v != nil) {
		c.fail("packet.fragments and packet_vector.fragment come together")
	}
	if f == nil || v == nil {
		return
	}
	if v.Low != 0 || v.Bits != 32 {
		c.fail("packet_vector.fragment is low %d, bits %d, must be a whole word: programs write it", v.Low, v.Bits)
	}
	if _, ok := t.Memories[f.Memory]; !ok {
		c.fail("packet.fragments.memory is %q, which memories does not have", f.Memory)
	}
	low := int(t.Packet.NumberLow)
	if c.within("packet.number_low", low, 0, 31) {
		c.within("packet.fragments.size", f.Size, 64, 1<<low)
	}
	size := uint64(1) << (low + bufferBits)
	if f.Base >= addressMax || f.Base < 1<<32 || size > addressMax-f.Base || f.Base>>32 != (f.Base+size-1)>>32 {
		c.fail("packet.fragments.base is %#x, must be %#x or more, and %#x bytes from there lie within 40 address bits and cross no multiple of 2^32", f.Base, uint64(1<<32), size)
		return
	}
	for k := range t.Maps.Regions {
		if r := &t.Maps.Regions[k]; f.Base < r.Base+r.Size && r.Base < f.Base+size {
			c.fail("packet.fragments.base %#x: its %#x bytes overlap maps.regions[%d]", f.Base, size, k)
		}
	}
}
