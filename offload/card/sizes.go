package card

import (
	"sync"

	"github.com/skipsw/skipsw/offload"
)

// sizes are the bytes of maps that programs have, by the program's id.
type sizes struct {
	mu sync.Mutex
	of map[uint32]uint64
}

func (s *sizes) set(id uint32, size uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.of == nil {
		s.of = map[uint32]uint64{}
	}
	s.of[id] = size
}

// sum returns the bytes of the programs that are there, and forgets others.
func (s *sizes) sum(there []offload.ProgramInfo) (sum uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := map[uint32]uint64{}
	for _, p := range there {
		left[p.ID] = s.of[p.ID]
		sum += s.of[p.ID]
	}
	s.of = left
	return sum
}
