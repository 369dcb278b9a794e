package remote

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
)

// op makes an operation of a function with typed arguments.
func op[A any](f func(c *session, a A) (any, error)) func(*session, json.RawMessage) (any, error) {
	return func(c *session, raw json.RawMessage) (any, error) {
		var a A
		if len(raw) > 0 {
			if err := json.Unmarshal(raw, &a); err != nil {
				return nil, fmt.Errorf("arguments that are not of the operation: %w", err)
			}
		}
		return f(c, a)
	}
}

type none struct{}

// ops are the operations of a device, by name.
var ops = map[string]func(*session, json.RawMessage) (any, error){
	"capabilities": op(func(c *session, _ none) (any, error) { return c.server.device.Capabilities(c.ctx) }),
	"attached":     op((*session).attached),
	"load":         op((*session).load),
	"attach":       op((*session).attach),
	"replace":      op((*session).replace),
	"detach": op(func(c *session, a attachment) (any, error) {
		return nil, c.server.device.Detach(c.ctx, offload.Attachment(a))
	}),
	"close":       op((*session).close),
	"lock":        op((*session).tryLock),
	"unlock":      op(func(c *session, _ none) (any, error) { c.unlock(); return nil, nil }),
	"map.new":     op((*session).newMap),
	"map.open":    op((*session).openMap),
	"map.list":    op(func(c *session, a scopeArgs) (any, error) { return c.server.device.Maps(c.ctx, a.Scope) }),
	"map.types":   op((*session).mapTypes),
	"map.lookup":  op((*session).lookup),
	"map.update":  op((*session).update),
	"map.fill":    op((*session).fill),
	"map.delete":  op((*session).delete),
	"map.next":    op((*session).next),
	"map.batch":   op((*session).batch),
	"events":      op((*session).events),
	"stats":       op(func(c *session, _ none) (any, error) { return c.server.device.Stats(c.ctx) }),
	"programs":    op(func(c *session, a scopeArgs) (any, error) { return c.server.device.Programs(c.ctx, a.Scope) }),
	"code":        op((*session).code),
	"source":      op((*session).source),
	"profile":     op((*session).profile),
	"describe":    op(func(c *session, _ none) (any, error) { return c.server.device.Describe(c.ctx) }),
	"try replace": op(func(c *session, _ none) (any, error) { return c.server.device.ProbeReplace(c.ctx) }),
	"run packet":  op(func(c *session, p offload.Packet) (any, error) { return c.server.device.RunPacket(c.ctx, p) }),
	"why not":     op(func(c *session, a abilityArgs) (any, error) { return c.server.device.WhyNot(a.Ability), nil }),
}

func (c *session) attached(none) (any, error) {
	all, err := c.server.device.Attached(c.ctx)
	out := make([]attachment, len(all))
	for i := range all {
		out[i] = attachment(all[i])
	}
	return out, err
}

func (c *session) load(a loadArgs) (any, error) {
	if a.Program == nil {
		return nil, errors.New("no program is given")
	}
	p, err := a.Program.Unpack()
	if err != nil {
		return nil, err
	}
	maps := make([]offload.Map, len(a.Maps))
	for i, h := range a.Maps {
		if maps[i], err = c.mapOf(h); err != nil {
			return nil, err
		}
	}
	l, err := c.server.device.Load(c.ctx, p, a.Mode, maps)
	if err != nil {
		return nil, err
	}
	h, err := c.give(l)
	if err != nil {
		return nil, err
	}
	return loadResult{Handle: h, ID: l.ID(), Tag: l.Tag(), Log: l.Log()}, nil
}

func (c *session) attach(a attachArgs) (any, error) {
	l, err := c.loaded(a.Handle)
	if err != nil {
		return nil, err
	}
	return nil, c.server.device.Attach(c.ctx, l, a.Hook, a.Force)
}

func (c *session) replace(a replaceArgs) (any, error) {
	l, err := c.loaded(a.Handle)
	if err != nil {
		return nil, err
	}
	return nil, c.server.device.Replace(c.ctx, l, offload.Attachment(a.Old))
}

func (c *session) close(a handleArgs) (any, error) {
	x := c.open[a.Handle]
	if x == nil {
		return nil, fmt.Errorf("handle %d is not open", a.Handle)
	}
	delete(c.open, a.Handle)
	return nil, x.Close()
}

// lockWait is how long a client waits for an answer about the lock; it asks
// again then, so that it can be interrupted.
const lockWait = 100 * time.Millisecond

// tryLock takes the lock; false means that it is taken.
func (c *session) tryLock(none) (any, error) {
	if c.locked {
		return nil, errors.New("the client has the lock already")
	}
	select {
	case c.server.lock <- struct{}{}:
		c.locked = true
	case <-time.After(lockWait):
	}
	return c.locked, nil
}

// opened answers with a map.
func (c *session) opened(m offload.Map, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	h, err := c.give(m)
	if err != nil {
		return nil, err
	}
	return mapResult{Handle: h, Info: m.Info(), Bytes: m.ValueBytes()}, nil
}

func (c *session) newMap(a newMapArgs) (any, error) {
	if a.Map == nil {
		return nil, errors.New("no map is given")
	}
	a.Types.give(a.Map)
	return c.opened(c.server.device.NewMap(c.ctx, a.Map, a.Mode))
}

