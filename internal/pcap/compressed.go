package pcap

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Limits of compressed captures. They are read as they are unpacked, so that only
// the window takes memory.
const (
	// MostUnpacked is the most bytes that a compressed capture may unpack to.
	MostUnpacked = 1 << 40
	// MostWindow is the largest window of a zstd stream, in bytes; what RFC 8878
	// recommends for all decoders is 8 MiB, zstd's own levels up to 19 have that.
	MostWindow = 32 << 20
)

var (
	gzipMagic = []byte{0x1f, 0x8b}
	zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}
)

// plain returns what a file holds, unpacked if it is compressed.
func plain(r *bufio.Reader) (*bufio.Reader, error) {
	magic, _ := r.Peek(4) // an error comes again to whoever reads
	var in io.Reader
	switch {
	case bytes.HasPrefix(magic, gzipMagic):
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", cutOff(err))
		}
		in = z
	case bytes.HasPrefix(magic, zstdMagic):
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(MostWindow), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, fmt.Errorf("zstd: %w", cutOff(err))
		}
		in = z
	default:
		return r, nil
	}
	return bufio.NewReaderSize(&unpacked{r: in, left: MostUnpacked}, bufferSize), nil
}

// unpacked ends with an error where a compressed file goes on beyond the limit.
type unpacked struct {
	r    io.Reader
	left int64
}

// Read implements io.Reader.
func (u *unpacked) Read(b []byte) (int, error) {
	if u.left <= 0 {
		return 0, fmt.Errorf("it unpacks to more than %d bytes, the most that is read of a compressed capture", int64(MostUnpacked))
	}
	b = b[:min(int64(len(b)), u.left)]
	n, err := u.r.Read(b)
	u.left -= int64(n)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("unpack: %w", err)
	}
	return n, err
}
