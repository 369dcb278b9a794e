package cli

import "github.com/skipsw/skipsw/internal/vm/guestinit"

// mainInGuest does not return in the guest kernel of tests.
func mainInGuest() { guestinit.MainInGuest() }
