package simdev

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/skipsw/skipsw/internal/packetrun"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate/object"
)

// Device is a card that is open. It has every ability but pins and settings.
type Device struct{ *card }

// What a Device can be used as.
var (
	_ offload.Device        = (*Device)(nil)
	_ offload.ImageTaker    = (*Device)(nil)
	_ offload.Transient     = (*Device)(nil)
	_ offload.MapStore      = (*Device)(nil)
	_ offload.MapTyper      = (*Device)(nil)
	_ offload.EventReader   = (*Device)(nil)
	_ offload.Counting      = (*Device)(nil)
	_ offload.ProgramLister = (*Device)(nil)
	_ offload.CodeReader    = (*Device)(nil)
	_ offload.Sourcer       = (*Device)(nil)
	_ offload.Profiler      = (*Device)(nil)
	_ offload.Describer     = (*Device)(nil)
	_ offload.ReplaceProber = (*Device)(nil)
	_ offload.PacketRunner  = (*Device)(nil)
	_ offload.Reasoner      = (*Device)(nil)
)

// Name implements offload.Device.
func (d *Device) Name() string { return d.name }

// Close implements offload.Device. The card stays.
func (d *Device) Close() error { return nil }

// Target implements offload.ImageTaker.
func (d *Device) Target() *target.Target { return d.target }

// Transient implements offload.Transient.
func (d *Device) Transient() string { return "is a card in this process" }

// WhyNot implements offload.Reasoner.
func (d *Device) WhyNot(a offload.Ability) string {
	switch a {
	case offload.CanPin, offload.CanOpenPins:
		return "programs and maps of a simulated card are not the kernel's"
	case offload.CanBeSet:
		return "a simulated card is always ready"
	}
	return ""
}

// loaded is a caller's handle on a program.
type loaded struct {
	*program
	card   *card
	closed bool
}

func (l *loaded) ID() uint32  { return l.id }
func (l *loaded) Tag() string { return l.tag }
func (l *loaded) Log() string { return "" }

// Close implements offload.Loaded.
func (l *loaded) Close() error {
	l.card.mu.Lock()
	defer l.card.mu.Unlock()
	if !l.closed {
		l.closed = true
		l.open--
		l.card.sweep()
	}
	return nil
}

// onlyHardware refuses the modes of a host.
func (d *Device) onlyHardware(op string, m offload.Mode) error {
	if m == offload.Hardware {
		return nil
	}
	return offload.Advise(fmt.Errorf("%s: %w", op, offload.NotSupported(fmt.Sprintf("mode %s on %s", m, d.name), "a simulated card has no host that runs programs")), offload.AdviseHardware)
}

// Load implements offload.Device. The program must have an image for the
// card's target, see offload.Program.Compiled.
func (d *Device) Load(_ context.Context, p *offload.Program, mode offload.Mode, maps []offload.Map) (offload.Loaded, error) {
	op := fmt.Sprintf("load program %s onto %s", p.Name, d.name)
	if err := d.onlyHardware(op, mode); err != nil {
		return nil, err
	}
	if p.Image == nil {
		return nil, fmt.Errorf("%s: the program has no image for target %s", op, d.target.Name)
	}
	if err := d.imageFits(p.Image); err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	if packetrun.HasPrints(p.Image) {
		return nil, fmt.Errorf("%s: %w", op, offload.NotSupported("prints of a program on a card", "nobody reads them there; offload run shows them, --no-printk leaves them out"))
	}
	if len(maps) != len(p.Maps) {
		return nil, fmt.Errorf("%s: %d maps were given for the program's %d", op, len(maps), len(p.Maps))
	}
	machine, err := sim.New(p.Image, d.parameters())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	if err := d.enter(op); err != nil {
		return nil, err
	}
	defer d.mu.Unlock()
	if err := d.fillNetwork(machine); err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	l := &program{src: p, tag: tagOf(p.Image), machine: machine, open: 1}
	for i, m := range maps {
		h, ok := m.(*mapHandle)
		if !ok || h.card != d.card {
			return nil, fmt.Errorf("%s: map %s is not a map of this card", op, p.Maps[i].Name)
		}
		if t, ok := p.Types[p.Maps[i].Name]; ok {
			h.types = t
		}
		h.settle(machine, p.Image, p.Maps[i].Name)
		l.maps = append(l.maps, h.cardMap)
	}
	l.id = d.id()
	d.programs[l.id] = l
	return &loaded{program: l, card: d.card}, nil
}

