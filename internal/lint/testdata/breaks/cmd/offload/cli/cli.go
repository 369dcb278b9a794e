package cli

import _ "github.com/skipsw/skipsw/offload/kernel"
