package cli

import (
	"github.com/skipsw/skipsw/internal/plots"
	"github.com/skipsw/skipsw/nfpisa/image"
	"github.com/skipsw/skipsw/sim/mem"
)

// heat counts memory commands by the place in a map that they reach.
type heat struct {
	names map[string]int // of maps, by their rows
	rows  []plots.HeatRow
}

// heatCells is how many parts of a map are told apart.
const heatCells = 128

// newHeat returns counts for the maps of an image.
func newHeat(img *image.Image) *heat {
	h := &heat{names: map[string]int{}}
	for i := range img.Maps {
		h.names[img.Maps[i].Name] = len(h.rows)
		h.rows = append(h.rows, plots.HeatRow{Name: img.Maps[i].Name, Cells: make([]uint64, heatCells)})
	}
	return h
}

// serve counts a command.
func (h *heat) serve(c *mem.Command) {
	if row, ok := h.names[c.Region.Name]; ok && c.Region.Size > 0 {
		h.rows[row].Cells[min(heatCells-1, int(float64(c.Offset)/float64(c.Region.Size)*heatCells))]++
	}
}
