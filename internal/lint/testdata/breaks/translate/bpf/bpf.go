package bpf

import (
	_ "github.com/skipsw/skipsw/internal/sys"
	_ "github.com/skipsw/skipsw/translate/bpf/internal/gen"
)
