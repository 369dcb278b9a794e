package translate_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/translate"
	"github.com/skipsw/skipsw/translate/bpf"
)

// TestSupports checks cells of the helper and map tables: what is there, and
// the reason of what is not.
func TestSupports(t *testing.T) {
	for _, c := range []struct {
		target string
		helper bpf.HelperID
		typ    bpf.MapType
		want   string // "" for what is there
	}{
		{"skipsw", bpf.HelperMapLookupElem, bpf.MapTypeUnspec, ""},
		{"skipsw", bpf.HelperMapLookupElem, bpf.MapTypeArray, ""},
		{"skipsw", bpf.HelperMapLookupElem, bpf.MapTypeLPMTrie, ""},
		{"skipsw", bpf.HelperMapUpdateElem, bpf.MapTypeLRUPerCPUHash, ""},
		{"skipsw", bpf.HelperCsumDiff, bpf.MapTypeUnspec, ""},
		{"skipsw", bpf.HelperL4CsumReplace, bpf.MapTypeUnspec, ""},
		{"agilio", bpf.HelperL4CsumReplace, bpf.MapTypeUnspec, "not supported: helper l4_csum_replace, because target agilio does not have it"},
		{"skipsw", bpf.HelperMapDeleteElem, bpf.MapTypeLPMTrie, ""},
		{"skipsw", bpf.HelperPerfEventOutput, bpf.MapTypePerfEventArray, ""},
		{"skipsw", bpf.HelperRingbufReserve, bpf.MapTypeRingbuf, ""},
		{"skipsw", bpf.HelperRingbufSubmit, bpf.MapTypeUnspec, ""},
		{"agilio", bpf.HelperRingbufOutput, bpf.MapTypeRingbuf, "not supported: helper ringbuf_output on map type ringbuf, because target agilio does not have it"},
		{"skipsw", bpf.HelperMapLookupElem, bpf.MapTypeDevMap, ""},
		{"skipsw", bpf.HelperRedirectMap, bpf.MapTypeXSKMap, ""},
		{"skipsw", bpf.HelperMapLookupElem, bpf.MapTypeCPUMap, "not supported: helper map_lookup_elem on map type cpumap, because there is no code for it"},
		{"skipsw", bpf.HelperMapLookupElem, bpf.MapTypeArrayOfMaps, ""},
		{"agilio", bpf.HelperMapLookupElem, bpf.MapTypeArrayOfMaps, "not supported: helper map_lookup_elem on map type array_of_maps, because target agilio does not have maps of this type"},
		{"agilio", bpf.HelperRedirect, bpf.MapTypeUnspec, "not supported: helper redirect, because target agilio does not have it"},
		{"skipsw", bpf.HelperMapLookupElem, bpf.MapTypeQueue, "not supported: helper map_lookup_elem on map type queue, because there is no code for it"},
		{"skipsw", bpf.HelperKtimeGetNs, bpf.MapTypeUnspec, ""},
		{"skipsw", bpf.HelperKtimeGetTaiNs, bpf.MapTypeUnspec, ""},
		{"skipsw", bpf.HelperRedirectPeer, bpf.MapTypeUnspec, "not supported: helper redirect_peer, because a card's ports have no peers in other namespaces of a host"},
		{"agilio", bpf.HelperFIBLookup, bpf.MapTypeUnspec, "not supported: helper fib_lookup, because target agilio does not have it"},
		{"agilio", bpf.HelperMapLookupElem, bpf.MapTypeHash, ""},
		{"agilio", bpf.HelperPerfEventOutput, bpf.MapTypePerfEventArray, ""},
		{"agilio", bpf.HelperMapLookupElem, bpf.MapTypeLRUHash, "not supported: helper map_lookup_elem on map type lru_hash, because target agilio does not have maps of this type"},
		{"agilio", bpf.HelperMapLookupElem, bpf.MapTypePerfEventArray, "not supported: helper map_lookup_elem on map type perf_event_array, because the firmware has no routine for it"},
		{"agilio", bpf.HelperPerfEventOutput, bpf.MapTypeHash, "not supported: helper perf_event_output on map type hash, because the firmware has no routine for it"},
		{"agilio", bpf.HelperCsumDiff, bpf.MapTypeUnspec, "not supported: helper csum_diff, because target agilio does not have it"},
	} {
		t.Run(fmt.Sprintf("%s/%v/%v", c.target, c.helper, c.typ), func(t *testing.T) {
			tg, err := target.Builtin(c.target)
			require.NoError(t, err)
			err = translate.Supports(tg, c.helper, c.typ)
			if c.want == "" {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, c.want)
			require.ErrorIs(t, err, translate.ErrNotSupported)
		})
	}
}

// TestEveryRowIsReached checks that no row is dead: each helper and each map
// type is there for a built-in target.
func TestEveryRowIsReached(t *testing.T) {
	var targets []*target.Target
	for _, name := range target.Names() {
		tg, err := target.Builtin(name)
		require.NoError(t, err)
		require.NoError(t, translate.CheckTarget(tg))
		targets = append(targets, tg)
	}
	helpers := map[bpf.HelperID]bool{}
	types := map[bpf.MapType]bool{}
	for _, tg := range targets {
		for _, h := range translate.Helpers() {
			for _, m := range append(translate.MapTypes(), bpf.MapTypeUnspec) {
				if translate.Supports(tg, h, m) == nil {
					helpers[h] = true
					types[m] = types[m] || translate.MapRegister(h) != 0
				}
			}
		}
	}
	for _, h := range translate.Helpers() {
		require.True(t, helpers[h], "%v", h)
	}
	for _, m := range translate.MapTypes() {
		require.True(t, types[m], "%v", m)
	}
}

// TestCheckTarget checks that a target which promises what the compiler has no
// code for is refused by the field's name.
func TestCheckTarget(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(tg *target.Target)
		want   string
	}{
		{"helper nobody wrote", func(tg *target.Target) { tg.Helpers["redirect_peer"] = target.Helper{By: target.HelperInline} }, "not supported: helpers.redirect_peer inline of target skipsw"},
		{"helper in another way", func(tg *target.Target) { tg.Helpers["csum_diff"] = target.Helper{By: target.HelperRoutine} }, "not supported: helpers.csum_diff routine of target skipsw"},
		{"no helper", func(tg *target.Target) { tg.Helpers["csum_dif"] = target.Helper{By: target.HelperInline} }, "not supported: helpers.csum_dif inline of target skipsw"},
		{"map type nobody wrote", func(tg *target.Target) { tg.Maps.Types = append(tg.Maps.Types, "stack_trace") }, "not supported: maps.types stack_trace of target skipsw"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tg, err := target.Builtin("skipsw")
			require.NoError(t, err)
			c.change(tg)
			require.ErrorContains(t, translate.CheckTarget(tg), c.want)
		})
	}
}
