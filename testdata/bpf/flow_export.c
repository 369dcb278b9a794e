// SPDX-License-Identifier: Apache-2.0
// Exports flows: counts packets and bytes of each, and sends a flow to the host
// through a ring buffer with its first packet and every second one. What
// finds no room in the ring buffer is counted.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct flow {
	__be32 saddr, daddr;
	__be16 sport, dport;
	__u32 proto;
};

struct export {
	struct flow flow;
	__u64 packets, bytes;
};

struct totals {
	__u64 packets, bytes;
};

/* Puts the type into the type information, for who reads the records. */
const struct export *unused __attribute__((unused));

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} exports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct flow);
	__type(value, struct totals);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} unsent SEC(".maps");

SEC("xdp")
int flow_export(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	__be16 *ports = (void *)(ip + 1);
	struct totals *t, first = { 1, end - data };
	struct export e = {};
	__u32 zero = 0;

	if ((void *)(ports + 2) > end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5)
		return XDP_PASS;
	if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
		return XDP_PASS;
	e.flow.saddr = ip->saddr;
	e.flow.daddr = ip->daddr;
	e.flow.sport = ports[0];
	e.flow.dport = ports[1];
	e.flow.proto = ip->protocol;
	e.packets = 1;
	e.bytes = first.bytes;
	t = bpf_map_lookup_elem(&flows, &e.flow);
	if (t) {
		e.packets = ++t->packets;
		e.bytes = t->bytes += first.bytes;
		if (e.packets % 2)
			return XDP_PASS;
	} else {
		bpf_map_update_elem(&flows, &e.flow, &first, BPF_ANY);
	}
	if (bpf_ringbuf_output(&exports, &e, sizeof(e), 0)) {
		__u64 *n = bpf_map_lookup_elem(&unsent, &zero);

		if (n)
			++*n;
	}
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
