package pcie

// Capabilities (PCI Express Base 3.0, chapter 7; PCI Local Bus 3.0, 6.8.2).
const (
	capExpress   = 0x10
	capMSIX      = 0x11
	extSerial    = 0x0003
	expressSize  = 0x3c
	msixSize     = 12
	msixControl  = 2
	msixEnable   = 1 << 15
	msixMaskAll  = 1 << 14
	msixCount    = 0x7ff // vectors, less one
	serialSize   = 12
	serialV1     = 1 << 16
	endpointV2   = 2
	expressDev   = 0x08 // device control
	expressLinks = 0x0c // link capabilities
	expressLink  = 0x10 // link control
	expressState = 0x12 // link status
	expressLink2 = 0x2c // link capabilities 2
)

// addCap makes room for a capability of n bytes and returns its offset.
func (c *Config) addCap(id uint8, n int) int {
	at := c.capEnd
	c.first[regStatus] |= statusCaps
	c.first[c.capLink] = byte(at)
	c.first[at] = id
	c.capLink, c.capEnd = at+1, at+(n+3)&^3
	return at
}

// AddExpress adds the PCI Express capability of an endpoint with a link of a
// generation (3 is 8 GT/s) and a width in lanes.
func (c *Config) AddExpress(generation, width uint16) {
	at := c.addCap(capExpress, expressSize)
	c.put16(at+2, endpointV2)
	c.put32(at+expressLinks, uint32(width)<<4|uint32(generation))
	c.put16(at+expressState, width<<4|generation)
	c.put32(at+expressLink2, 1<<(generation+1)-2) // all speeds up to it
	c.open(at+expressDev, 0x7fff, 2)
	c.open(at+expressLink, 0x0fff, 2)
	c.Reset()
}

// AddSerial adds the extended capability with the device's serial number.
func (c *Config) AddSerial(serial uint64) {
	at := c.extEnd
	if c.extLink != 0 {
		c.put32(c.extLink, le.Uint32(c.first[c.extLink:])|uint32(at)<<20)
	}
	c.put32(at, serialV1|extSerial)
	le.PutUint64(c.first[at+4:], serial)
	c.extLink, c.extEnd = at, at+serialSize
	c.Reset()
}
