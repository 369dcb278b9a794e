// SPDX-License-Identifier: Apache-2.0
// Keeps attackers out: a source of IPv4 that has sent more small UDP packets than
// is usual goes onto the blacklist, and all that it sends is dropped.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

const volatile __u32 allowed = 4; // small packets of a source

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} blacklist SEC(".maps"); // source to packets dropped

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u32);
} seen SEC(".maps");

SEC("xdp")
int ddos_blacklist(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	__u32 source, one = 1, *count;
	__u64 *dropped, none = 0;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	source = ip->saddr;
	dropped = bpf_map_lookup_elem(&blacklist, &source);
	if (dropped) {
		__sync_fetch_and_add(dropped, 1);
		return XDP_DROP;
	}
	if (ip->protocol != IPPROTO_UDP || bpf_ntohs(ip->tot_len) > 64)
		return XDP_PASS;
	count = bpf_map_lookup_elem(&seen, &source);
	if (!count) {
		bpf_map_update_elem(&seen, &source, &one, BPF_ANY);
		return XDP_PASS;
	}
	if (*count < allowed) {
		*count += 1;
		return XDP_PASS;
	}
	bpf_map_update_elem(&blacklist, &source, &none, BPF_NOEXIST);
	bpf_map_delete_elem(&seen, &source);
	return XDP_DROP;
}

char _license[] SEC("license") = "Apache-2.0";
