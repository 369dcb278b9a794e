// SPDX-License-Identifier: Apache-2.0
// Reads the server name out of TLS client hellos by slices of a dynptr, which need no
// comparison with the packet's end, and drops those of the names that are blocked.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define NAME 32
#define EXTENSIONS 8
#define HELLO 43 // bytes from the record's header to the session's length

extern int bpf_dynptr_from_xdp(struct xdp_md *ctx, __u64 flags, struct bpf_dynptr *ptr) __ksym;
extern void *bpf_dynptr_slice(const struct bpf_dynptr *ptr, __u32 offset, void *buffer, __u32 size) __ksym;

struct name {
	char s[NAME]; // the last bytes of longer names
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct name);
	__type(value, __u64);
} names SEC(".maps");

enum { NO_HELLO, CUT, NO_NAME, KINDS };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, KINDS);
	__type(key, __u32);
	__type(value, __u64);
} others SEC(".maps");

const volatile __u64 often = 10; // hellos of a name that pass

static __always_inline int other(__u32 kind)
{
	__u64 *n = bpf_map_lookup_elem(&others, &kind);

	if (n)
		++*n;
	return XDP_PASS;
}

// read16 and read8 return a number of the packet, below 0 beyond its end.
static __always_inline int read16(const struct bpf_dynptr *p, __u32 off)
{
	__u8 buffer[2], *b = bpf_dynptr_slice(p, off, buffer, sizeof(buffer));

	return b ? b[0] << 8 | b[1] : -1;
}

static __always_inline int read8(const struct bpf_dynptr *p, __u32 off)
{
	__u8 buffer, *b = bpf_dynptr_slice(p, off, &buffer, sizeof(buffer));

	return b ? *b : -1;
}

// server notes a name of n bytes.
static __always_inline int server(const struct bpf_dynptr *p, __u32 off, __u32 n)
{
	struct name name = {}, buffer, *s;
	__u64 one = 1, *seen;

	if (n >= NAME) {
		s = bpf_dynptr_slice(p, off + n - NAME, &buffer, NAME);
		if (!s)
			return other(CUT);
		name = *s;
	} else {
#pragma clang loop unroll(disable)
		for (__u32 k = 0; k < n; k++) {
			int c = read8(p, off + k);

			if (c < 0)
				return other(CUT);
			name.s[k] = c;
		}
	}
	seen = bpf_map_lookup_elem(&names, &name);
	if (!seen) {
		bpf_map_update_elem(&names, &name, &one, BPF_NOEXIST);
		return XDP_PASS;
	}
	*seen += 1;
	return *seen > often ? XDP_DROP : XDP_PASS;
}

SEC("xdp")
int sni_slices(struct xdp_md *ctx)
{
	struct {
		struct ethhdr eth;
		struct iphdr ip;
		struct tcphdr tcp;
	} __attribute__((packed)) buffer, *h;
	struct bpf_dynptr packet;
	__u32 off;
	int n;

	if (bpf_dynptr_from_xdp(ctx, 0, &packet))
		return XDP_ABORTED;
	h = bpf_dynptr_slice(&packet, 0, &buffer, sizeof(buffer));
	if (!h || h->eth.h_proto != bpf_htons(ETH_P_IP) || h->ip.ihl != 5)
		return XDP_PASS;
	if (h->ip.protocol != IPPROTO_TCP || h->tcp.dest != bpf_htons(443))
		return XDP_PASS;
	off = sizeof(h->eth) + sizeof(h->ip) + h->tcp.doff * 4;
	if (read8(&packet, off) != 22 || read8(&packet, off + 5) != 1)
		return other(NO_HELLO);
	off += HELLO;
	n = read8(&packet, off);
	if (n < 0)
		return other(CUT);
	off += 1 + n; // session
	n = read16(&packet, off);
	if (n < 0)
		return other(CUT);
	off += 2 + n; // ciphers
	n = read8(&packet, off);
	if (n < 0)
		return other(CUT);
	off += 1 + n + 2; // compressions, length of the extensions
#pragma clang loop unroll(disable)
	for (int k = 0; k < EXTENSIONS; k++) {
		int type = read16(&packet, off), size = read16(&packet, off + 2);

		if (size < 0)
			return other(CUT);
		if (!type) {
			n = read16(&packet, off + 7);
			return n > 0 ? server(&packet, off + 9, n) : other(CUT);
		}
		off += 4 + size;
	}
	return other(NO_NAME);
}

char _license[] SEC("license") = "Dual BSD/GPL";
