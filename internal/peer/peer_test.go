package peer_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/internal/peer"
)

const dir = "../../testdata/peer"

func TestCorpus(t *testing.T) {
	cases, err := peer.Load(dir)
	require.NoError(t, err)
	require.Len(t, cases, 246)
	words, runs, comparable := 0, 0, 0
	for i := range cases {
		c := &cases[i]
		p, err := c.Program()
		require.NoError(t, err)
		require.NotEmpty(t, p.Insns)
		img, err := c.Image()
		require.NoError(t, err)
		words += len(img.Words)
		runs += len(c.Runs)
		for _, r := range c.Runs {
			if r.Comparable {
				comparable++
			}
		}
	}
	require.Equal(t, []int{28667, 4347, 4215}, []int{words, runs, comparable})

	refused, err := peer.LoadRefused(dir)
	require.NoError(t, err)
	require.Len(t, refused, 60)
	_, err = peer.Load("nonesuch")
	require.ErrorContains(t, err, "nonesuch")
}
