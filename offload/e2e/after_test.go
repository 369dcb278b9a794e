package e2e

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/cilium/ebpf"
)

// wantNew checks the counts of a finished operation.
func (s *state) wantNew(programs, maps int, hw bool) error {
	switch {
	case len(s.Programs) != programs:
		return fmt.Errorf("programs %v, want %d", s.Programs, programs)
	case len(s.Maps) != maps:
		return fmt.Errorf("maps %v, want %d", s.Maps, maps)
	case hw && s.Offloaded != strconv.Itoa(int(s.Programs[len(s.Programs)-1])):
		return fmt.Errorf("the device runs %s, programs are %v", s.Offloaded, s.Programs)
	case hw && len(s.Bound) != programs:
		return fmt.Errorf("bound programs %v", s.Bound)
	}
	for _, p := range s.Pins {
		if strings.HasSuffix(p, "-new") {
			return fmt.Errorf("half-made pin %s", p)
		}
	}
	return nil
}

// fullArrays checks that the programs are new and that there is one program array,
// which holds so many that are called.
func fullArrays(programs, maps, called int) func(old, now state) error {
	return func(old, now state) error {
		if len(now.Programs) != programs || len(now.Maps) != maps || len(now.Pins) != 3 || fmt.Sprint(old.Programs) == fmt.Sprint(now.Programs) {
			return fmt.Errorf("programs %v, maps %v, pins %v", now.Programs, now.Maps, now.Pins)
		}
		m, err := ebpf.LoadPinnedMap(now.Pins[2], nil)
		if err != nil {
			return err
		}
		defer m.Close()
		var index, id uint32
		n := 0
		all := m.Iterate()
		for all.Next(&index, &id) {
			n++
		}
		if n != called {
			return fmt.Errorf("the program array holds %d programs", n)
		}
		return all.Err()
	}
}

// variables checks that a program with data sections is there.
func variables(programs int) func(_, now state) error {
	return func(old, now state) error {
		if len(now.Maps) < 3 || len(old.Maps) > 0 && fmt.Sprint(old.Programs) == fmt.Sprint(now.Programs) {
			return fmt.Errorf("programs %v, maps %v", now.Programs, now.Maps)
		}
		return now.wantNew(programs, len(now.Maps), false)
	}
}

// freshPins checks that new pins stand beside the old ones, which have their
// contents.
func freshPins(old, now state) error {
	for _, text := range old.Contents {
		if !slices.Contains(now.Contents, text) {
			return fmt.Errorf("lost %s: %v", text, now.Contents)
		}
	}
	for _, name := range []string{"by_key", "by_index", "two_maps_xdp"} {
		if !slices.Contains(now.Pins, pinDir+"/"+name) || !slices.Contains(now.Pins, pinDir+"/"+name+"-old") {
			return fmt.Errorf("pins %v", now.Pins)
		}
	}
	return errors.Join(now.wantNew(2, 4, false), now.wantPins(7))
}

// kept checks that maps hold what they held.
func kept(more func(old, now state) error) func(old, now state) error {
	return func(old, now state) error {
		if fmt.Sprint(old.Contents) != fmt.Sprint(now.Contents) {
			return fmt.Errorf("maps hold %v, before %v", now.Contents, old.Contents)
		}
		return more(old, now)
	}
}

// common counts what two lists have in common.
func common(a, b []uint32) (n int) {
	for _, x := range a {
		if slices.Contains(b, x) {
			n++
		}
	}
	return n
}

// wantPins checks the number of files in the BPF file system.
func (s *state) wantPins(n int) error {
	if len(s.Pins) != n {
		return fmt.Errorf("pins %v, want %d", s.Pins, n)
	}
	return nil
}

func tcNew(more func(old, now state) error) func(old, now state) error {
	return func(old, now state) error {
		switch {
		case now.HWTC != "on":
			return fmt.Errorf("hw-tc-offload is %s", now.HWTC)
		case !strings.Contains(now.Qdiscs, "clsact"):
			return errors.New("no clsact")
		case !strings.Contains(now.Filters, "skip_sw in_hw"):
			return fmt.Errorf("filters: %s", now.Filters)
		}
		return more(old, now)
	}
}

func pinned(program string, more func(old, now state) error) func(old, now state) error {
	want := []string{pinDir, pinDir + "/by_index", pinDir + "/by_key", pinDir + "/" + program}
	return func(old, now state) error {
		got := append([]string{}, now.Pins...)
		sort.Strings(got)
		if strings.Join(got, " ") != strings.Join(want, " ") {
			return fmt.Errorf("pins %v, want %v", got, want)
		}
		return more(old, now)
	}
}

func sameMaps(more func(old, now state) error) func(old, now state) error {
	return func(old, now state) error {
		if fmt.Sprint(old.Maps) != fmt.Sprint(now.Maps) {
			return fmt.Errorf("maps %v, before %v", now.Maps, old.Maps)
		}
		if fmt.Sprint(old.Programs) == fmt.Sprint(now.Programs) {
			return errors.New("the old program is still there")
		}
		return more(old, now)
	}
}
