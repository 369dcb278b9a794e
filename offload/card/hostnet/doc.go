// Package hostnet reads the links, routes, rules and neighbours of a network
// namespace from the kernel by netlink, as tables for programs on a card, and tells
// when they change.
//
// It never knows cards or programs. Open is the entry point.
//
// Not stable.
package hostnet
