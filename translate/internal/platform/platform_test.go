package platform

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/translate/bpf"
)

// TestRows looks whether each row can be true on its own and beside the others.
func TestRows(t *testing.T) {
	var known Progs
	for _, p := range Linux.Programs {
		require.NotNil(t, p.Context)
		require.Zero(t, known&p.Set, "two types of program in one set")
		known |= p.Set
	}
	for k := range Linux.Helpers {
		h := &Linux.Helpers[k]
		require.True(t, h.ID.Known(), h.ID)
		require.NotZero(t, h.For, h.Name())
		require.Zero(t, h.For&^known, h.Name())
		if h.Refused != "" {
			require.Equal(t, Helper{ID: h.ID, For: h.For, GPL: h.GPL, Refused: h.Refused}, *h, "what nobody reads")
			continue
		}
		fixed, ended := 0, false
		for n, a := range h.Args {
			require.False(t, ended && a != ArgNone, "%s has arguments behind its last", h.Name())
			switch a {
			case ArgNone, ArgRest:
				ended = true
			case ArgFixed:
				require.NotZero(t, h.Fixed[fixed], h.Name())
				fixed++
			case ArgMem, ArgMemOrNull, ArgFill:
				require.Contains(t, []Arg{ArgSize, ArgSizeOrZero}, h.Args[n+1], "%s: memory without a size", h.Name())
			case ArgSize, ArgSizeOrZero:
				require.Contains(t, []Arg{ArgMem, ArgMemOrNull, ArgFill}, h.Args[n-1], "%s: a size without memory", h.Name())
			case ArgKey, ArgValue, ArgFillValue:
				require.Contains(t, h.Args[:n], ArgMap, h.Name())
			}
		}
		for ; fixed < len(h.Fixed); fixed++ {
			require.Zero(t, h.Fixed[fixed], h.Name())
		}
		if h.Ret == RetValueOrNull || h.Writes {
			require.Equal(t, ArgMap, h.Args[0], h.Name())
		}
		if takesMap(h) {
			require.True(t, someMap(h.ID), "no map for %s", h.Name())
		}
	}
	for k := range Linux.Maps {
		m := &Linux.Maps[k]
		require.True(t, m.Type.Known(), m.Type)
		require.NotEmpty(t, m.Helpers, m.Type)
		for _, id := range m.Helpers {
			h, _ := Linux.Helper(id, nil)
			require.NotNil(t, h, "%s takes %s", m.Type, id)
			require.True(t, takesMap(h), "%s takes %s", m.Type, id)
			require.Empty(t, m.Refused[id], "%s takes %s and refuses it", m.Type, id)
		}
	}
}

func takesMap(h *Helper) bool {
	for _, a := range h.Args {
		if a == ArgMap {
			return true
		}
	}
	return false
}

func someMap(id bpf.HelperID) bool {
	for k := range Linux.Maps {
		if Linux.Maps[k].Takes(id) {
			return true
		}
	}
	return false
}

func TestLookUp(t *testing.T) {
	xdp, tc := Linux.Program(bpf.ProgTypeXDP), Linux.Program(bpf.ProgTypeSchedCLS)
	require.Nil(t, Linux.Program(bpf.ProgTypeKprobe))
	for _, c := range []struct {
		id       bpf.HelperID
		xdp, tc  bool
		usesInTC bpf.RegSet
	}{
		{bpf.HelperMapLookupElem, true, true, bpf.Reg(bpf.R1) | bpf.Reg(bpf.R2)},
		{bpf.HelperXDPAdjustHead, true, false, bpf.Reg(bpf.R1) | bpf.Reg(bpf.R2)},
		{bpf.HelperSkbLoadBytes, false, true, bpf.Reg(bpf.R1) | bpf.Reg(bpf.R2) | bpf.Reg(bpf.R3) | bpf.Reg(bpf.R4)},
		{bpf.HelperGetCgroupClassID, true, true, bpf.Reg(bpf.R1)},
		{bpf.HelperTracePrintk, true, true, bpf.ArgRegs},
	} {
		h, ok := Linux.Helper(c.id, xdp)
		require.Equal(t, c.id, h.ID)
		require.Equal(t, c.xdp, ok, c.id)
		h, ok = Linux.Helper(c.id, tc)
		require.Equal(t, c.tc, ok, c.id)
		require.Equal(t, c.usesInTC, h.Uses(), c.id)
	}
	h, _ := Linux.Helper(bpf.HelperGetCgroupClassID, xdp)
	require.Zero(t, h.Uses(), "XDP programs have no socket to ask")
	h, _ = Linux.Helper(bpf.HelperProbeWriteUser, xdp)
	require.Nil(t, h)
	require.Nil(t, Linux.Map(bpf.MapTypeArena))
	require.True(t, Linux.Map(bpf.MapTypeQueue).Takes(bpf.HelperMapPopElem))
	require.False(t, Linux.Map(bpf.MapTypeQueue).Takes(bpf.HelperMapLookupElem))
}

func TestTwice(t *testing.T) {
	row := Helper{ID: bpf.HelperRedirect, For: both}
	require.Panics(t, func() { (Platform{Helpers: []Helper{row, row}}).index() })
	require.Panics(t, func() {
		(Platform{Maps: []Map{{Type: bpf.MapTypeHash}, {Type: bpf.MapTypeHash}}}).index()
	})
}
