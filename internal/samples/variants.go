// Package samples reads what testdata/bpf keeps of the sample programs beside their
// objects: each of them as two compilers make it for every level of the instruction
// set. Variants is the entry point.
package samples

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Archive is the name of the file in testdata/bpf that make variants writes.
const Archive = "variants.tar.gz"

// Variant is a sample as one compiler makes it for one level.
type Variant struct {
	Name   string // of the sample, which is that of its program
	Build  string // compiler and level: "clang-22-v4"
	Object []byte
}

// Sources says what the variants were made of.
type Sources struct {
	Sums      map[string]string // SHA-256 of C files, in hex, by name
	Compilers map[string]string // what a compiler says of its version, by its name
}

// Variants reads the archive in a folder.
func Variants(dir string) ([]Variant, *Sources, error) {
	f, err := os.Open(filepath.Join(dir, Archive))
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", Archive, err)
	}
	var all []Variant
	var of *Sources
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", Archive, err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %s: %w", Archive, h.Name, err)
		}
		if h.Name == "SOURCES" {
			of = readSources(data)
			continue
		}
		build, file := path.Split(h.Name)
		all = append(all, Variant{Name: strings.TrimSuffix(file, ".o"), Build: strings.TrimSuffix(build, "/"), Object: data})
	}
	if of == nil {
		return nil, nil, fmt.Errorf("%s says of no sources", Archive)
	}
	return all, of, nil
}

// readSources reads lines of sums ("SUM  FILE") and of compilers ("NAME: VERSION").
func readSources(data []byte) *Sources {
	s := &Sources{Sums: map[string]string{}, Compilers: map[string]string{}}
	for sc := bufio.NewScanner(bytes.NewReader(data)); sc.Scan(); {
		if sum, file, ok := strings.Cut(sc.Text(), "  "); ok {
			s.Sums[file] = sum
		} else if name, version, ok := strings.Cut(sc.Text(), ": "); ok {
			s.Compilers[name] = version
		}
	}
	return s
}
