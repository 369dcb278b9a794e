// Package vfiouser serves a PCI function to a virtual machine by the vfio-user
// protocol (libvfio-user's docs/vfio-user.rst, version 0.1; QEMU has a client
// since 10.1). Serve is the entry point.
//
// It is experimental: the tests drive it with a client of their own, and no
// packaged QEMU has tried it. Guest memory must come as files; interrupts are
// MSI-X by eventfd, and the client keeps the vector table.
//
// It never knows what the function does.
//
// Not stable: the card as a PCI function is new.
package vfiouser
