package target

import "reflect"

// Clone returns a copy that shares nothing with t.
func (t *Target) Clone() *Target {
	return copyOf(reflect.ValueOf(t)).Interface().(*Target)
}

// copyOf copies a value of a target's fields with all that it refers to.
func copyOf(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		c := reflect.New(v.Type().Elem())
		c.Elem().Set(copyOf(v.Elem()))
		return c
	case reflect.Struct:
		c := reflect.New(v.Type()).Elem()
		c.Set(v)
		for k := range v.NumField() {
			if refers(v.Field(k).Kind()) {
				c.Field(k).Set(copyOf(v.Field(k)))
			}
		}
		return c
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		c := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(c, v)
		if refers(v.Type().Elem().Kind()) {
			for k := range v.Len() {
				c.Index(k).Set(copyOf(v.Index(k)))
			}
		}
		return c
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		c := reflect.MakeMapWithSize(v.Type(), v.Len())
		for it := v.MapRange(); it.Next(); {
			c.SetMapIndex(it.Key(), copyOf(it.Value()))
		}
		return c
	}
	return v
}

// refers reports whether values of a kind may refer to others.
func refers(k reflect.Kind) bool {
	switch k {
	case reflect.Pointer, reflect.Struct, reflect.Slice, reflect.Map:
		return true
	}
	return false
}
