// SPDX-License-Identifier: Apache-2.0
// Checks the checksums of TCP and UDP over IPv4 on the whole packet: a callback of bpf_loop
// takes it piece by piece into a buffer, the last piece with a length that is not known
// before.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define PIECE 64
#define MOST 1536

enum { RIGHT, WRONG, NONE, CUT, KINDS };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, KINDS);
} results SEC(".maps");

struct walk {
	struct xdp_md *ctx;
	__u32 off, left;
	__s64 sum;
};

static long piece(__u64 i, void *arg)
{
	struct walk *w = arg;
	__u8 buf[PIECE] = {};
	__u32 n = w->left;

	if (n == 0)
		return 1;
	if (n > PIECE)
		n = PIECE;
	if (bpf_xdp_load_bytes(w->ctx, w->off, buf, n))
		return 1;
	w->sum = bpf_csum_diff(0, 0, (__be32 *)buf, sizeof(buf), w->sum);
	w->off += n;
	w->left -= n;
	return 0;
}

SEC("xdp")
int csum_verify(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct walk w = {.ctx = ctx};
	__be32 pseudo[3];
	__u32 kind, len;
	__u64 *n;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5)
		return XDP_PASS;
	if ((ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP) || ip->frag_off & bpf_htons(0x3fff))
		return XDP_PASS;
	len = bpf_ntohs(ip->tot_len);
	if (len < sizeof(*ip) + 8)
		return XDP_DROP;
	len -= sizeof(*ip);
	if (ip->protocol == IPPROTO_UDP) {
		__be16 *udp = (void *)(ip + 1);

		if ((void *)(udp + 4) > end)
			return XDP_DROP;
		if (udp[3] == 0) {
			kind = NONE;
			goto count;
		}
	}
	pseudo[0] = ip->saddr;
	pseudo[1] = ip->daddr;
	pseudo[2] = bpf_htonl((__u32)ip->protocol << 16 | len);
	w.off = sizeof(*eth) + sizeof(*ip);
	w.left = len;
	w.sum = bpf_csum_diff(0, 0, pseudo, sizeof(pseudo), 0);
	bpf_loop(MOST / PIECE, piece, &w, 0);
	if (w.left) {
		kind = CUT;
	} else {
		__u64 sum = (w.sum & 0xffff) + (w.sum >> 16 & 0xffff);

		sum = (sum & 0xffff) + (sum >> 16);
		kind = sum == 0xffff ? RIGHT : WRONG;
	}
count:
	n = bpf_map_lookup_elem(&results, &kind);
	if (n)
		*n += 1;
	return kind == RIGHT || kind == NONE ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
