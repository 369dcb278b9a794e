package maplayout

// Firmware is a map that the firmware keeps. What memory has beside values is
// the firmware's; the model has the values alone, as in an array, value i being
// that of the entry in slot i.
type Firmware struct{ Array }

// NewFirmware lays out the values of a firmware's map.
func NewFirmware(s Shape) Firmware { return Firmware{NewArray(s)} }

// Kind implements Layout.
func (f Firmware) Kind() Kind { return KindFirmware }

// Element returns the bytes that an entry takes of the firmware's limit for key
// and value together, each rounded up to Align.
func Element(keySize, valueSize uint32) uint64 {
	return up(uint64(keySize)) + up(uint64(valueSize))
}
