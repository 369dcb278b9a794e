package acme

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
)

// Scheme opens cards by the names "acme:DIR". The folders that $ACME_CARDS
// lists are those that a listing shows.
func Scheme() offload.Scheme {
	return offload.Scheme{
		Prefix: "acme", Names: "DIR", Short: "X1 card",
		Open: func(_ context.Context, dir string, o offload.OpenOptions) (offload.Device, error) {
			if o.Netns != "" {
				return nil, offload.NotSupported("network namespace "+o.Netns, "an X1 card is in none")
			}
			return Open(dir)
		},
		List: func(context.Context, offload.OpenOptions) ([]offload.Device, error) {
			var all []offload.Device
			for _, dir := range filepath.SplitList(os.Getenv("ACME_CARDS")) {
				d, err := Open(dir)
				if err != nil {
					return all, err
				}
				all = append(all, d)
			}
			return all, nil
		},
	}
}

// Card is an open X1 card. It runs one program, XDP or tc. Programs and maps
// belong to the process until the program is attached; then they are the
// card's.
type Card struct {
	dir    string
	target *target.Target

	mu    sync.Mutex
	fresh map[uint32]*mapRecord // maps of this process that no attached program has
	open  map[uint32]int        // handles by map
}

// What a Card can be used as, besides the least.
var (
	_ offload.Device       = (*Card)(nil)
	_ offload.ImageTaker   = (*Card)(nil)
	_ offload.MapStore     = (*Card)(nil)
	_ offload.PacketRunner = (*Card)(nil)
	_ offload.Reasoner     = (*Card)(nil)
)

// Open opens the card in a folder, which must be there.
func Open(dir string) (*Card, error) {
	if s, err := os.Stat(dir); err != nil || !s.IsDir() {
		return nil, &offload.Error{Op: "open acme:" + dir, Kind: offload.ErrDeviceGone, Err: err, Reason: "there is no card in this slot: a card is a folder"}
	}
	return &Card{dir: dir, target: Target(), fresh: map[uint32]*mapRecord{}, open: map[uint32]int{}}, nil
}

// Name implements offload.Device.
func (c *Card) Name() string { return "acme:" + c.dir }

// Close implements offload.Device.
func (c *Card) Close() error { return nil }

// Target implements offload.ImageTaker: the card runs machine code.
func (c *Card) Target() *target.Target { return c.target }

// WhyNot implements offload.Reasoner.
func (c *Card) WhyNot(a offload.Ability) string {
	if a == offload.CanSendEvents {
		return "the X1 has no event queue"
	}
	return ""
}

// Capabilities implements offload.Device. All of it stands in the target.
func (c *Card) Capabilities(context.Context) (*offload.Capabilities, error) {
	t := c.target
	all := &offload.Capabilities{
		Device: c.Name(), Driver: "acme", Firmware: t.Name, HWTCOffload: "on [fixed]",
		LiveReplace: offload.Capability{Name: "live replace", OK: true},
		StackBytes:  t.LocalMemory.Stack, ProgramWords: t.Core.CodeWords,
	}
	for _, typ := range []bpf.ProgType{bpf.ProgTypeXDP, bpf.ProgTypeSchedCLS} {
		all.Programs = append(all.Programs, offload.Capability{Name: typ.String(), ID: uint32(typ), OK: true})
	}
	for typ := bpf.MapTypeHash; typ.Known(); typ++ {
		m := offload.MapCapability{Capability: offload.Capability{Name: typ.String(), ID: uint32(typ), OK: t.HasMap(typ.String())}}
		if m.OK {
			m.MaxEntries, m.MaxKey, m.MaxValue = uint32(t.Maps.MaxEntries), uint32(t.Maps.MaxKey), uint32(t.Maps.MaxValue)
		} else {
			m.Reason = "the X1 has hash and array maps"
		}
		all.Maps = append(all.Maps, m)
	}
	return all, nil
}

// loaded is a program in the process's hands.
type loaded struct {
	programRecord
	card  *Card
	image []byte
}

func (l *loaded) ID() uint32   { return l.programRecord.ID }
func (l *loaded) Tag() string  { return l.programRecord.Tag }
func (l *loaded) Log() string  { return "" }
func (l *loaded) Close() error { return nil }

