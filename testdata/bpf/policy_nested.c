// SPDX-License-Identifier: Apache-2.0
// A policy in two levels: the protocol chooses a table of rules, which hosts may
// exchange while packets come in, and the port a rule in it. Tables fill themselves.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct rule {
	__u32 verdict, hits;
	__u64 bytes;
};

struct table {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u16);
	__type(value, struct rule);
	__uint(max_entries, 32);
} tcp SEC(".maps"), udp SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__type(key, __u32);
	__uint(max_entries, 4);
	__array(values, struct table);
} policy SEC(".maps") = {
	.values = { [0] = &tcp, [1] = &udp },
};

struct counters {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 4);
} low SEC(".maps"), high SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__type(key, __u32);
	__uint(max_entries, 8);
	__array(values, struct counters);
} classes SEC(".maps") = {
	.values = { [0] = &low, [1] = &high },
};

SEC("xdp")
int policy_nested(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	__be16 *ports = (void *)(ip + 1);
	__u32 which, class;
	struct rule *r;
	__u64 *count;
	void *table;
	__u16 port;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	which = ip->protocol == IPPROTO_TCP ? 0 : ip->protocol == IPPROTO_UDP ? 1 : ip->protocol;
	table = bpf_map_lookup_elem(&policy, &which);
	if (!table)
		return XDP_TX;
	if (ip->ihl != 5 || (void *)(ports + 2) > end)
		return XDP_DROP;
	port = bpf_ntohs(ports[1]);
	class = port >> 14;
	count = bpf_map_lookup_elem(&classes, &class);
	if (count) {
		count = bpf_map_lookup_elem((void *)count, &which);
		if (count)
			__sync_fetch_and_add(count, 1);
	}
	r = bpf_map_lookup_elem(table, &port);
	if (!r) {
		struct rule fresh = { .verdict = port & 1 ? XDP_PASS : XDP_DROP, .hits = 1 };

		return bpf_map_update_elem(table, &port, &fresh, BPF_NOEXIST) ? XDP_ABORTED : XDP_PASS;
	}
	if (++r->hits > 6 && r->verdict == XDP_DROP)
		bpf_map_delete_elem(table, &port);
	r->bytes += end - data;
	return r->verdict;
}

char _license[] SEC("license") = "Dual BSD/GPL";
