package offload

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// trialMemory bounds what the maps of a trial take, in bytes of keys and values:
// the memory of a card is shared with what runs.
const trialMemory = 1 << 20

// How long Trial waits until a device has freed what was tried.
const (
	trialFree = 2 * time.Second
	trialPoll = 10 * time.Millisecond
)

// Trial loads a program and frees it again, with nothing attached: the error is
// what the device says to it. Its maps are as small as they can be: arrays, whose
// size the verifier looks at, have theirs, and others one entry.
func Trial(ctx context.Context, dev Device, p *Program, m Mode) (err error) {
	if it, ok := dev.(ImageTaker); ok {
		if p = p.linked(); p.Image == nil {
			if p, err = p.Compiled(it.Target()); err != nil {
				return err
			}
		}
	}
	small, err := trialMaps(p.Maps)
	if err != nil {
		return err
	}
	var store MapStore
	if len(small) > 0 {
		if store, err = AsMapStore(dev); err != nil {
			return err
		}
	}
	maps := make([]Map, 0, len(small))
	defer func() {
		for _, made := range maps {
			err = errors.Join(err, made.Close())
		}
		for _, made := range maps {
			waitFreed(ctx, store, made.Info().ID)
		}
	}()
	for _, s := range small {
		made, err := store.NewMap(ctx, s, m)
		if err != nil {
			return err
		}
		maps = append(maps, made)
	}
	l, err := dev.Load(ctx, p, m, maps)
	if err != nil {
		return err
	}
	return l.Close()
}

// trialMaps returns the maps of a trial.
func trialMaps(maps []*object.Map) ([]*object.Map, error) {
	var all []*object.Map
	total := uint64(0)
	for _, m := range maps {
		s := *m
		s.Programs, s.Inners = nil, nil
		if s.Type != bpf.MapTypeArray && s.Type != bpf.MapTypePerfEventArray {
			s.MaxEntries, s.Initial = 1, nil
		}
		total += (uint64(s.KeySize) + uint64(s.ValueSize)) * max(uint64(s.MaxEntries), 1)
		if total > trialMemory {
			return nil, NotSupported("a trial of this program", fmt.Sprintf("with map %s its maps take more than %d bytes of what is shared with running programs", m.Name, trialMemory))
		}
		all = append(all, &s)
	}
	return all, nil
}

// waitFreed waits until a map that was closed is no longer there: it counts
// against the device's limits until then.
func waitFreed(ctx context.Context, store MapStore, id uint32) {
	for end := time.Now().Add(trialFree); time.Now().Before(end) && ctx.Err() == nil; time.Sleep(trialPoll) {
		m, err := store.OpenMap(ctx, id)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrDeviceGone) {
			return
		}
		if err == nil {
			_ = m.Close()
		}
	}
}
