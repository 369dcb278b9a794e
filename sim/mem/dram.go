package mem

// cacheState is what changes of a unit's cache and of the DRAM behind it.
type cacheState struct {
	// Tags are line numbers plus one, of each set the last used first. Dirty has
	// lines that differ from DRAM.
	Tags  []uint64
	Dirty []bool
	// Pages are the open pages of the DRAM's banks plus one, and Ready when each
	// bank can open another. Channel is when the channel is free.
	Pages   []uint64
	Ready   []uint64
	Channel uint64
	// Used is the cycles for which the channel was used, Hits and Misses are the
	// lines that commands reached.
	Used, Hits, Misses uint64
}

func newCacheState(c *Cache) cacheState {
	if c.Lines == 0 {
		return cacheState{}
	}
	return cacheState{
		Tags: make([]uint64, c.Lines), Dirty: make([]bool, c.Lines),
		Pages: make([]uint64, c.DRAMBanks), Ready: make([]uint64, c.DRAMBanks),
	}
}

// empty empties the cache and closes all pages.
func (st *cacheState) empty() {
	clear(st.Tags)
	clear(st.Dirty)
	clear(st.Pages)
}

// restart sets the clocks to cycle 0.
func (st *cacheState) restart() {
	clear(st.Ready)
	st.Channel, st.Used, st.Hits, st.Misses = 0, 0, 0, 0
}

// reach takes a command's lines through the cache, from cycle start on. It
// returns how many cycles later its signal comes.
func (st *cacheState) reach(c *Cache, q *Command, start uint64) (late uint64) {
	first, last := q.Address/c.LineBytes, (q.Address+uint64(q.Bytes)-1)/c.LineBytes
	for line := first; line <= last; line++ {
		late = max(late, st.line(c, line, !q.Op.Reads(), start))
	}
	return late
}

// line takes one line through the cache.
func (st *cacheState) line(c *Cache, line uint64, write bool, start uint64) (late uint64) {
	sets := uint64(c.Lines / c.Ways)
	at := int(line%sets) * c.Ways
	tags, dirty := st.Tags[at:at+c.Ways], st.Dirty[at:at+c.Ways]
	tag := line + 1
	if tags[0] == tag {
		dirty[0] = dirty[0] || write
		st.Hits++
		return 0
	}
	way := len(tags) - 1
	hit := false
	for i := 1; i < len(tags); i++ {
		if tags[i] == tag {
			way, hit = i, true
			break
		}
	}
	changed := dirty[way]
	if hit {
		st.Hits++
	} else {
		st.Misses++
		late = st.fetch(c, line, start)
		if changed {
			st.Channel += uint64(c.Fill) // the old line goes back behind
			st.Used += uint64(c.Fill)
			changed = false
		}
	}
	copy(tags[1:way+1], tags[:way])
	copy(dirty[1:way+1], dirty[:way])
	tags[0], dirty[0] = tag, changed || write
	return late
}

// fetch takes a line from DRAM and returns how many cycles that is more than a
// hit.
func (st *cacheState) fetch(c *Cache, line, start uint64) uint64 {
	page := line * c.LineBytes / c.PageBytes
	bank := page % uint64(c.DRAMBanks)
	late := uint64(c.Miss)
	from := max(start, st.Channel)
	if st.Pages[bank] != page+1 {
		from = max(from, st.Ready[bank])
		st.Pages[bank], st.Ready[bank] = page+1, from+uint64(c.PageBusy)
		late += uint64(c.PageMiss)
	}
	st.Channel = max(start, st.Channel) + uint64(c.Fill)
	st.Used += uint64(c.Fill)
	return from - start + late
}
