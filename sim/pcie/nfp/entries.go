package nfp

// abi2Room is the room for a key, and for a value, of one entry in ABI 2.
const abi2Room = 64

// entryRoom returns the room for key and value in messages.
func (b *Capabilities) entryRoom() (key, value int) {
	if b.ABI < 3 {
		return abi2Room, abi2Room
	}
	return int(b.Maps.Key), int(b.Maps.Value)
}

// entriesHead is the size of what comes before the entries of a reply.
const entriesHead = msgHeader + 12

// mapOp executes an operation on entries and appends the rest of its reply. That
// holds the good entries, and one more if there was an error.
func (c *Card) mapOp(reply []byte, op byte, body []byte) []byte {
	keyRoom, valueRoom := c.opt.BPF.entryRoom()
	w, ok := words(body, 3)
	id, count, flags := w[0], w[1], w[2]
	rc, good := ErrParse, uint32(0)
	var out []byte
	if ok {
		var entries [][2][]byte
		entries, rc = c.entries(op, id, count, flags, body[12:])
		good = uint32(len(entries))
		for _, e := range entries {
			out = append(out, room(e[0], keyRoom)...)
			out = append(out, room(e[1], valueRoom)...)
		}
	}
	if rc != OK {
		out = append(out, make([]byte, keyRoom+valueRoom)...)
	}
	c.opt.Log("map %d: operation %d, flags %d: %d, %d entries", id, op, flags, rc, good)
	for _, w := range [...]uint32{uint32(rc), good, 0} {
		reply = be.AppendUint32(reply, w)
	}
	return append(reply, out...)
}

// room returns bytes in a room of n.
func room(b []byte, n int) []byte {
	return append(append(make([]byte, 0, n), b...), make([]byte, n-len(b))...)
}

// entries executes an operation and returns the entries that it worked on.
func (c *Card) entries(op byte, id, count, flags uint32, data []byte) (out [][2][]byte, rc Status) {
	keyRoom, valueRoom := c.opt.BPF.entryRoom()
	each := keyRoom + valueRoom
	key, value, ok := c.fw.MapSizes(id)
	switch {
	case !ok:
		return nil, ErrNoMap
	case len(data) < each:
		return nil, ErrParse
	case op == msgMapFirst:
		return c.walk(id, nil, count)
	case op == msgMapNext:
		return c.walk(id, data[:key], count)
	case uint64(count)*uint64(each) > uint64(len(data)):
		return nil, ErrParse
	}
	for range max(count, 1) {
		k, v := data[:key], data[keyRoom:keyRoom+value]
		switch op {
		case msgMapLookup:
			v, rc = c.fw.MapLookup(id, k)
		case msgMapUpdate:
			rc = c.fw.MapUpdate(id, k, v, flags)
		case msgMapDelete:
			v, rc = nil, c.fw.MapDelete(id, k)
		}
		if rc != OK {
			return out, rc
		}
		out = append(out, [2][]byte{k, v})
		data = data[each:]
	}
	return out, OK
}

// walk returns up to count entries after a key, as many as a reply holds. A walk
// that ends early says so with ErrNoEntry.
func (c *Card) walk(id uint32, key []byte, count uint32) (out [][2][]byte, rc Status) {
	keyRoom, valueRoom := c.opt.BPF.entryRoom()
	c.mu.Lock()
	most := (int(c.control.word(cfgBuffer)) - entriesHead) / (keyRoom + valueRoom)
	c.mu.Unlock()
	if !c.opt.BPF.MultiEntry {
		most = 1
	}
	for range max(1, min(most, int(count), maxMessage/(keyRoom+valueRoom))) {
		next, value, rc := c.fw.MapNext(id, key)
		if rc != OK {
			return out, rc
		}
		out = append(out, [2][]byte{next, value})
		key = next
	}
	return out, OK
}
