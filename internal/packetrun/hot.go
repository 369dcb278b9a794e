package packetrun

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skipsw/skipsw/nfpisa/image"
)

// HotLine is one C line with what it cost over a run.
type HotLine struct {
	File   string
	LineNo uint32
	Text   string
	Cycles uint64 // issue cycles, bubbles and memory waits
	Words  []int  // word offsets, ascending
}

// Title names the line: its place and text, or what the words are for.
func (h *HotLine) Title() string {
	if h.LineNo == 0 {
		return "(entry, exit and runtime)"
	}
	return fmt.Sprintf("%s:%d: %s", filepath.Base(h.File), h.LineNo, strings.TrimSpace(h.Text))
}

// Hot returns the n C lines that took the most cycles, most first. Words
// without a C line make one entry together.
func Hot(img *image.Image, cycles []uint64, n int) []*HotLine {
	type key struct {
		file string
		line uint32
	}
	byLine := map[key]*HotLine{}
	var order []*HotLine
	li := -1
	for w, c := range cycles {
		for li+1 < len(img.Lines) && int(img.Lines[li+1].Word) <= w {
			li++
		}
		var l image.Line
		if li >= 0 {
			l = img.Lines[li]
		}
		k := key{l.File, l.LineNo}
		h := byLine[k]
		if h == nil {
			h = &HotLine{File: l.File, LineNo: l.LineNo, Text: l.Text}
			byLine[k] = h
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
