// Package hostmap is the host's side of maps in card memory: it makes them,
// finds, stores and removes entries in the layout that programs see, and knows
// which bytes of a map's memory a program may reach.
//
// Maps belong to a Space, not to a machine: they are made and freed at any
// time, and what runs over the same memory shares them.
//
// It never knows cores, programs or what firmware does with a map.
//
// Map's methods are stable; the rest is not: package sim is the stable way in.
package hostmap
