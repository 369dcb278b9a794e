package sim

import (
	"bytes"
	"fmt"
	"reflect"

	"github.com/skipsw/skipsw/internal/unsupported"
	"github.com/skipsw/skipsw/nfpisa/image"
)

// Version is an image that cores of a System can run instead of the one that it was
// made with, over the same maps.
type Version struct{ card *card }

// Words returns how many words the version has.
func (v *Version) Words() int { return v.card.code.Words() }

// Version decodes another image for cores of the system, see Reload. The image is for
// the same target, has one program of the same type, and has maps where the system's
// image has maps of the same names and shapes: both versions run at the same time. Their
// contents stay what they are.
func (s *System) Version(img *image.Image) (*Version, error) {
	if img == s.img {
		s.versions = true
		return &Version{&s.card}, nil
	}
	made := s.card
	made.img = img
	if err := made.version(&s.card, len(s.cores)); err != nil {
		return nil, fmt.Errorf("sim: %w", err)
	}
	s.versions = true
	return &Version{&made}, nil
}

// version makes what a card has of an image anew, for a copy of the card of another one.
func (m *card) version(of *card, cores int) (err error) {
	s := &m.spec
	if err := m.check(cores); err != nil {
		return err
	}
	if !bytes.Equal(m.img.Target.Marshal(), of.img.Target.Marshal()) {
		return fmt.Errorf("the version is for target %s, the cores run an image for another description of target %s", m.img.Target.Name, of.img.Target.Name)
	}
	for _, img := range []*image.Image{of.img, m.img} {
		if n := len(img.Programs); n != 1 {
			return unsupported.New(fmt.Sprintf("a version beside another, and %d programs in an image", n), "slots and entries of maps hold numbers of one image's programs")
		}
	}
	if have, want := m.img.Programs[0].Type, of.img.Programs[0].Type; have != want {
		return fmt.Errorf("the version's program is of type %s, that of the cores of type %s", have, want)
	}
	if h := &s.Hooks; m.profile != nil || h.Step != nil || h.Switch != nil || h.Call != nil || h.Exit != nil {
		return unsupported.New("a version beside another, with hooks or a profile", "they see words of one image")
	}
	if s.Memory != nil {
		return unsupported.New("a version beside another, with memory apart", "its maps are not the image's")
	}
	m.maps = nil
	for _, im := range m.img.Maps {
		there := of.img.MapNamed(im.Name)
		if there == nil || !samePlace(there, &im) {
			return unsupported.New("a version with map "+im.Name, "both run at the same time, and the running one has no map of this name and shape in this place")
		}
		if mp, ok := of.Map(im.Name); ok {
			m.maps = append(m.maps, mp)
		}
	}
	if m.code, err = m.decode(); err != nil {
		return err
	}
	m.model, err = m.newModel(map[uint32]*Map{})
	return err
}

// samePlace reports whether two maps of images are one in memory.
func samePlace(a, b *image.Map) bool {
	x, y := *a, *b
	x.Initial, y.Initial, x.WordUse, y.WordUse = nil, nil, nil, nil
	return reflect.DeepEqual(x, y)
}

// Reload gives a core another version, none of whose contexts has a packet: it is for
// the Next of a Feed, for the last context of the core that gets none. The core stands
// still for so many cycles; then each of its contexts asks for a packet again.
func (s *System) Reload(core int, v *Version, cycles uint64) {
	s.cores[core].Reload(v.card.code, v.card.model, cycles)
	s.feeds[core].m = v.card
}

// reloaded reports whether a core runs another image than the system was made with.
func (s *System) reloaded() bool {
	for id := range s.feeds {
		if m := s.feeds[id].m; m != nil && m != &s.card {
			return true
		}
	}
	return false
}
