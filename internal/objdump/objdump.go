// Package objdump runs GNU objdump with its nfp back end: the independent
// reader that the encoder, the disassembler and the image format are held
// against in tests. No Debian package carries that back end, so Find builds it
// once from Debian's binutils source into a cache folder.
//
// It never knows our own encoder: words go in as numbers, text comes out.
package objdump

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/skipsw/skipsw/internal/cache"
)

// CacheEnv names the environment variable with the folder that built programs
// are kept in. Without it, it is "skipsw" in the user's cache folder.
const CacheEnv = "SKIPSW_CACHE"

// Tool is a built objdump and the readelf beside it.
type Tool struct {
	Objdump string // path
	Readelf string // path
}

// Find returns the tool from the cache, building it first when it is not
// there: about a minute on two cores. What the build needs and is missing is
// installed when the caller may do that, and is named in the error otherwise.
func Find(ctx context.Context) (*Tool, error) {
	folder, err := cache.Dir(CacheEnv)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	unlock, err := cache.Lock(filepath.Join(folder, "objdump.lock"))
	if err != nil {
		return nil, err
	}
	defer unlock()
	dir, err := cached(folder)
	if errors.Is(err, os.ErrNotExist) {
		dir, err = build(ctx, folder)
	}
	if err != nil {
		return nil, fmt.Errorf("objdump for nfp: %w", err)
	}
	return &Tool{Objdump: filepath.Join(dir, "objdump"), Readelf: filepath.Join(dir, "readelf")}, nil
}

// cached returns the folder of a complete build, or os.ErrNotExist.
func cached(cache string) (string, error) {
	all, err := filepath.Glob(filepath.Join(cache, "objdump-nfp-*", "objdump"))
	if err != nil {
		return "", err
	}
	if len(all) == 0 {
		return "", os.ErrNotExist
	}
	return filepath.Dir(all[len(all)-1]), nil
}

// Line is what objdump says about one word.
type Line struct {
	Text string // normalised: tabs are spaces, none at the ends
	Err  bool   // objdump calls the word undefined
}

// errorMark ends the text of an undefined word.
const errorMark = "# ERROR"

// Words disassembles words as a core with ctxs contexts (4 or 8) reads them.
// The result has one line a word.
func (t *Tool) Words(ctx context.Context, words []uint64, ctxs int) ([]Line, error) {
	dir, err := os.MkdirTemp("", "objdump-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "words.elf")
	if err := os.WriteFile(path, minimalELF(words), 0o644); err != nil {
		return nil, err
	}
	out, err := t.Run(ctx, "-d", "-z", "-M", fmt.Sprintf("ctx%d,no-pc", ctxs), path)
	if err != nil {
		return nil, err
	}
	lines := make([]Line, 0, len(words))
	s := bufio.NewScanner(bytes.NewReader(out))
	for s.Scan() {
		addr, rest, ok := strings.Cut(s.Text(), ":\t")
		if !ok {
			continue
		}
		at, err := strconv.ParseUint(strings.TrimSpace(addr), 16, 64)
		if err != nil {
			continue
		}
		if want := uint64(len(lines)) * 8; at != want {
			return nil, fmt.Errorf("objdump: word at %#x in place of %#x", at, want)
		}
		_, text, ok := strings.Cut(rest, "\t")
		if !ok {
			return nil, fmt.Errorf("objdump: no text in %q", s.Text())
		}
		text = strings.Join(strings.Fields(text), " ")
		lines = append(lines, Line{Text: text, Err: strings.HasSuffix(text, errorMark)})
	}
	if len(lines) != len(words) {
		return nil, fmt.Errorf("objdump: %d lines for %d words", len(lines), len(words))
	}
	return lines, s.Err()
}

// Run runs objdump and returns its output. Anything on its standard error is
// an error: it prints warnings there.
func (t *Tool) Run(ctx context.Context, args ...string) ([]byte, error) {
	return run(ctx, t.Objdump, args)
}

// RunReadelf runs readelf in the same way.
func (t *Tool) RunReadelf(ctx context.Context, args ...string) ([]byte, error) {
	return run(ctx, t.Readelf, args)
}

func run(ctx context.Context, path string, args []string) ([]byte, error) {
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if msg := strings.TrimSpace(errs.String()); err == nil && msg != "" {
		err = errors.New("it complains")
	}
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w: %s", filepath.Base(path), strings.Join(args, " "), err, strings.TrimSpace(errs.String()))
	}
	return out.Bytes(), nil
}

// minimalELF wraps words in the smallest ELF file that the nfp back end reads:
// a null section, .text and the section names.
func minimalELF(words []uint64) []byte {
	const (
		headerSize  = 64
		sectionSize = 64
		machineNFP  = 250
		family6000  = 0x6000 << 8
	)
	names := "\x00.text\x00.shstrtab\x00"
	text := len(words) * 8
	tables := headerSize + text + (len(names)+7)&^7
	b := make([]byte, 0, tables+3*sectionSize)
	le := binary.LittleEndian
	b = append(b, "\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
	b = le.AppendUint16(b, 1) // relocatable
	b = le.AppendUint16(b, machineNFP)
	b = le.AppendUint32(b, 1)
	b = le.AppendUint64(b, 0) // entry
	b = le.AppendUint64(b, 0) // program headers
	b = le.AppendUint64(b, uint64(tables))
	b = le.AppendUint32(b, family6000)
	for _, v := range []uint16{headerSize, 0, 0, sectionSize, 3, 2} {
		b = le.AppendUint16(b, v)
	}
	for _, w := range words {
		b = le.AppendUint64(b, w)
	}
	b = append(b, names...)
	b = append(b, make([]byte, tables-len(b))...)
	section := func(name, typ uint32, flags, off, size uint64) {
		b = le.AppendUint32(b, name)
		b = le.AppendUint32(b, typ)
		for _, v := range []uint64{flags, 0, off, size, 0, 8, 0} {
			b = le.AppendUint64(b, v)
		}
	}
	section(0, 0, 0, 0, 0)
	section(1, 1, 6, headerSize, uint64(text))
	section(7, 3, 0, uint64(headerSize+text), uint64(len(names)))
	return b
}
