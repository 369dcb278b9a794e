package card

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/offload/remote"
	"github.com/skipsw/skipsw/offload/simdev"
	"github.com/skipsw/skipsw/translate/bug"
)

// What a checkpoint says that it is.
const (
	checkpointFormat  = "skipsw card checkpoint"
	checkpointVersion = 1
)

// checkpoint is what is saved of a card: the program that is attached and the
// contents of its maps, at one moment between two packets.
type checkpoint struct {
	Format  string            `json:"format"`
	Version int               `json:"version"`
	Card    string            `json:"card"`
	Target  string            `json:"target"`
	Program *remote.Program   `json:"program,omitempty"`
	Hook    offload.Hook      `json:"hook"`
	Maps    [][]offload.Entry `json:"maps,omitempty"` // in the order of the program's
	Inners  [][]simdev.Inner  `json:"inners,omitempty"`
}

// partBytes is how much of a checkpoint goes into a message, which has it in
// base 64.
const partBytes = 1 << 20

// save sends a checkpoint in parts.
func (c *Card) save(send func(any) error) error {
	s, err := c.dev.State()
	if err != nil {
		return err
	}
	k := checkpoint{
		Format: checkpointFormat, Version: checkpointVersion, Card: c.spec.Name, Target: c.dev.Target().Name, Hook: s.Hook, Maps: s.Maps, Inners: s.Inners,
	}
	if s.Program != nil {
		if k.Program, err = remote.Pack(s.Program); err != nil {
			return err
		}
	}
	b, err := json.Marshal(&k)
	if err != nil {
		return err
	}
	for len(b) > 0 {
		n := min(partBytes, len(b))
		if err := send(b[:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// Restore attaches what a checkpoint has, within the card's limits, to a card that
// has nothing. What of the simulator gives way under a checkpoint that no card has
// written is an error.
func (c *Card) Restore(ctx context.Context, b []byte) (err error) {
	defer bug.Catch("a checkpoint", &err)
	var k checkpoint
	if err := json.Unmarshal(b, &k); err != nil {
		return fmt.Errorf("is no checkpoint of a card, or was cut off: %w", err)
	}
	switch {
	case k.Format != checkpointFormat:
		return fmt.Errorf("is no checkpoint of a card")
	case k.Version != checkpointVersion:
		return fmt.Errorf("is a checkpoint of version %d; this program reads version %d", k.Version, checkpointVersion)
	case k.Program == nil:
		return nil
	}
	p, err := k.Program.Unpack()
	if err != nil {
		return err
	}
	if err := c.dev.admit(ctx, p); err != nil {
		return err
	}
	if err := c.dev.Device.Restore(ctx, &simdev.State{Program: p, Hook: k.Hook, Maps: k.Maps, Inners: k.Inners}); err != nil {
		return err
	}
	c.begins()
	return nil
}
