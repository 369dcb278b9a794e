package bug_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/bug"
)

func index(list []int, at int) (n int, err error) {
	defer bug.Catch("prog", &err)
	return list[at], nil
}

func broken() (err error) {
	defer bug.Catch("prog", &err)
	panic("BUG: no such pass\nsecond line")
}

// TestCatch turns panics into errors of one line with their place and stack.
func TestCatch(t *testing.T) {
	n, err := index([]int{7}, 0)
	require.NoError(t, err)
	require.Equal(t, 7, n)

	_, err = index([]int{7}, 2)
	var e *bug.Error
	require.ErrorAs(t, err, &e)
	require.Regexp(t, `^prog: internal error \(please report\): runtime error: index out of range \[2\] with length 1 \(bug_test.index, bug_test.go:\d+\)$`, err.Error())
	require.Contains(t, e.Detail(), "bug_test.index")

	err = broken()
	require.NotContains(t, err.Error(), "\n")
	require.Contains(t, err.Error(), "BUG: no such pass (bug_test.broken")
}

func ExampleCatch() {
	err := broken()
	line, _, _ := strings.Cut(err.Error(), " (bug_test")
	fmt.Println(line)
	// Output: prog: internal error (please report): BUG: no such pass
}
