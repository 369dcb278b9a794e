// Package plain writes values that are plain data to bytes and reads them back:
// numbers, strings, arrays, slices, maps, structs of these, exported or not. One pass
// over the values does both, so that what is written and what is read cannot differ.
//
// Pointers are data of nobody's unless a Codec is told what stands for them.
//
// It never knows what the values mean. Entry points: NewWriter, NewReader.
package plain

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"unsafe"
)

// Codec goes over values, to write or to read them.
type Codec struct {
	to       io.Writer
	w        *bytes.Buffer
	r        *bytes.Reader
	err      error
	pointers map[reflect.Type]pointer
}

// pointer says what stands for pointers of a type.
type pointer struct {
	number func(p unsafe.Pointer) uint64
	find   func(number uint64) (unsafe.Pointer, error)
}

// ErrDamaged is that bytes are not those that were written.
var ErrDamaged = errors.New("damaged, or cut short")

// NewWriter returns a codec that writes when it ends, behind a checksum.
func NewWriter(w io.Writer) *Codec {
	return &Codec{to: w, w: &bytes.Buffer{}, pointers: map[reflect.Type]pointer{}}
}

// NewReader returns a codec that reads what one that writes has written, up to the
// end of r.
func NewReader(r io.Reader) *Codec {
	c := &Codec{pointers: map[reflect.Type]pointer{}}
	all, err := io.ReadAll(r)
	switch {
	case err != nil:
		c.Fail(err)
	case len(all) < sha256.Size || sha256.Sum256(all[sha256.Size:]) != [sha256.Size]byte(all):
		c.Fail(ErrDamaged)
	default:
		all = all[sha256.Size:]
	}
	c.r = bytes.NewReader(all)
	return c
}

// Reading reports whether the codec reads.
func (c *Codec) Reading() bool { return c.r != nil }

// Pointers says what stands for pointers to a T: a number, and how to find the
// pointer of one. A nil pointer is written as such.
func Pointers[T any](c *Codec, number func(*T) uint64, find func(uint64) (*T, error)) {
	c.pointers[reflect.TypeFor[*T]()] = pointer{
		func(p unsafe.Pointer) uint64 { return number((*T)(p)) },
		func(n uint64) (unsafe.Pointer, error) {
			p, err := find(n)
			return unsafe.Pointer(p), err
		},
	}
}

// Fail ends the work with an error, if it is one; the first one stays.
func (c *Codec) Fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// End writes everything and returns the first error. One that reads must have come to
// the end.
func (c *Codec) End() error {
	if c.w != nil && c.err == nil {
		sum := sha256.Sum256(c.w.Bytes())
		_, err := c.to.Write(append(sum[:], c.w.Bytes()...))
		c.Fail(err)
	}
	if c.r != nil && c.r.Len() > 0 {
		c.Fail(errors.New("there is more than was expected"))
	}
	if errors.Is(c.err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return c.err
}

// Same writes text, or reads it and fails if it is another one; what names it.
func (c *Codec) Same(what, text string) {
	got := text
	c.Value(&got)
	if got != text && c.err == nil {
		c.Fail(fmt.Errorf("%s is %s here, and was %s", what, text, got))
	}
}

// Value goes over what pointers point to.
func (c *Codec) Value(to ...any) {
	for _, p := range to {
		v := reflect.ValueOf(p)
		if v.Kind() != reflect.Pointer || v.IsNil() {
			panic(fmt.Sprintf("BUG: %T is no pointer to a value", p))
		}
		c.value(v.Elem())
	}
}

// number goes over a number.
func (c *Codec) number(v uint64) uint64 {
	if c.err != nil {
		return 0
	}
	if c.w != nil {
		var b [binary.MaxVarintLen64]byte
		_, err := c.w.Write(b[:binary.PutUvarint(b[:], v)])
		c.Fail(err)
		return v
	}
	v, err := binary.ReadUvarint(c.r)
	c.Fail(err)
	return v
}

// count goes over the length of something.
func (c *Codec) count(n int) int {
	v := c.number(uint64(n))
	if v > 1<<40 {
		c.Fail(fmt.Errorf("something of %d elements", v))
		return 0
	}
	return int(v)
}

func (c *Codec) value(v reflect.Value) {
	if c.err != nil {
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		n := uint64(0)
		if v.Bool() {
			n = 1
		}
		v.SetBool(c.number(n) != 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n := v.Int()
		n = int64(c.number(uint64(n)<<1 ^ uint64(n>>63)))
		v.SetInt(int64(uint64(n)>>1) ^ -(n & 1))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		v.SetUint(c.number(v.Uint()))
	case reflect.String:
		b := []byte(v.String())
		c.bytes(&b)
		v.SetString(string(b))
	case reflect.Array:
		for i := range v.Len() {
			c.value(v.Index(i))
		}
	case reflect.Slice:
		c.slice(v)
	case reflect.Map:
		c.table(v)
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Field(i)
			// Fields that are not exported are set through their address.
			c.value(reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem())
		}
	case reflect.Pointer:
		c.pointer(v)
	default:
		panic(fmt.Sprintf("BUG: %v is no plain data", v.Type()))
	}
}

// most is the most elements that are made at once before they are there.
const most = 1 << 20

func (c *Codec) slice(v reflect.Value) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		b := v.Bytes()
		c.bytes(&b)
		v.SetBytes(b)
		return
	}
	n := 0
	if !v.IsNil() {
		n = v.Len() + 1
	}
	n = c.count(n)
	if c.Reading() {
		switch {
		case c.err != nil:
			return
		case n == 0:
			v.SetZero()
			return
		case n-1 <= v.Cap() && !v.IsNil():
			v.SetLen(n - 1)
		default:
			v.Set(reflect.MakeSlice(v.Type(), 0, min(n-1, most)))
			for i := 0; i < n-1 && c.err == nil; i++ {
				v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
				c.value(v.Index(i))
			}
			return
		}
	}
	for i := 0; i < n-1 && c.err == nil; i++ {
		c.value(v.Index(i))
	}
}

