package main

// everything is some of each.
var everything = map[string]int{
	"udp4": 14, "tcp4": 14, "icmp4": 4, "options4": 6, "fragment4": 4, "tunnel4": 6, "udp6": 6, "tcp6": 6, "icmp6": 3,
	"extensions6": 6, "arp": 3, "vlan": 6, "qinq": 4, "llc": 2, "other": 3, "large": 1, "liar4": 6, "runt": 8, "garbage": 3,
}

// mostly is everything, with some kinds made more frequent.
func mostly(more map[string]int) map[string]int {
	out := make(map[string]int)
	for k, n := range everything {
		out[k] = n
	}
	for k, n := range more {
		out[k] += n
	}
	return out
}

// scenarios has a capture for each sample program, by the program's name.
var scenarios = []scenario{
	{name: "count_by_proto", count: 1200, mix: everything, sizes: 400},
	{name: "pass", count: 100, mix: everything, sizes: 200},
	{name: "drop_udp_port", count: 300, mix: mostly(map[string]int{"udp4": 80, "options4": 30, "cut4": 40, "liar4": 40}), sizes: 200},
	{name: "l2_swap_tx", count: 200, mix: everything, sizes: 200},
	{name: "vlan_filter", count: 700, mix: mostly(map[string]int{"vlan": 60, "qinq": 50, "cutvlan": 60, "tags3": 20}), sizes: 200},
	{name: "ttl_decrement", count: 300, mix: mostly(map[string]int{"udp4": 30, "udp6": 20, "icmp4": 20, "carry4": 20, "cut4": 20}), sizes: 200},
	{name: "syn_filter", count: 400, mix: mostly(map[string]int{"tcp4": 120, "options4": 20, "liar4": 30, "cut4": 20}), sizes: 200},
	{name: "mac_rewrite", count: 300, mix: mostly(map[string]int{"udp4": 40, "tcp4": 40}), sizes: 200},
	{name: "l4_balance", count: 700, mix: mostly(map[string]int{"udp4": 60, "tcp4": 60, "same4": 60, "cut4": 20, "badsum4": 40, "zerosum4": 10}), sizes: 200},
	{name: "ipv6_ext", count: 300, mix: mostly(map[string]int{"extensions6": 100, "udp6": 20, "deep6": 30, "cut6": 20}), sizes: 200},
	{name: "acl", count: 400, mix: mostly(map[string]int{"icmp4": 40, "tcp4": 40, "cut4": 40}), sizes: 200},
	{name: "sampler", count: 200, mix: mostly(map[string]int{"liar4": 40, "ipv4as6": 20}), sizes: 400},
	{name: "tc_classify", count: 300, mix: everything, sizes: 200},
	{name: "ipip_encap", count: 300, mix: mostly(map[string]int{"udp4": 30, "large": 3}), sizes: 200},
	{name: "vlan_pop", count: 300, mix: mostly(map[string]int{"vlan": 60, "qinq": 30, "cutvlan": 20}), sizes: 400},
	{name: "lpm_route", count: 300, mix: everything, sizes: 200},
	{name: "tail_parse", count: 300, mix: mostly(map[string]int{"vlan": 30, "qinq": 30, "cut4": 20, "cut6": 20, "cutvlan": 20}), sizes: 200},
	{name: "tail_stages", count: 700, mix: mostly(map[string]int{"udp4": 40, "tcp4": 40, "udp6": 40, "tcp6": 40, "fragment4": 20, "cut4": 30, "cut6": 30}), sizes: 200},
	{name: "tail_dispatch", count: 300, mix: everything, sizes: 100},
	{name: "tail_tc", count: 300, mix: mostly(map[string]int{"udp4": 60, "tcp6": 20, "cut4": 20}), sizes: 200},
	{name: "tail_inside", count: 300, mix: mostly(map[string]int{"cut4": 10}), sizes: 100},
	{name: "event_sample", count: 200, mix: mostly(map[string]int{"tcp4": 40}), sizes: 200},
	{name: "flow_export", count: 400, mix: mostly(map[string]int{"udp4": 80, "tcp4": 120, "flow4": 150}), sizes: 200},
	{name: "ring_filter", count: 300, mix: mostly(map[string]int{"udp4": 40, "tcp4": 40, "icmp4": 20}), sizes: 200},
	{name: "packet_sample", count: 300, mix: mostly(map[string]int{"large": 2}), sizes: 300},
	{name: "flow_track", count: 700, mix: mostly(map[string]int{"tcp4": 150, "flow4": 150, "cut4": 30, "fragment4": 20}), sizes: 100},
	{name: "port_class", count: 300, mix: mostly(map[string]int{"udp4": 60, "tcp4": 60}), sizes: 200},
	{name: "nat44", count: 700, mix: mostly(map[string]int{"udp4": 60, "tcp4": 60, "options4": 20, "fragment4": 20, "cut4": 30, "outside4": 20}), sizes: 200},
	{name: "tls_sni", count: 700, mix: mostly(map[string]int{"hello4": 250, "tcp4": 20, "long4": 30, "cut4": 40}), sizes: 200},
	{name: "http_host", count: 700, mix: mostly(map[string]int{"http4": 200, "hello4": 10, "long4": 20, "cut4": 20, "flow4": 20}), sizes: 200},
	{name: "rule_loop", count: 300, mix: mostly(map[string]int{"udp4": 80, "tcp4": 80, "icmp4": 20}), sizes: 100},
	{name: "heavy_sketch", count: 600, mix: mostly(map[string]int{"udp4": 200, "tcp4": 100}), sizes: 100},
	{name: "ddos_blacklist", count: 500, mix: mostly(map[string]int{"udp4": 200}), sizes: 200},
	{name: "fib_router", count: 700, mix: mostly(map[string]int{"routed4": 150, "routed6": 120, "large": 4, "cut6": 20, "cut4": 20, "carry4": 20}), sizes: 200},
	{name: "edge_neigh", count: 400, mix: mostly(map[string]int{"routed4": 120, "routed6": 100}), sizes: 200},
	{name: "mtu_guard", count: 200, mix: mostly(map[string]int{"large": 60}), sizes: 1400},
	{name: "vxlan_decap", count: 400, mix: mostly(map[string]int{"tunnel4": 200, "cut4": 30, "cuttunnel": 30}), sizes: 200},
	{name: "gue_decap", count: 300, mix: mostly(map[string]int{"gue4": 150, "cut4": 20}), sizes: 200},
	{name: "vlan_edge", count: 300, mix: mostly(map[string]int{"vlan": 60, "qinq": 20, "udp4": 40, "cutvlan": 10}), sizes: 200},
	{name: "icmp_echo", count: 700, mix: mostly(map[string]int{"icmp4": 60, "icmp6": 60, "cut4": 20, "cut6": 30, "icmpPart4": 20}), sizes: 200},
	{name: "dns_answer", count: 700, mix: mostly(map[string]int{"udp4": 150, "dns4": 80, "cut4": 10}), sizes: 200},
	{name: "xsk_steer", count: 200, mix: mostly(map[string]int{"udp4": 80, "cut4": 20}), sizes: 100},
	{name: "dns_cache", count: 400, mix: mostly(map[string]int{"udp4": 150}), sizes: 200},
	{name: "bloom_prefilter", count: 400, mix: mostly(map[string]int{"udp4": 200, "tcp4": 60}), sizes: 100},
	{name: "flood", count: 200, mix: everything, sizes: 100},
	{name: "cpu_steer", count: 300, mix: mostly(map[string]int{"udp6": 30, "tcp6": 30, "cut6": 30, "cut4": 30}), sizes: 100},
	{name: "meta_class", count: 200, mix: mostly(map[string]int{"udp4": 40, "tcp4": 40}), sizes: 100},
	{name: "print_first", count: 200, mix: everything, sizes: 100},
	{name: "frame_fit", count: 300, mix: mostly(map[string]int{"udp6": 30}), sizes: 400},
	{name: "nat64", count: 700, mix: mostly(map[string]int{"udp4": 60, "tcp4": 60, "udp6": 60, "tcp6": 60, "cut4": 20, "cut6": 20}), sizes: 200},
	{name: "policy_nested", count: 400, mix: mostly(map[string]int{"udp4": 120, "tcp4": 80, "icmp4": 10}), sizes: 100},
	{name: "rule_each", count: 400, mix: mostly(map[string]int{"udp4": 120, "tcp4": 80}), sizes: 100},
	{name: "option_loop", count: 300, mix: mostly(map[string]int{"options4": 80, "udp4": 40, "option4": 40, "large": 4}), sizes: 100},
	{name: "two_tables", count: 400, mix: mostly(map[string]int{"udp4": 80, "tcp6": 80, "cut4": 30, "cut6": 20}), sizes: 100},
	{name: "deep_parse", count: 700, mix: mostly(map[string]int{"tunnel4": 60, "extensions6": 40, "tcp4": 30, "qinq": 20, "mss4": 120, "gre4": 30, "cut4": 30, "liar4": 20, "liar6": 30, "deep6": 10, "cut6": 30, "cuttunnel": 100}), sizes: 200},
	{name: "token_bucket", count: 500, mix: mostly(map[string]int{"udp4": 150, "tcp4": 100}), sizes: 100},
	{name: "hrw_ipip", count: 400, mix: mostly(map[string]int{"udp4": 80, "tcp4": 80, "icmp4": 20, "large": 3, "cut4": 80, "options4": 40}), sizes: 200},
	{name: "prog_chain", count: 300, mix: mostly(map[string]int{"icmp4": 30, "large": 6, "llc": 10}), sizes: 300},
	{name: "arp_answer", count: 300, mix: mostly(map[string]int{"arp": 120, "arpOther": 20}), sizes: 100},
	{name: "syn_answer", count: 400, mix: mostly(map[string]int{"tcp4": 150, "flow4": 40, "cookie4": 30, "cut4": 10}), sizes: 100},
	{name: "icmp_expired", count: 300, mix: mostly(map[string]int{"expired4": 100, "udp4": 20, "cut4": 20}), sizes: 200},
	{name: "mss_clamp", count: 700, mix: mostly(map[string]int{"mss4": 200, "tcp4": 20, "liar4": 80, "cut4": 20}), sizes: 100},
	{name: "quic_route", count: 300, mix: mostly(map[string]int{"quic4": 150, "cut4": 10}), sizes: 100},
	{name: "len_hist", count: 300, mix: mostly(map[string]int{"udp4": 20, "large": 4, "cut4": 40}), sizes: 1400},
	{name: "dscp_remark", count: 300, mix: mostly(map[string]int{"udp4": 60, "udp6": 60, "cut6": 30, "same4": 20}), sizes: 100},
	{name: "gre_strip", count: 300, mix: mostly(map[string]int{"gre4": 150, "cut4": 20}), sizes: 200},
	{name: "amp_guard", count: 400, mix: mostly(map[string]int{"service4": 250, "cut4": 10}), sizes: 100},
	{name: "qinq_push", count: 300, mix: mostly(map[string]int{"qinq": 50, "vlan": 30, "cutvlan": 40}), sizes: 200},
	{name: "dual_count", count: 300, mix: mostly(map[string]int{"udp4": 40, "udp6": 40, "large": 3, "cut4": 20, "cut6": 20}), sizes: 300},
	{name: "top_ports", count: 400, mix: mostly(map[string]int{"udp4": 150, "tcp4": 60, "cut4": 10}), sizes: 60},
	{name: "dfa_match", count: 300, mix: mostly(map[string]int{"word4": 200, "udp4": 20}), sizes: 100},
	{name: "port_pool", count: 500, mix: mostly(map[string]int{"flow4": 300, "tcp4": 40}), sizes: 60},
	{name: "lease_bits", count: 300, mix: mostly(map[string]int{"udp4": 100}), sizes: 60},
	{name: "csum_verify", count: 700, mix: mostly(map[string]int{"udp4": 60, "tcp4": 60, "badsum4": 80, "large": 4, "cut4": 40}), sizes: 400},
	{name: "config_flip", count: 400, mix: mostly(map[string]int{"udp4": 60, "tcp4": 60}), sizes: 200},
	{name: "ldabs_filter", count: 300, mix: mostly(map[string]int{"udp4": 60, "tcp4": 60, "mcast4": 10, "cut4": 20}), sizes: 100},
	{name: "port_knock", count: 500, mix: mostly(map[string]int{"knock4": 400, "cut4": 10}), sizes: 60},
	{name: "rss_toeplitz", count: 200, mix: mostly(map[string]int{"tcp4": 40, "tcp6": 40, "cut4": 60, "cut6": 30}), sizes: 60},
	{name: "sip_bucket", count: 600, mix: mostly(map[string]int{"udp4": 100, "tcp4": 60}), sizes: 60},
	{name: "crc_ecmp", count: 300, mix: mostly(map[string]int{"udp4": 60, "tcp4": 60, "cut4": 80}), sizes: 60},
	{name: "flow_expire", count: 500, mix: mostly(map[string]int{"udp4": 60, "tcp4": 60, "arp": 2}), sizes: 60},
	{name: "lpm6_learn", count: 400, mix: mostly(map[string]int{"steady6": 300, "udp6": 20}), sizes: 60},
	{name: "key_gather", count: 400, mix: mostly(map[string]int{"udp4": 60, "tcp6": 40, "icmp4": 20, "knock4": 40, "same4": 60, "cut4": 20, "cut6": 30}), sizes: 60},
	{name: "label_stack", count: 300, mix: mostly(map[string]int{"mpls4": 200}), sizes: 60},
}
