package acme

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/skipsw/skipsw/offload"
	"github.com/skipsw/skipsw/translate/bpf"
	"github.com/skipsw/skipsw/translate/object"
)

// state is what a card keeps, in state.json of its folder.
type state struct {
	Next    uint32                `json:"next"` // the last id that was given
	Running *running              `json:"running,omitempty"`
	Maps    map[uint32]*mapRecord `json:"maps"`
}

// running is the program that runs; its words are in running.nfp.
type running struct {
	programRecord
	Hook offload.Hook `json:"hook"`
}

type programRecord struct {
	ID   uint32      `json:"id"`
	Name string      `json:"name"`
	Type object.Type `json:"type"`
	Tag  string      `json:"tag"`
	Maps []mapUse    `json:"maps"`
}

// mapUse is a map of a program, with its name in the image.
type mapUse struct {
	ID   uint32 `json:"id"`
	Name string `json:"name"`
}

// mapRecord is a map with its entries, all in hexadecimal.
type mapRecord struct {
	Name       string            `json:"name"`
	Type       bpf.MapType       `json:"type"`
	KeySize    uint32            `json:"key_size"`
	ValueSize  uint32            `json:"value_size"`
	MaxEntries uint32            `json:"max_entries"`
	Flags      uint32            `json:"flags"`
	Entries    map[string]string `json:"entries"`
}

func (s *state) id() uint32 {
	s.Next++
	return s.Next
}

// look reads the state.
func (c *Card) look() (*state, error) {
	s := &state{Maps: map[uint32]*mapRecord{}}
	b, err := os.ReadFile(filepath.Join(c.dir, "state.json"))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(c.dir); err != nil {
			return nil, &offload.Error{Op: "look at " + c.Name(), Kind: offload.ErrDeviceGone, Err: err}
		}
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("%s: state.json: %w", c.Name(), err)
	}
	return s, nil
}

// change changes the state, one process and one caller at a time. An error
// leaves it as it was.
func (c *Card) change(do func(*state) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	lock, err := os.OpenFile(filepath.Join(c.dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return &offload.Error{Op: "lock " + c.Name(), Kind: offload.ErrDeviceGone, Err: err}
	}
	defer lock.Close() // and with it the lock
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return err
	}
	s, err := c.look()
	if err != nil {
		return err
	}
	if err := do(s); err != nil {
		return err
	}
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return c.write("state.json", b)
}

// write writes a file of the card in one step.
func (c *Card) write(name string, data []byte) error {
	temp := filepath.Join(c.dir, name+"-new")
	if err := os.WriteFile(temp, data, 0o600); err != nil {
		return err
	}
	return os.Rename(temp, filepath.Join(c.dir, name))
}

func tagOf(code []byte) string {
	sum := sha256.Sum256(code)
	return hex.EncodeToString(sum[:8])
}
