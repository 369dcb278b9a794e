package debug

import (
	"fmt"
	"reflect"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// packet returns the frame as it is now: its length, its bytes, and its layers with
// their fields.
func (s *Session) packet() []Var {
	frame := s.Frame()
	out := []Var{{Name: "length", Value: fmt.Sprint(len(frame))}, rows(frame)}
	p := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.DecodeOptions{NoCopy: false})
	for _, l := range p.Layers() {
		out = append(out, layer(l))
	}
	return out
}

// rows shows bytes, 16 a row.
func rows(b []byte) Var {
	v := Var{Name: "bytes", Value: fmt.Sprintf("%x", b[:min(len(b), 16)])}
	if len(b) > 16 {
		v.Value += "..."
	}
	for at := 0; at < len(b); at += 16 {
		v.Parts = append(v.Parts, Var{Name: fmt.Sprintf("%04x", at), Value: fmt.Sprintf("% x", b[at:min(len(b), at+16)])})
	}
	return v
}

// layer shows a layer with its exported fields that are plain values.
func layer(l gopacket.Layer) Var {
	v := Var{Name: Clean(l.LayerType().String()), Value: fmt.Sprintf("%d bytes", len(l.LayerContents()))}
	if f, ok := l.(gopacket.ErrorLayer); ok {
		v.Value = Clean(f.Error().Error())
	}
	r := reflect.Indirect(reflect.ValueOf(l))
	if r.Kind() != reflect.Struct {
		return v
	}
	for k := range r.NumField() {
		f := r.Type().Field(k)
		if !f.IsExported() || f.Anonymous {
			continue
		}
		switch x := r.Field(k); x.Kind() {
		case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
			reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.String:
			v.Parts = append(v.Parts, Var{Name: f.Name, Value: Clean(fmt.Sprint(x.Interface()))})
		case reflect.Slice, reflect.Array:
			if x.Type().Elem().Kind() == reflect.Uint8 {
				text := fmt.Sprintf("%x", x.Interface())
				if s, ok := x.Interface().(fmt.Stringer); ok {
					text = s.String()
				}
				v.Parts = append(v.Parts, Var{Name: f.Name, Value: Clean(text)})
			}
		}
	}
	return v
}
