// Package uml connects a PCI function to a guest that runs on user-mode Linux:
// the kernel's PCI over virtio (arch/um/drivers/virt-pci.c), whose device is a
// process at the other end of a vhost-user socket. Serve is the entry point.
//
// A guest gets what it asks for inside the memory that it shared, and errors
// end its connection; nothing that it sends makes Serve touch other memory.
//
// It never knows what the function does.
//
// Not stable: the card as a PCI function is new.
package uml
