// SPDX-License-Identifier: Apache-2.0
// Copies the beginning of HTTP requests to the stack, as much as there is, finds
// method and path there, and counts by both; requests without a path are dropped.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define LINE 128

struct request {
	__u32 method; // the first four bytes
	__u32 path;   // hash
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct request);
	__type(value, __u64);
	__uint(max_entries, 128);
} requests SEC(".maps");

// scan is the line and what stands between its first two spaces, hashed.
struct scan {
	char line[LINE];
	__u32 hash, spaces;
};

static long step(__u64 i, void *ctx)
{
	struct scan *s = ctx;

	if (i >= LINE)
		return 1;
	if (s->line[i] == ' ')
		s->spaces++;
	else if (s->spaces == 1)
		s->hash = (s->hash ^ s->line[i]) * 0x01000193;
	return s->spaces > 1;
}

SEC("xdp")
int http_host(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct tcphdr *tcp = (void *)(ip + 1);
	struct request r = {};
	struct scan s = {.hash = 0x811c9dc5};
	__u64 one = 1, *count;
	__u32 at, n;

	if ((void *)(tcp + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5)
		return XDP_PASS;
	if (ip->protocol != IPPROTO_TCP || tcp->dest != bpf_htons(80))
		return XDP_PASS;
	at = sizeof(*eth) + sizeof(*ip) + (tcp->doff << 2);
	n = end - data;
	if (n <= at)
		return XDP_PASS;
	n -= at;
	if (n > LINE)
		n = LINE;
	n = ((n - 1) & (LINE - 1)) + 1; // as verifiers want it
	if (bpf_xdp_load_bytes(ctx, at, s.line, n))
		return XDP_ABORTED;
	bpf_loop(n, step, &s, 0);
	if (s.spaces < 2)
		return XDP_DROP;
	__builtin_memcpy(&r.method, s.line, sizeof(r.method));
	r.path = s.hash;
	count = bpf_map_lookup_elem(&requests, &r);
	if (count)
		*count += 1;
	else
		bpf_map_update_elem(&requests, &r, &one, BPF_ANY);
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
