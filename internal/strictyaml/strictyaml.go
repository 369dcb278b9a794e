// Package strictyaml reads YAML files whose fields are all known. Damaged
// input gives an error that shows the place, never a panic of the library.
//
// It never knows what the files are about.
package strictyaml

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
)

// Unmarshal decodes data into to. Fields that to does not have are errors.
func Unmarshal(data []byte, to any) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("damaged YAML: %v", v)
		}
	}()
	if err := yaml.UnmarshalWithOptions(data, to, yaml.Strict()); err != nil {
		return errors.New(strings.TrimSpace(yaml.FormatError(err, false, true)))
	}
	return nil
}
