// Package docs has the documents that programs quote.
//
// It never knows what they are about.
//
// Not stable.
package docs

import (
	_ "embed"
	"regexp"
	"strings"
)

//go:embed timing.md
var timing string

// Estimated returns the parameters that docs/timing.md calls estimated, in its
// order: the first words of each row, with the parameter's name if it has one.
func Estimated() (out []string) {
	row := regexp.MustCompile(`(?m)^\| ([^|]*) \|.*\| estimated \|`)
	for _, m := range row.FindAllStringSubmatch(timing, -1) {
		out = append(out, strings.ReplaceAll(m[1], "`", ""))
	}
	return out
}
