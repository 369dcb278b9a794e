package simdev

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sync"
	"time"

	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/sim"
	"github.com/skipsw/skipsw/translate/bpf"
)

// card is one simulated card. What follows mu is guarded by it; a packet holds
// it from entry to exit, so that each runs one version of a program.
type card struct {
	name   string
	target *target.Target
	sim    sim.Spec
	stop   bool // programs that break a rule

	mu       sync.Mutex
	gone     bool
	next     uint32 // the last id that was given
	programs map[uint32]*program
	maps     map[uint32]*cardMap
	running  *program // what packets run through, nil for none
	hook     offload.Hook
	since    time.Time
	counts   map[string]uint64 // by name, see count
	ears     []*ear            // who listens to events
}

// program is a program on the card.
type program struct {
	id      uint32
	src     *offload.Program
	tag     string
	machine *sim.Machine
	maps    []*cardMap // in the order of src.Maps
	open    int        // handles of callers
	runs    uint64
	stopped error         // why it does not run any more, nil for one that runs
	watched bool          // somebody takes a profile
	end     chan struct{} // closed when it is not attached any more
}

func newCard(name string, t *target.Target, s sim.Spec) *card {
	return &card{
		name: name, target: t, sim: s,
		programs: map[uint32]*program{}, maps: map[uint32]*cardMap{}, counts: map[string]uint64{},
	}
}

// enter takes the lock. The error is for a card that has been removed.
func (k *card) enter(op string) error {
	k.mu.Lock()
	if !k.gone {
		return nil
	}
	k.mu.Unlock()
	return &offload.Error{Op: op, Kind: offload.ErrDeviceGone, Err: offload.ErrDeviceGone}
}

// id gives out an identity.
func (k *card) id() uint32 {
	k.next++
	return k.next
}

// sweep frees the programs and maps that nobody holds: no handle, no
// attachment, no program.
func (k *card) sweep() {
	used := map[*cardMap]bool{}
	for id, p := range k.programs {
		if p.open == 0 && p != k.running {
			delete(k.programs, id)
			continue
		}
		for _, m := range p.maps {
			used[m] = true
		}
	}
	for id, m := range k.maps {
		if m.open == 0 && !used[m] {
			delete(k.maps, id)
		}
	}
}

// put makes a program the one that packets run through. Contents of maps that
// it shares with others move into its memory: by then no packet is under way.
func (k *card) put(p *program, h offload.Hook) error {
	for i, m := range p.maps {
		if m.info.Type == bpf.MapTypeProgArray {
			if err := m.fillSlots(p, p.src.Maps[i].Name); err != nil {
				return err
			}
		}
		if err := m.endsFit(p, p.src.Maps[i].Name); err != nil {
			return err
		}
	}
	for i, m := range p.maps {
		if err := m.move(p, p.src.Maps[i].Name); err != nil {
			return err
		}
	}
	k.leave()
	k.running, k.hook, k.since = p, h, time.Now()
	p.end = make(chan struct{})
	return nil
}

// leave tells those who watch the running program that its time is over.
func (k *card) leave() {
	if k.running != nil {
		close(k.running.end)
	}
}

// count adds to a counter.
func (k *card) count(name string, n uint64) { k.counts[name] += n }

// attachment describes what is attached. There must be something.
func (k *card) attachment() offload.Attachment {
	p := k.running
	a := offload.Attachment{
		Hook: k.hook, ID: p.id, Tag: p.tag, Name: offload.KernelName(p.src.Name), InHW: true,
		Device: k.name, LoadedAt: k.since, Runs: p.runs,
	}
	for _, m := range p.maps {
		a.Maps = append(a.Maps, m.info)
	}
	return a
}

// tagOf is the hash of a program's words, in the kernel's form of 8 bytes.
func tagOf(im *image.Image) string {
	sum := sha256.Sum256(im.Raw())
	return hex.EncodeToString(sum[:8])
}

// sorted returns the values of a map in the order of their ids.
func sorted[T any](m map[uint32]T) []T {
	ids := make([]uint32, 0, len(m))
	for id := range m {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	all := make([]T, len(ids))
	for i, id := range ids {
		all[i] = m[id]
	}
	return all
}

// refuse is an error of the card with its operation.
func refuse(kind error, advice offload.Advice, reason, op string) error {
	return &offload.Error{Op: op, Kind: kind, Err: kind, Reason: reason, Advice: advice}
}
