// SPDX-License-Identifier: Apache-2.0
// Forgets flows that have been idle: what ARP sends is a clock that ticks; each tick goes
// through all flows in a callback, which ages them and deletes the old ones, and counts what
// is left in a variable of its caller.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define IDLE 3

struct flow {
	__be32 saddr, daddr;
};

struct state {
	__u32 packets;
	__u8 age, pad[3];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct flow);
	__type(value, struct state);
	__uint(max_entries, 48);
} flows SEC(".maps");

struct sum {
	__u32 left, gone, packets;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct sum);
	__uint(max_entries, 1);
} sums SEC(".maps");

static long age(void *map, const void *key, void *value, void *arg)
{
	struct state *s = value;
	struct sum *sum = arg;

	if (++s->age > IDLE) {
		sum->gone++;
		sum->packets += s->packets;
		bpf_map_delete_elem(&flows, key);
		return 0;
	}
	sum->left++;
	return 0;
}

SEC("xdp")
int flow_expire(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct state *s, fresh = {.packets = 1};
	struct sum sum = {}, *all;
	struct flow f;
	__u32 zero = 0;

	if ((void *)(eth + 1) > end)
		return XDP_DROP;
	if (eth->h_proto == bpf_htons(ETH_P_ARP)) {
		if (bpf_for_each_map_elem(&flows, age, &sum, 0) < 0)
			return XDP_ABORTED;
		all = bpf_map_lookup_elem(&sums, &zero);
		if (!all)
			return XDP_ABORTED;
		all->left = sum.left;
		all->gone += sum.gone;
		all->packets += sum.packets;
		return sum.gone ? XDP_TX : XDP_PASS;
	}
	if (eth->h_proto != bpf_htons(ETH_P_IP) || (void *)(ip + 1) > end)
		return XDP_PASS;
	f.saddr = ip->saddr & bpf_htonl(0xff00003f);
	f.daddr = ip->daddr & bpf_htonl(0xff00003f);
	s = bpf_map_lookup_elem(&flows, &f);
	if (s) {
		s->packets++;
		s->age = 0;
		return XDP_PASS;
	}
	if (bpf_map_update_elem(&flows, &f, &fresh, BPF_NOEXIST))
		return XDP_DROP; // the table is full
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