func (c *session) openMap(a idArgs) (any, error) {
	return c.opened(c.server.device.OpenMap(c.ctx, a.ID))
}

func (c *session) mapTypes(a idArgs) (any, error) {
	t, _ := packTypes(c.server.device.MapTypes(c.ctx, a.ID))
	return t, nil
}

func (c *session) lookup(a entryArgs) (any, error) {
	m, err := c.mapOf(a.Handle)
	if err != nil {
		return nil, err
	}
	switch r, ok := m.(offload.LockedReader); {
	case a.Flags == 0:
		return m.Lookup(whole(a.Key))
	case a.Flags == bpf.FLock && ok:
		return r.LookupLocked(whole(a.Key))
	}
	return nil, offload.NotSupported(fmt.Sprintf("a lookup with flags %#x", a.Flags), "maps of the device have none such")
}

// whole is a key or value that is there, be it of no bytes.
func whole(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func (c *session) update(a entryArgs) (any, error) {
	m, err := c.mapOf(a.Handle)
	if err != nil {
		return nil, err
	}
	return nil, m.Update(whole(a.Key), whole(a.Value), a.Flags)
}

// fill writes entries; the result says how many, and why not the next.
func (c *session) fill(a fillArgs) (any, error) {
	m, err := c.mapOf(a.Handle)
	if err != nil {
		return nil, err
	}
	for i, e := range a.Entries {
		if err := m.Update(whole(e.Key), whole(e.Value), a.Flags); err != nil {
			return fillResult{Done: i, Error: failureOf(err)}, nil
		}
	}
	return fillResult{Done: len(a.Entries)}, nil
}

func (c *session) delete(a entryArgs) (any, error) {
	m, err := c.mapOf(a.Handle)
	if err != nil {
		return nil, err
	}
	return nil, m.Delete(whole(a.Key))
}

// keyOf returns the key to go on from, nil for the beginning.
func (a *entryArgs) keyOf() []byte {
	if a.First {
		return nil
	}
	return whole(a.Key)
}

func (c *session) next(a entryArgs) (any, error) {
	m, err := c.mapOf(a.Handle)
	if err != nil {
		return nil, err
	}
	return m.Next(a.keyOf())
}

// The most entries and bytes of a batch.
const (
	maxBatch      = 4096
	maxBatchBytes = 1 << 20
)

// batchOf returns how many entries of a size go into a batch.
func batchOf(size int) int { return max(1, min(maxBatch, maxBatchBytes/max(size, 1))) }

// batchResult is a part of a map's entries; More says that there are entries
// behind it.
type batchResult struct {
	Entries []offload.Entry `json:"entries"`
	More    bool            `json:"more,omitempty"`
}

// batch returns the entries of a map, which are read at once for the first
// batch. A client reads one map at a time.
func (c *session) batch(a entryArgs) (any, error) {
	m, err := c.mapOf(a.Handle)
	if err != nil {
		return nil, err
	}
	if a.First {
		c.dumped = a.Handle
		if c.dump, err = offload.Dump(m); err != nil {
			return nil, err
		}
	}
	if c.dumped != a.Handle {
		return nil, errors.New("the client has begun to read another map since")
	}
	most := min(len(c.dump), batchOf(int(m.Info().KeySize)+m.ValueBytes()))
	out := batchResult{Entries: c.dump[:most], More: most < len(c.dump)}
	if c.dump = c.dump[most:]; !out.More {
		c.dump = nil
	}
	return out, nil
}

// events sends records until the client's connection ends.
func (c *session) events(a idArgs) (any, error) {
	ev, err := c.server.device.Events(c.ctx, a.ID)
	if err != nil {
		return nil, err
	}
	defer ev.Close()
	if err := c.send(none{}); err != nil {
		return nil, err
	}
	c.streamed = true
	stop := c.untilGone(func() { _ = ev.Close() })
	defer stop()
	for {
		e, err := ev.Read()
		if err == nil {
			err = c.send(e)
		}
		if err != nil {
			return nil, err
		}
	}
}

// untilGone calls f when the client of a stream ends its connection: it has
// nothing more to say.
func (c *session) untilGone(f func()) (stop func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(io.Discard, c.conn)
		f()
	}()
	return func() {
		_ = c.conn.SetReadDeadline(time.Now())
		<-done
	}
}

func (c *session) profile(a profileArgs) (any, error) {
	if a.For > maxProfile {
		return nil, fmt.Errorf("a profile of %v; the longest is %v", a.For, maxProfile)
	}
	p, err := c.server.device.Profile(c.ctx, a.For)
	if err != nil {
		return nil, err
	}
	img, err := p.Image.Marshal()
	return profileResult{Program: p.Program, Image: img, Packets: p.Packets, Count: p.Count, Cycles: p.Cycles}, err
}

func (c *session) source(a idArgs) (any, error) {
	p, err := c.server.device.Source(c.ctx, a.ID)
	if err != nil {
		return nil, err
	}
	return packSource(p)
}

func (c *session) code(a idArgs) (any, error) {
	got, err := c.server.device.Code(c.ctx, a.ID)
	if err != nil {
		return nil, err
	}
	out := code{Name: got.Name, Lines: got.Lines, Machine: got.Machine, Device: got.Device}
	if got.Insns != nil {
		out.Insns = bpf.Encode([]byte{}, got.Insns)
	}
	return out, nil
}
