// Command init is the first process of a guest, see package guestinit.
package main

import "github.com/skipsw/skipsw/internal/vm/guestinit"

func main() { guestinit.Main() }