// Load implements offload.Device.
func (c *Card) Load(_ context.Context, p *offload.Program, mode offload.Mode, maps []offload.Map) (offload.Loaded, error) {
	op := fmt.Sprintf("load program %s onto %s", p.Name, c.Name())
	switch {
	case mode != offload.Hardware:
		return nil, fmt.Errorf("%s: %w", op, offload.NotSupported("mode "+mode.String(), "the card runs programs in hardware only"))
	case p.Image == nil || p.Image.Target == nil || p.Image.Target.Name != c.target.Name:
		return nil, fmt.Errorf("%s: it has no image for target %s", op, c.target.Name)
	}
	code, err := p.Image.Marshal()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", op, err)
	}
	l := &loaded{card: c, image: code, programRecord: programRecord{Name: offload.KernelName(p.Name), Type: p.Type, Tag: tagOf(code)}}
	for i, m := range maps {
		h, ok := m.(*handle)
		if !ok || h.card != c {
			return nil, fmt.Errorf("%s: map %s is not a map of this card", op, p.Maps[i].Name)
		}
		l.Maps = append(l.Maps, mapUse{ID: h.info.ID, Name: p.Maps[i].Name})
	}
	err = c.change(func(s *state) error {
		l.programRecord.ID = s.id()
		return nil
	})
	return l, err
}

// Attached implements offload.Device.
func (c *Card) Attached(context.Context) ([]offload.Attachment, error) {
	s, err := c.look()
	if err != nil || s.Running == nil {
		return nil, err
	}
	return []offload.Attachment{s.attachment(c.Name())}, nil
}

// mine returns the program of a handle.
func (c *Card) mine(l offload.Loaded) (*loaded, error) {
	p, ok := l.(*loaded)
	if !ok || p.card != c {
		return nil, errors.New("not a program of this card")
	}
	return p, nil
}

// Attach implements offload.Device.
func (c *Card) Attach(_ context.Context, l offload.Loaded, h offload.Hook, force bool) error {
	op := fmt.Sprintf("attach program %d to %s, %s", l.ID(), c.Name(), h)
	p, err := c.mine(l)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return c.change(func(s *state) error {
		if r := s.Running; r != nil {
			switch {
			case !r.Hook.Same(h):
				return busy(op, "the card runs one program at a time and another is on it", offload.AdviseDetachOther)
			case !force:
				return busy(op, "a program is there", offload.AdviseReplace)
			}
		}
		return c.run(s, p, h.Filled())
	})
}

// Replace implements offload.Device.
func (c *Card) Replace(_ context.Context, l offload.Loaded, old offload.Attachment) error {
	op := fmt.Sprintf("replace program %d on %s, %s", old.ID, c.Name(), old.Hook)
	p, err := c.mine(l)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return c.change(func(s *state) error {
		if err := s.still(op, old); err != nil {
			return err
		}
		return c.run(s, p, s.Running.Hook)
	})
}

// Detach implements offload.Device.
func (c *Card) Detach(_ context.Context, a offload.Attachment) error {
	op := fmt.Sprintf("detach program %d from %s, %s", a.ID, c.Name(), a.Hook)
	return c.change(func(s *state) error {
		if err := s.still(op, a); err != nil {
			return err
		}
		s.Running, s.Maps = nil, map[uint32]*mapRecord{}
		return nil
	})
}

// run makes a program the running one. Its maps become the card's; maps that it
// does not have go.
func (c *Card) run(s *state, p *loaded, h offload.Hook) error {
	keep := map[uint32]*mapRecord{}
	for _, use := range p.Maps {
		m := s.Maps[use.ID]
		if m == nil {
			m = c.fresh[use.ID]
		}
		if m == nil {
			return fmt.Errorf("map %s of program %s is gone", use.Name, p.Name)
		}
		keep[use.ID] = m
		delete(c.fresh, use.ID)
	}
	if err := c.write("running.nfp", p.image); err != nil {
		return err
	}
	s.Running, s.Maps = &running{programRecord: p.programRecord, Hook: h}, keep
	return nil
}

func busy(op, why string, advice offload.Advice) error {
	return &offload.Error{Op: op, Kind: offload.ErrBusy, Err: offload.ErrBusy, Reason: why, Advice: advice}
}

// attachment describes what runs.
func (s *state) attachment(device string) offload.Attachment {
	r := s.Running
	a := offload.Attachment{Hook: r.Hook, ID: r.ID, Tag: r.Tag, Name: r.Name, InHW: true, Device: device}
	for _, use := range r.Maps {
		a.Maps = append(a.Maps, s.Maps[use.ID].info(use.ID, device))
	}
	return a
}

// still refuses when an attachment is not what runs now.
func (s *state) still(op string, a offload.Attachment) error {
	if s.Running == nil || s.Running.ID != a.ID || !s.Running.Hook.Same(a.Hook) {
		return busy(op, "somebody else has changed the program meanwhile", offload.AdviseShowRetry)
	}
	return nil
}

// kinds are the map types of the X1.
var kinds = []bpf.MapType{bpf.MapTypeHash, bpf.MapTypeArray}

func hasKind(t bpf.MapType) bool { return slices.Contains(kinds, t) }
