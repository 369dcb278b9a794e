package hostmap

import "slices"

// holes is the memory of maps that were freed, in the order of addresses;
// neighbours are one.
type holes []hole

// hole is a stretch of memory that no map has, in bytes.
type hole struct{ base, end uint64 }

// give adds memory.
func (h *holes) give(base, size uint64) {
	i, _ := slices.BinarySearchFunc(*h, base, func(o hole, base uint64) int {
		if o.base < base {
			return -1
		}
		return 1
	})
	*h = slices.Insert(*h, i, hole{base, base + size})
	if i+1 < len(*h) && (*h)[i].end == (*h)[i+1].base {
		(*h)[i].end = (*h)[i+1].end
		*h = slices.Delete(*h, i+1, i+2)
	}
	if i > 0 && (*h)[i-1].end == (*h)[i].base {
		(*h)[i-1].end = (*h)[i].end
		*h = slices.Delete(*h, i, i+1)
	}
}

// take returns the first memory that holds size bytes.
func (h *holes) take(size uint64) (base uint64, ok bool) {
	i := slices.IndexFunc(*h, func(o hole) bool { return o.end-o.base >= size })
	if i < 0 {
		return 0, false
	}
	base = (*h)[i].base
	if (*h)[i].base += size; (*h)[i].base == (*h)[i].end {
		*h = slices.Delete(*h, i, i+1)
	}
	return base, true
}
