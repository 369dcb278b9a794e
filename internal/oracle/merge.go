package oracle

import (
	"cmp"
	"fmt"
	"slices"
)

// Add adds the summary of another shard of the same campaign.
func (s *Summary) Add(o *Summary) error {
	if s.Seed != o.Seed || s.N != o.N {
		return fmt.Errorf("%d programs from seed %d, and %d from seed %d, are two campaigns", s.N, s.Seed, o.N, o.Seed)
	}
	s.Programs += o.Programs
	s.Accepted += o.Accepted
	s.Slots += o.Slots
	s.Partial = s.Partial || o.Partial
	addCounts(&s.Runs, o.Runs)
	addCounts(&s.Took, o.Took)
	addCounts(&s.Known, o.Known)
	for judge, reasons := range o.NotSupported {
		if s.NotSupported == nil {
			s.NotSupported = map[string]map[string]int{}
		}
		all := s.NotSupported[judge]
		addCounts(&all, reasons)
		s.NotSupported[judge] = all
	}
	s.Failures = append(s.Failures, o.Failures...)
	slices.SortFunc(s.Failures, func(a, b Failure) int { return cmp.Compare(a.Seed, b.Seed) })
	return nil
}

func addCounts(to *map[string]int, from map[string]int) {
	if *to == nil && from != nil {
		*to = map[string]int{}
	}
	for k, n := range from {
		(*to)[k] += n
	}
}
