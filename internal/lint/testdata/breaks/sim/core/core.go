package core

import (
	_ "github.com/skipsw/skipsw/translate/bpf"
	_ "github.com/skipsw/skipsw/translate/verify"
)
