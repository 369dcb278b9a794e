// Package testbed is a guest kernel with a simulated card on its PCI bus: the
// card of package nfp with its firmware, connected to a guest of package vm.
//
// It never knows what runs in the guest, nor what is plugged into the ports.
// Entry points: New, Bed.Run.
package testbed

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/skipsw/skipsw/internal/vm"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim/pcie/bpffw"
	"github.com/skipsw/skipsw/sim/pcie/nfp"
)

// Spec describes a card for a guest. Options.BPF is what the target's firmware
// offers, unless Change changes it.
type Spec struct {
	Target  *target.Target // nil is agilio
	Options nfp.Options
	Change  func(*nfp.Capabilities)
	// Wrap puts something around the firmware; nil is nothing.
	Wrap func(nfp.Firmware) nfp.Firmware
}

// Bed is a card that waits for a guest.
type Bed struct {
	Card     *nfp.Card
	Firmware *bpffw.Firmware // to be used inside Card.Do
	dir      string
	listener *net.UnixListener
	stop     context.CancelFunc
	served   chan error
}

// newCard makes a card with its firmware.
func newCard(s Spec) (*nfp.Card, *bpffw.Firmware, error) {
	t := s.Target
	if t == nil {
		t = target.MustBuiltin("agilio")
	}
	caps, err := bpffw.Capabilities(t)
	if err != nil {
		return nil, nil, err
	}
	if s.Change != nil {
		s.Change(&caps)
	}
	fw, err := bpffw.New(t, caps)
	if err != nil {
		return nil, nil, err
	}
	s.Options.BPF = caps
	var around nfp.Firmware = fw
	if s.Wrap != nil {
		around = s.Wrap(fw)
	}
	c, err := nfp.New(around, s.Options)
	return c, fw, err
}

// New makes a card and a socket for its guest. Close takes both away.
func New(s Spec) (*Bed, error) {
	card, fw, err := newCard(s)
	if err != nil {
		return nil, err
	}
	b := &Bed{Card: card, Firmware: fw, served: make(chan error, 1)}
	if err := b.listen(s.Options.Log); err != nil {
		b.Card.Close()
		return nil, err
	}
	return b, nil
}

// listen opens the socket in a folder of its own.
func (b *Bed) listen(logf func(string, ...any)) error {
	dir, err := os.MkdirTemp("", "skipsw-card-")
	if err != nil {
		return err
	}
	b.dir = dir
	if b.listener, err = net.ListenUnix("unix", &net.UnixAddr{Name: b.Socket(), Net: "unix"}); err != nil {
		_ = os.RemoveAll(dir)
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	b.stop = stop
	go func() { b.served <- serveAll(ctx, UML, b.listener, b.Card, logf) }()
	return nil
}

// Socket is the path of the card's socket.
func (b *Bed) Socket() string { return filepath.Join(b.dir, "card") }

// Run boots a guest with the card, see vm.Kernel.Run.
func (b *Bed) Run(ctx context.Context, k *vm.Kernel, g *vm.Guest) error {
	if err := b.Admit(g); err != nil {
		return err
	}
	return k.Run(ctx, g)
}

// Admit gives a guest the card.
func (b *Bed) Admit(g *vm.Guest) error {
	g.Card = b.Socket()
	if g.User == nil {
		return nil
	}
	for _, p := range []string{b.dir, b.Socket()} {
		if err := os.Chown(p, int(g.User.UID), int(g.User.GID)); err != nil {
			return fmt.Errorf("hand the card's socket to user %d: %w", g.User.UID, err)
		}
	}
	return nil
}

// Close takes the card away, as if its slot lost power.
func (b *Bed) Close() error {
	b.stop()
	err := <-b.served
	b.Card.Close()
	_ = os.RemoveAll(b.dir)
	return err
}
