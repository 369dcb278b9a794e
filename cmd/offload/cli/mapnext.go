package cli

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/skipsw/skipsw/offload"
)

// nextKey is a key and the one behind it in JSON output, hexadecimal bytes and text
// by the C type.
type nextKey struct {
	Key         string `json:"key,omitempty"` // "" for the beginning
	KeyText     string `json:"key_text,omitempty"`
	NextKey     string `json:"next_key"`
	NextKeyText string `json:"next_key_text"`
}

func newMapNextCmd(a *app) *cobra.Command {
	f := mapFlags{deviceFlags{app: a}}
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "next MAP [KEY]",
		Short: "Print the key behind a key, or the first",
		Long: `Print the key that the map has behind KEY, or its first key. Behind the last key
is an error. A KEY that the map does not have is answered as its kind of map does: the
kernel's hash maps begin anew.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return usagef("%s needs MAP, and may have KEY", cmd.CommandPath())
			}
			return nil
		},
		ValidArgsFunction: f.complete,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.with(args[0], func(ctx context.Context, d offload.Device, m offload.Map) error {
				var key []byte
				var err error
				if len(args) == 2 {
					if key, err = parseKey(ctx, d, m, args[1]); err != nil {
						return err
					}
				}
				t := mapTypes(ctx, d, m)
				next, err := m.Next(key)
				switch {
				case errors.Is(err, io.EOF) && key == nil:
					return fmt.Errorf("map %s has no keys", m.Info().Name)
				case errors.Is(err, io.EOF):
					return fmt.Errorf("map %s: %s is the last key", m.Info().Name, offload.Format(t.Key, key))
				case err != nil:
					return err
				}
				if !asJSON {
					fmt.Fprintln(cmd.OutOrStdout(), offload.Format(t.Key, next))
					return nil
				}
				out := nextKey{NextKey: hex.EncodeToString(next), NextKeyText: offload.Format(t.Key, next)}
				if key != nil {
					out.Key, out.KeyText = hex.EncodeToString(key), offload.Format(t.Key, key)
				}
				return writeJSON(cmd.OutOrStdout(), out)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	f.add(cmd)
	return cmd
}
