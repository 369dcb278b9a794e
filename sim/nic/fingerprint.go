package nic

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"reflect"
	"slices"

	"github.com/skipsw/skipsw/nfpisa/target"
)

// Fingerprint returns a hash of all numbers of the Spec and of a target, in hex:
// results of two cards can be compared if it is the same. What watches (hooks,
// profiles) and what programs look up in (Network, Memory) is not of it.
func (s *Spec) Fingerprint(t *target.Target) string {
	h := sha256.New()
	numbers(h, reflect.ValueOf(*s))
	h.Write(t.Marshal())
	return fmt.Sprintf("%x", h.Sum(nil)[:16])
}

// watchers are fields that change no result.
var watchers = []string{"Profile", "Hooks", "MemoryHooks", "Threads"}

// numbers writes the plain values within v, with the names of fields.
func numbers(h hash.Hash, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); !slices.Contains(watchers, f.Name) {
				io.WriteString(h, f.Name+"{")
				numbers(h, v.Field(i))
				io.WriteString(h, "}")
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			numbers(h, v.Index(i))
			io.WriteString(h, ",")
		}
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int {
			if a.String() < b.String() {
				return -1
			}
			return 1
		})
		for _, k := range keys {
			io.WriteString(h, k.String()+"=")
			numbers(h, v.MapIndex(k))
			io.WriteString(h, ",")
		}
	case reflect.Func, reflect.Pointer, reflect.Interface, reflect.Chan:
	default:
		fmt.Fprint(h, v)
	}
}
