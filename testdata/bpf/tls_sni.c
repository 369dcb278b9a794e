// SPDX-License-Identifier: Apache-2.0
// Reads the server name out of TLS client hellos, in small letters into an array
// on the stack, counts the hellos by name, and drops those of a name that comes
// too often.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define NAME 64
#define EXTENSIONS 8
#define OFTEN 12

struct name {
	char s[NAME];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct name);
	__type(value, __u64);
	__uint(max_entries, 64);
} names SEC(".maps");

// walk is where the parser is in a packet.
struct walk {
	__u8 *p, *end;
};

static __always_inline int read8(struct walk *w, __u32 *v)
{
	if (w->p + 1 > w->end)
		return -1;
	*v = *w->p++;
	return 0;
}

static __always_inline int read16(struct walk *w, __u32 *v)
{
	if (w->p + 2 > w->end)
		return -1;
	*v = w->p[0] << 8 | w->p[1];
	w->p += 2;
	return 0;
}

// hello leads to the extensions of a client hello.
static __always_inline int hello(struct walk *w)
{
	__u32 n;

	if (w->p + 44 > w->end || w->p[0] != 22 || w->p[5] != 1)
		return -1;
	w->p += 43;
	if (read8(w, &n))
		return -1;
	w->p += n;
	if (read16(w, &n))
		return -1;
	w->p += n & 0x3ff;
	if (read8(w, &n))
		return -1;
	w->p += n;
	return read16(w, &n);
}

static __always_inline void copy_name(struct walk *w, struct name *to, __u32 n)
{
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < NAME - 1; i++) {
		__u8 c;

		if (i >= n || w->p + i + 1 > w->end)
			break;
		c = w->p[i];
		if (c >= 'A' && c <= 'Z')
			c += 'a' - 'A';
		to->s[i] = c;
	}
}

SEC("xdp")
int tls_sni(struct xdp_md *ctx)
{
	struct walk w = {(void *)(long)ctx->data, (void *)(long)ctx->data_end};
	struct ethhdr *eth = (void *)w.p;
	struct iphdr *ip = (void *)(eth + 1);
	struct tcphdr *tcp = (void *)(ip + 1);
	struct name name = {};
	__u64 one = 1, *seen;

	if ((void *)(tcp + 1) > (void *)w.end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5)
		return XDP_PASS;
	if (ip->protocol != IPPROTO_TCP || tcp->dest != bpf_htons(443))
		return XDP_PASS;
	w.p = (void *)tcp + (tcp->doff << 2);
	if (hello(&w))
		return XDP_PASS;
#pragma clang loop unroll(disable)
	for (int k = 0; k < EXTENSIONS; k++) {
		__u32 type, n, kind;

		if (read16(&w, &type) || read16(&w, &n))
			return XDP_PASS;
		if (type) {
			w.p += n & 0x3ff;
			continue;
		}
		if (read16(&w, &n) || read8(&w, &kind) || read16(&w, &n) || kind)
			return XDP_ABORTED;
		copy_name(&w, &name, n);
		seen = bpf_map_lookup_elem(&names, &name);
		if (!seen) {
			bpf_map_update_elem(&names, &name, &one, BPF_NOEXIST);
			return XDP_PASS;
		}
		*seen += 1;
		return *seen > OFTEN ? XDP_DROP : XDP_PASS;
	}
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
