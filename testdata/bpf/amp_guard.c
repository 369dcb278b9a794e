// SPDX-License-Identifier: Apache-2.0
// Stops UDP amplification: answers of NTP, DNS, memcached and SSDP that are large and that
// nobody has asked for. Requests open a door for their answer.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct door {
	__be32 inside, outside;
	__be16 port, service;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, struct door);
	__type(value, __u32); // answers that may come
	__uint(max_entries, 512);
} doors SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u16);
	__type(value, __u64);
	__uint(max_entries, 8);
} stopped SEC(".maps");

static __always_inline int amplifies(__be16 port)
{
	switch (bpf_ntohs(port)) {
	case 53:
	case 123:
	case 1900:
	case 7777:
	case 11211:
		return 1;
	}
	return 0;
}

SEC("xdp")
int amp_guard(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(ip + 1);
	struct door d;
	__u32 answers = 2, *left;
	__u64 one = 1, *n;
	__u16 service;

	if ((void *)(udp + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if (ip->ihl != 5 || ip->protocol != IPPROTO_UDP)
		return XDP_PASS;
	if (amplifies(udp->dest)) {
		d = (struct door){ip->saddr, ip->daddr, udp->source, udp->dest};
		bpf_map_update_elem(&doors, &d, &answers, BPF_ANY);
		return XDP_PASS;
	}
	if (!amplifies(udp->source) || bpf_ntohs(udp->len) < 24)
		return XDP_PASS;
	d = (struct door){ip->daddr, ip->saddr, udp->dest, udp->source};
	left = bpf_map_lookup_elem(&doors, &d);
	if (left) {
		if (--*left == 0)
			bpf_map_delete_elem(&doors, &d);
		return XDP_PASS;
	}
	service = bpf_ntohs(udp->source);
	n = bpf_map_lookup_elem(&stopped, &service);
	if (n)
		__sync_fetch_and_add(n, 1);
	else
		bpf_map_update_elem(&stopped, &service, &one, BPF_NOEXIST);
	return XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
