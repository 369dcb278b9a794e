package image

import "sort"

// LineOf returns the line-table entry that holds for a word, or nil.
func (img *Image) LineOf(word int) *Line {
	i := sort.Search(len(img.Lines), func(i int) bool { return int(img.Lines[i].Word) > word })
	if i == 0 {
		return nil
	}
	return &img.Lines[i-1]
}
