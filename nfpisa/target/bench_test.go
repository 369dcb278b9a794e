package target_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/skipsw/skipsw/nfpisa/target"
)

func BenchmarkBuiltin(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_, err := target.Builtin("skipsw")
		require.NoError(b, err)
	}
}

func BenchmarkClone(b *testing.B) {
	t := target.MustBuiltin("skipsw")
	b.ReportAllocs()
	for b.Loop() {
		_ = t.Clone()
	}
}

// TestCloneSharesNothing empties all that a copy refers to and holds that the
// original stays as it was.
func TestCloneSharesNothing(t *testing.T) {
	var empty func(v reflect.Value)
	empty = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() {
				empty(v.Elem())
			}
		case reflect.Struct:
			for k := range v.NumField() {
				empty(v.Field(k))
			}
		case reflect.Slice:
			for k := range v.Len() {
				empty(v.Index(k))
			}
		case reflect.Map:
			v.Clear()
		default:
			v.SetZero()
		}
	}
	for _, name := range target.Names() {
		tg := target.MustBuiltin(name)
		before := tg.Marshal()
		empty(reflect.ValueOf(tg.Clone()))
		require.Equal(t, string(before), string(tg.Marshal()))
	}
}
