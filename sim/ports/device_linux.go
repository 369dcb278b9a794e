package ports

import (
	"errors"
	"os"
)

// device is what ports have in common that are an open file of the kernel.
type device struct{ file *os.File }

// Close implements Port.
func (d *device) Close() error {
	if err := d.file.Close(); !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}
