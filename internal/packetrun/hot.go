package packetrun

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skipsw/skipsw/nfpisa/image"
)

// HotLine is one C line, or what has none, with what it cost over a run.
type HotLine struct {
	File   string
	LineNo uint32
	Text   string
	// Routine is the name of the linked routine that the words are of, "" for a
	// program's.
	Routine string
	Cycles  uint64 // issue cycles, bubbles and memory waits
	Words   []int  // word offsets, ascending
}

// Title names the line: its place and text, or what the words are for.
func (h *HotLine) Title() string {
	switch {
	case h.Routine != "":
		return "(routine " + h.Routine + ")"
	case h.LineNo == 0:
		return "(entry and exit)"
	}
	return fmt.Sprintf("%s:%d: %s", filepath.Base(h.File), h.LineNo, strings.TrimSpace(h.Text))
}

// Hot returns the n C lines and routines that took the most cycles, most first.
// Words of programs without a C line make one entry together.
func Hot(img *image.Image, cycles []uint64, n int) []*HotLine {
	type key struct {
		file    string
		line    uint32
		routine string
	}
	found := map[key]*HotLine{}
	var order []*HotLine
	routines := routinesOf(img, len(cycles))
	li := -1
	for w, c := range cycles {
		for li+1 < len(img.Lines) && int(img.Lines[li+1].Word) <= w {
			li++
		}
		var l image.Line
		if li >= 0 && routines[w] == "" {
			l = img.Lines[li]
		}
		k := key{l.File, l.LineNo, routines[w]}
		h := found[k]
		if h == nil {
			h = &HotLine{File: l.File, LineNo: l.LineNo, Text: l.Text, Routine: k.routine}
			found[k] = h
			order = append(order, h)
		}
		h.Cycles += c
		h.Words = append(h.Words, w)
	}
	slices.SortStableFunc(order, func(a, b *HotLine) int { return cmp.Compare(b.Cycles, a.Cycles) })
	if len(order) > n {
		order = order[:n]
	}
	return order
}

// routinesOf returns the name of the linked routine that each word is of.
func routinesOf(img *image.Image, words int) []string {
	names := make([]string, words)
	for _, s := range img.Symbols {
		for w := int(s.Word); s.Kind == image.SymRuntime && w < int(s.Word+s.Size) && w < words; w++ {
			names[w] = s.Name
		}
	}
	return names
}
