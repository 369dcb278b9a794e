package card

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/maplayout"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/offload/remote"
	"github.com/skipsw/skipsw/offload/simdev"
	"github.com/skipsw/skipsw/translate/object"
)

// Limits are what clients can take of a card. A zero stands for the default.
type Limits struct {
	Clients  int    // connections at a time; 64
	Maps     int    // 256
	Programs int    // 64, those that are only loaded too
	Memory   uint64 // bytes of maps, in each program that uses them; 512 MiB
}

func (l Limits) filled() Limits {
	defaults := Limits{Clients: 64, Maps: 256, Programs: 64, Memory: 512 << 20}
	if l.Clients == 0 {
		l.Clients = defaults.Clients
	}
	if l.Maps == 0 {
		l.Maps = defaults.Maps
	}
	if l.Programs == 0 {
		l.Programs = defaults.Programs
	}
	if l.Memory == 0 {
		l.Memory = defaults.Memory
	}
	return l
}

// device is the card as clients see it: a simulated card with limits, and with
// the ports in what it tells.
type device struct {
	*simdev.Device
	card   *Card
	limits Limits
	sizes  sizes
}

var _ remote.Device = (*device)(nil)

// Describe implements offload.Describer.
func (d *device) Describe(ctx context.Context) (*offload.Description, error) {
	desc, err := d.Device.Describe(ctx)
	if err == nil {
		desc.Driver, desc.Kind = "card", "process"
	}
	return desc, err
}

// NewMap implements offload.MapStore, within the limits.
func (d *device) NewMap(ctx context.Context, m *object.Map, mode offload.Mode) (offload.Map, error) {
	all, err := d.Maps(ctx, offload.OnDevice)
	if err != nil {
		return nil, err
	}
	if len(all) >= d.limits.Maps {
		return nil, fmt.Errorf("make map %s on %s: %w", m.Name, d.Name(), limit("maps", d.limits.Maps, "--max-maps"))
	}
	// What a map takes is known once it is laid out; no layout has less.
	least := uint64(m.MaxEntries) * uint64(m.ValueSize)
	if err := d.fits(ctx, least); err != nil {
		return nil, fmt.Errorf("make map %s on %s: %w", m.Name, d.Name(), err)
	}
	return d.Device.NewMap(ctx, m, mode)
}

// limit is the error of a limit that is reached.
func limit(what string, n any, flag string) error {
	return fmt.Errorf("the card takes %v %s (%s)", n, what, flag)
}

// Load implements offload.Device, within the limits.
func (d *device) Load(ctx context.Context, p *offload.Program, mode offload.Mode, maps []offload.Map) (offload.Loaded, error) {
	op := fmt.Sprintf("load program %s onto %s", p.Name, d.Name())
	all, err := d.Programs(ctx, offload.OnDevice)
	if err != nil {
		return nil, err
	}
	if len(all) >= d.limits.Programs {
		return nil, fmt.Errorf("%s: %w", op, limit("programs", d.limits.Programs, "--max-programs"))
	}
	size, err := sizeOf(p.Image)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	if err := d.fits(ctx, size); err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	if err := d.tunnelsFit(p); err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	l, err := d.Device.Load(ctx, p, mode, maps)
	if err == nil {
		d.sizes.set(l.ID(), size)
	}
	return l, err
}

// Profile implements offload.Profiler, within the limits: the program's maps are
// there twice for a moment.
func (d *device) Profile(ctx context.Context, long time.Duration) (*offload.Profile, error) {
	if p := d.Running(); p != nil {
		size, err := sizeOf(p.Image)
		if err == nil {
			err = d.fits(ctx, size)
		}
		if err != nil {
			return nil, fmt.Errorf("profile %s: %w", d.Name(), err)
		}
	}
	return d.Device.Profile(ctx, long)
}

