package main

// hosts are few, so that tables get hits.
var hosts = []string{
	"example.org", "WWW.Example.ORG", "a.example.net", "api.example.com", "x", "cdn-12.media.example",
	"a-very-long-name-that-nobody-would-choose.but-somebody-has.example.org", "mail.example.org",
}

// hello4 is a TLS client hello over IPv4, with a server name most of the time, now
// and then cut.
func hello4(g *generator) []byte {
	host := pick(g, hosts...)
	var extensions []byte
	extension := func(typ uint16, data []byte) {
		extensions = append(extensions, byte(typ>>8), byte(typ), byte(len(data)>>8), byte(len(data)))
		extensions = append(extensions, data...)
	}
	for range g.IntN(4) {
		extension(pick(g, uint16(10), 11, 13, 16, 23, 43, 51), g.bytes(g.IntN(24)))
	}
	if g.IntN(8) > 0 {
		n := len(host)
		extension(0, append([]byte{byte((n + 3) >> 8), byte(n + 3), 0, byte(n >> 8), byte(n)}, host...))
	}
	extension(65281, []byte{0})
	ciphers := g.bytes(2 * (1 + g.IntN(16)))
	session := g.bytes(pick(g, 0, 32))
	body := append([]byte{3, 3}, g.bytes(32)...)
	body = append(append(body, byte(len(session))), session...)
	body = append(append(body, byte(len(ciphers)>>8), byte(len(ciphers))), ciphers...)
	body = append(body, 1, 0, byte(len(extensions)>>8), byte(len(extensions)))
	body = append(body, extensions...)
	n := len(body)
	record := append([]byte{22, 3, 1, byte((n + 4) >> 8), byte(n + 4), 1, 0, byte(n >> 8), byte(n)}, body...)
	if g.IntN(8) == 0 {
		record = record[:g.IntN(len(record))]
	}
	return g.request(443, record)
}

// http4 is an HTTP request over IPv4, now and then none.
func http4(g *generator) []byte {
	line := pick(g, "GET", "POST", "HEAD", "PUT") + " " + pick(g, "/", "/index.html", "/a/b?c=d", "/favicon.ico", "*") + pick(g, " HTTP/1.1", "", " ")
	line += "\r\nHost: " + pick(g, hosts...) + "\r\nAccept: */*\r\n\r\n"
	if g.IntN(8) == 0 {
		return g.request(80, g.bytes(1+g.IntN(150)))
	}
	return g.request(80, []byte(line[:1+g.IntN(len(line))]))
}

// request is a TCP segment with data to a port.
func (g *generator) request(port uint16, data []byte) []byte {
	h := g.header4(protoTCP)
	options := pick(g, []byte(nil), []byte{1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2})
	return g.frame4(h.wrap(tcp(h, g.port(), port, g.Uint32(), psh|ack, options, data)))
}
