// SPDX-License-Identifier: Apache-2.0
// Keeps the four destination ports with the most packets in order: a small array is copied
// to the stack, changed at an index that is not known before, sorted, and written back.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define PLACES 4

struct top {
	__u32 ports[PLACES], packets[PLACES];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct top);
	__uint(max_entries, 1);
} top SEC(".maps");

SEC("xdp")
int top_ports(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	__be16 *ports = (void *)(ip + 1);
	struct top work, *t;
	__u32 zero = 0, port, at = PLACES - 1;

	if ((void *)(ports + 2) > end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5)
		return XDP_PASS;
	if (ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP)
		return XDP_PASS;
	port = bpf_ntohs(ports[1]);
	t = bpf_map_lookup_elem(&top, &zero);
	if (!t)
		return XDP_ABORTED;
	work = *t;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < PLACES; i++) {
		if (work.ports[i] == port) {
			at = i;
			break;
		}
	}
	at &= PLACES - 1;
	if (work.ports[at] != port) {
		// The last place goes to the newcomer when its count has run down.
		if (work.packets[at] > 1) {
			work.packets[at]--;
			goto write;
		}
		work.ports[at] = port;
		work.packets[at] = 0;
	}
	work.packets[at]++;
#pragma clang loop unroll(disable)
	for (__u32 i = at; i > 0 && i < PLACES; i--) {
		__u32 p = work.ports[i - 1], n = work.packets[i - 1];

		if (n >= work.packets[i])
			break;
		work.ports[i - 1] = work.ports[i];
		work.packets[i - 1] = work.packets[i];
		work.ports[i] = p;
		work.packets[i] = n;
	}
write:
	*t = work;
	return work.ports[0] == port ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