// imageFits refuses an image that was made for another target than the card's.
func (d *Device) imageFits(img *image.Image) error {
	switch {
	case img.Target == nil:
		return errors.New("the image does not say what target it is for")
	case img.Target.Name != d.target.Name:
		return fmt.Errorf("the image is for target %s, the card runs those for %s", img.Target.Name, d.target.Name)
	case !bytes.Equal(img.Target.Marshal(), d.target.Marshal()):
		return fmt.Errorf("the image is for another description of target %s than the card's; compile the program again", d.target.Name)
	}
	return nil
}

// Attached implements offload.Device.
func (d *Device) Attached(context.Context) ([]offload.Attachment, error) {
	if err := d.enter("list what is attached to " + d.name); err != nil {
		return nil, err
	}
	defer d.mu.Unlock()
	if d.running == nil {
		return nil, nil
	}
	return []offload.Attachment{d.attachment()}, nil
}

// mine returns the program of a handle.
func (d *Device) mine(op string, l offload.Loaded) (*program, error) {
	p, ok := l.(*loaded)
	if !ok || p.card != d.card {
		return nil, fmt.Errorf("%s: not a program of this card", op)
	}
	return p.program, nil
}

// hookFits refuses hooks that the card does not have.
func (d *Device) hookFits(op string, p *program, h offload.Hook) error {
	if err := d.onlyHardware(op, h.Mode); err != nil {
		return err
	}
	if h.Type != p.src.Type {
		return fmt.Errorf("%s: the program is of type %s", op, p.src.Type)
	}
	if h.Type != object.TC {
		return nil
	}
	no := func(what, why string, a offload.Advice) error {
		return offload.Advise(fmt.Errorf("%s: %w", op, offload.NotSupported(d.name+" cannot "+what, why)), a)
	}
	switch {
	case h.Egress:
		return no("run programs at egress", "packets see a program when they come in", offload.NoAdvice)
	case h.Protocol != 0 && h.Protocol != offload.EthPAll:
		return no("choose packets by protocol", "a program on the card sees every protocol", offload.AdviseNoProtocol)
	case h.Chain != 0:
		return no("run chains of filters", "it runs one program", offload.AdviseNoChain)
	}
	return nil
}

// Attach implements offload.Device.
func (d *Device) Attach(_ context.Context, l offload.Loaded, h offload.Hook, force bool) error {
	op := fmt.Sprintf("attach program %d to %s, %s", l.ID(), d.name, h)
	p, err := d.mine(op, l)
	if err != nil {
		return err
	}
	if err := d.hookFits(op, p, h); err != nil {
		return err
	}
	if err := d.enter(op); err != nil {
		return err
	}
	defer d.mu.Unlock()
	if d.running != nil {
		switch same := d.hook.Same(h); {
		case !same:
			return refuse(offload.ErrBusy, offload.AdviseDetachOther, "the card runs one program at a time and another is on it", op)
		case !force:
			return refuse(offload.ErrBusy, offload.AdviseReplace, "a program is there", op)
		}
	}
	defer d.sweep()
	return d.put(p, h.Filled())
}

// Replace implements offload.Device.
func (d *Device) Replace(_ context.Context, l offload.Loaded, old offload.Attachment) error {
	op := fmt.Sprintf("replace program %d on %s, %s", old.ID, d.name, old.Hook)
	p, err := d.mine(op, l)
	if err != nil {
		return err
	}
	if err := d.hookFits(op, p, old.Hook); err != nil {
		return err
	}
	if err := d.enter(op); err != nil {
		return err
	}
	defer d.mu.Unlock()
	if err := d.still(op, old); err != nil {
		return err
	}
	defer d.sweep()
	return d.put(p, d.hook)
}

// still refuses when an attachment is not what is attached now.
func (d *Device) still(op string, a offload.Attachment) error {
	if d.running == nil || d.running.id != a.ID || !d.hook.Same(a.Hook) {
		return refuse(offload.ErrBusy, offload.AdviseShowRetry, "somebody else has changed the program meanwhile", op)
	}
	return nil
}

// Detach implements offload.Device.
func (d *Device) Detach(_ context.Context, a offload.Attachment) error {
	op := fmt.Sprintf("detach program %d from %s, %s", a.ID, d.name, a.Hook)
	if err := d.enter(op); err != nil {
		return err
	}
	defer d.mu.Unlock()
	if err := d.still(op, a); err != nil {
		return err
	}
	d.leave()
	d.running = nil
	d.sweep()
	return nil
}