// page is the stretch of bytes that is left out when it is zero.
const page = 4096

// bytes goes over bytes. A slice that has the right length keeps its memory.
func (c *Codec) bytes(b *[]byte) {
	n := 0
	if *b != nil {
		n = len(*b) + 1
	}
	n = c.count(n)
	if c.err != nil {
		return
	}
	if n == 0 {
		*b = nil
		return
	}
	if c.Reading() && (*b == nil || len(*b) != n-1) {
		*b = nil
		for left := n - 1; left > 0 && c.err == nil; left -= page {
			p := make([]byte, min(left, page))
			c.page(p)
			*b = append(*b, p...)
		}
		if *b == nil {
			*b = []byte{}
		}
		return
	}
	for rest := *b; len(rest) > 0 && c.err == nil; {
		p := rest[:min(len(rest), page)]
		c.page(p)
		rest = rest[len(p):]
	}
}

func (c *Codec) page(p []byte) {
	zero := !slices.ContainsFunc(p, func(b byte) bool { return b != 0 })
	some := uint64(1)
	if zero {
		some = 0
	}
	if c.number(some) == 0 {
		clear(p)
		return
	}
	if c.err != nil {
		return
	}
	if c.w != nil {
		_, err := c.w.Write(p)
		c.Fail(err)
		return
	}
	_, err := io.ReadFull(c.r, p)
	c.Fail(err)
}

// table goes over a map, in the order of its keys' text.
func (c *Codec) table(v reflect.Value) {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	n := c.count(len(keys))
	if c.Reading() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	for i := 0; i < n && c.err == nil; i++ {
		k, e := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		if !c.Reading() {
			k.Set(keys[i])
			e.Set(v.MapIndex(keys[i]))
		}
		c.value(k)
		c.value(e)
		if c.Reading() {
			v.SetMapIndex(k, e)
		}
	}
}

func (c *Codec) pointer(v reflect.Value) {
	p, ok := c.pointers[v.Type()]
	if !ok {
		panic(fmt.Sprintf("BUG: nobody says what stands for a %v", v.Type()))
	}
	some := v.Pointer() != 0
	c.Value(&some)
	if !some || c.err != nil {
		v.SetZero()
		return
	}
	if c.w != nil {
		c.number(p.number(v.UnsafePointer()))
		return
	}
	n := c.number(0)
	if c.err != nil {
		return
	}
	at, err := p.find(n)
	c.Fail(err)
	v.Set(reflect.NewAt(v.Type().Elem(), at))
}
