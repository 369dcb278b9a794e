package simdev

import (
	"errors"
	"fmt"

	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/sim/network"
)

// parameters returns the simulator's for a new machine.
func (k *card) parameters() sim.Spec {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.sim
}

// fillNetwork gives a machine the tables of the network that the card has now, which may
// be others than when the machine was made.
func (k *card) fillNetwork(m *sim.Machine) error {
	if k.sim.Network == nil {
		return nil
	}
	return k.sim.Network.Fill(m.Maps())
}

// SetNetwork lets the programs on the card, and those that are still to come, find
// other tables when they look into the host's network. They change between two packets:
// each finds the ones or the others. With an error, which says what a card cannot hold,
// the tables are those from before.
func (d *Device) SetNetwork(t *network.Tables) error {
	op := "change the routes of " + d.name
	if err := d.enter(op); err != nil {
		return err
	}
	defer d.mu.Unlock()
	old := d.sim.Network
	if err := d.setNetwork(t); err != nil {
		if old == nil {
			old = &network.Tables{}
		}
		return fmt.Errorf("%s: %w", op, errors.Join(err, d.setNetwork(old)))
	}
	return nil
}

func (k *card) setNetwork(t *network.Tables) error {
	k.sim.Network = t
	for _, p := range sorted(k.programs) {
		if err := k.fillNetwork(p.machine); err != nil {
			return err
		}
	}
	return nil
}