// admit refuses a program whose maps, made with it, are more than the limits.
func (d *device) admit(ctx context.Context, p *offload.Program) error {
	op := fmt.Sprintf("restore program %s on %s", p.Name, d.Name())
	if err := d.tunnelsFit(p); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	if len(p.Maps) > d.limits.Maps {
		return fmt.Errorf("%s: it has %d maps: %w", op, len(p.Maps), limit("maps", d.limits.Maps, "--max-maps"))
	}
	size, err := sizeOf(p.Image)
	for _, m := range p.Maps {
		if err == nil {
			err = d.fits(ctx, uint64(m.MaxEntries)*uint64(m.ValueSize))
		}
	}
	if err == nil {
		err = d.fits(ctx, size)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return nil
}

// fits refuses what is more than the limit of memory leaves.
func (d *device) fits(ctx context.Context, size uint64) error {
	all, err := d.Programs(ctx, offload.OnDevice)
	if err != nil {
		return err
	}
	if used := d.sizes.sum(all); size > d.limits.Memory-min(used, d.limits.Memory) {
		return fmt.Errorf("%d bytes of maps, and programs have %d already: %w", size, used, limit("bytes", d.limits.Memory, "--max-memory"))
	}
	return nil
}

// sizeOf is how many bytes the maps of an image take.
func sizeOf(img *image.Image) (sum uint64, err error) {
	if img == nil {
		return 0, errors.New("the program has no image")
	}
	for _, m := range img.Maps {
		shape := maplayout.Shape{KeySize: m.KeySize, ValueSize: m.ValueSize, MaxEntries: m.MaxEntries}
		if m.Layout == "" || m.Layout == string(maplayout.KindFirmware) {
			sum += maplayout.NewFirmware(shape).Size()
			continue
		}
		l, err := maplayout.Parse(maplayout.Kind(m.Layout), shape, m.Stride, m.Params)
		if err != nil {
			return 0, fmt.Errorf("map %s: %w", m.Name, err)
		}
		if sum += l.Size(); l.Size() > 1<<40 || sum > 1<<40 {
			return 0, fmt.Errorf("map %s: %d bytes are more than a card has", m.Name, l.Size())
		}
	}
	return sum, nil
}

// Attach implements offload.Device; sources begin with the first program.
func (d *device) Attach(ctx context.Context, l offload.Loaded, h offload.Hook, force bool) error {
	err := d.Device.Attach(ctx, l, h, force)
	if err == nil {
		d.card.begins()
		d.card.log.Printf("program %d attached, %s", l.ID(), h)
	}
	return err
}

// begins lets the sources begin.
func (c *Card) begins() { c.once.Do(func() { close(c.attached) }) }

// Replace implements offload.Device.
func (d *device) Replace(ctx context.Context, l offload.Loaded, old offload.Attachment) error {
	err := d.Device.Replace(ctx, l, old)
	if err == nil {
		d.card.log.Printf("program %d replaced by %d, %s", old.ID, l.ID(), old.Hook)
	}
	return err
}

// Detach implements offload.Device.
func (d *device) Detach(ctx context.Context, a offload.Attachment) error {
	err := d.Device.Detach(ctx, a)
	if err == nil {
		d.card.log.Printf("program %d detached, %s", a.ID, a.Hook)
	}
	return err
}

// Stats implements offload.Counting: the counters of the programs' card, what
// became of frames, and those of the ports.
func (d *device) Stats(ctx context.Context) ([]offload.Counter, error) {
	all, err := d.Device.Stats(ctx)
	if err != nil {
		return nil, err
	}
	c := d.card
	for f := range c.fates {
		all = append(all, offload.Counter{Group: "fate", Name: fateNames[f], Value: c.fates[f].Load()})
	}
	all = append(all,
		offload.Counter{Group: "time", Name: "behind_us", Value: uint64(c.behind.Load()) / 1000},
		offload.Counter{Group: "time", Name: "behind_most_us", Value: uint64(c.behindMost.Load()) / 1000})
	all = append(all, c.lost.counters("lost at tunnel")...)
	for _, p := range c.ports {
		all = append(all, p.wire.counters(fmt.Sprintf("port %d", p.n))...)
		if p.host != nil {
			all = append(all, p.host.counters(fmt.Sprintf("host %d", p.n))...)
		}
	}
	return all, nil
}
