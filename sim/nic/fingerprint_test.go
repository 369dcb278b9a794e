package nic

import (
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/target"
	"github.com/skipsw/skipsw/sim"
)

// change sets a plain value to another one and reports whether it could.
func change(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Int, reflect.Int64, reflect.Int32, reflect.Int8:
		v.SetInt(v.Int() + 1)
	case reflect.Uint, reflect.Uint64, reflect.Uint32, reflect.Uint16, reflect.Uint8:
		v.SetUint(v.Uint() + 1)
	default:
		return false
	}
	return true
}

// TestFingerprint changes each number of a Spec alone.
func TestFingerprint(t *testing.T) {
	tg := target.MustBuiltin("skipsw")
	fresh := func() Spec {
		s := DefaultSpec()
		s.Egress = []int{0, 1}
		return s
	}
	base := fresh()
	want := base.Fingerprint(tg)
	again := fresh()
	require.Equal(t, want, again.Fingerprint(tg))
	changed := 0
	var each func(path string, get func(*Spec) reflect.Value)
	each = func(path string, get func(*Spec) reflect.Value) {
		s := fresh()
		v := get(&s)
		if v.Kind() == reflect.Struct {
			for i := range v.NumField() {
				each(path+"."+v.Type().Field(i).Name, func(s *Spec) reflect.Value { return get(s).Field(i) })
			}
			return
		}
		if slices.Contains([]string{"Spec.Machine.Profile", "Spec.Machine.Threads"}, path) || !change(v) {
			return
		}
		changed++
		require.NotEqual(t, want, s.Fingerprint(tg), path)
	}
	each("Spec", func(s *Spec) reflect.Value { return reflect.ValueOf(s).Elem() })
	require.Greater(t, changed, 25)

	s := fresh()
	emem := s.Machine.Shapes["emem"]
	emem.Cache.Miss++
	s.Machine.Shapes["emem"] = emem
	require.NotEqual(t, want, s.Fingerprint(tg))
	s = fresh()
	s.Egress[0] = 1
	require.NotEqual(t, want, s.Fingerprint(tg))
	s = fresh()
	s.Machine.Hooks = sim.Hooks{Step: func(sim.Step) {}}
	s.Machine.Profile = true
	require.Equal(t, want, s.Fingerprint(tg))
	s = fresh()
	require.NotEqual(t, want, s.Fingerprint(target.MustBuiltin("agilio")))
}
