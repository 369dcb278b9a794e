// Package layouttest has the memory of maps of each kind byte by byte, written
// by hand: what the microcode and the host's side of a map must both make and
// read.
//
// It never uses package maplayout. Golden is the entry point.
//
// Not stable: it is for the tests of this module.
package layouttest

import (
	"bufio"
	"embed"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

//go:embed testdata
var files embed.FS

// Base is the address at which all maps of the files are.
const Base = 0x20_0000_0100

// Names lists the files.
func Names(t testing.TB) (names []string) {
	t.Helper()
	entries, err := files.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".txt"))
	}
	return names
}

// Golden returns the bytes of a map. A file gives its size first and then every
// byte, a line "OFFSET BYTES # COMMENT" for each thing in it.
func Golden(t testing.TB, name string) []byte {
	t.Helper()
	data, err := files.ReadFile("testdata/" + name + ".txt")
	if err != nil {
		t.Fatal(err)
	}
	var out []byte
	size := -1
	lines := bufio.NewScanner(strings.NewReader(string(data)))
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		if _, err := fmt.Sscanf(text, "size %d", &size); err == nil {
			continue
		}
		at, digits, _ := strings.Cut(text, " ")
		b, err := hex.DecodeString(strings.ReplaceAll(digits, " ", ""))
		if err != nil || at != fmt.Sprint(len(out)) {
			t.Fatalf("%s.txt:%d: offset %s where byte %d is next (%v)", name, n, at, len(out), err)
		}
		out = append(out, b...)
	}
	if len(out) != size {
		t.Fatalf("%s.txt: %d bytes, and its size is %d", name, len(out), size)
	}
	return out
}
