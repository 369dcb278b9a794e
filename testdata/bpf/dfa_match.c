// SPDX-License-Identifier: Apache-2.0
// Looks for three words in the payload at once, by a state machine: its table in .rodata is
// read at an index of state and letter, the letters come to a buffer on the stack.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define WINDOW 48

// Letters fall into classes, of which words have: e, x, a, m, p, l, and all others.
enum { O, E, X, A, M, P, L, CLASSES = 8 };

// The states are what has been read of "exam", "ample" and "mail"-like "map"; those from
// FOUND on are ends.
enum { S0, S_E, S_EX, S_EXA, S_A, S_AM, S_AMP, S_AMPL, S_M, S_MA, EXAM, AMPLE, MAP, STATES, FOUND = EXAM };

const volatile __u8 next[16][CLASSES] = {
	/*          O   E     X     A      M     P      L      */
	[S0]     = {S0, S_E, S0, S_A, S_M, S0, S0},
	[S_E]    = {S0, S_E, S_EX, S_A, S_M, S0, S0},
	[S_EX]   = {S0, S_E, S0, S_EXA, S_M, S0, S0},
	[S_EXA]  = {S0, S_E, S0, S_A, EXAM, S0, S0},
	[S_A]    = {S0, S_E, S0, S_A, S_AM, S0, S0},
	[S_AM]   = {S0, S_E, S0, S_MA, S_M, S_AMP, S0},
	[S_AMP]  = {S0, S_E, S0, S_A, S_M, S0, S_AMPL},
	[S_AMPL] = {S0, AMPLE, S0, S_A, S_M, S0, S0},
	[S_M]    = {S0, S_E, S0, S_MA, S_M, S0, S0},
	[S_MA]   = {S0, S_E, S0, S_A, S_AM, MAP, S0},
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, STATES);
} found SEC(".maps");

// The class of a letter, by its last five bits: small ones and capitals are the same.
const volatile __u8 class[32] = {['e' & 31] = E, ['x' & 31] = X, ['a' & 31] = A, ['m' & 31] = M, ['p' & 31] = P, ['l' & 31] = L};

SEC("xdp")
int dfa_match(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	__u32 state = S0;
	__u64 off, len;
	__u8 text[WINDOW] = {};
	__u64 *n;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5)
		return XDP_PASS;
	if (ip->protocol != IPPROTO_UDP && ip->protocol != IPPROTO_TCP)
		return XDP_PASS;
	off = sizeof(*eth) + sizeof(*ip) + (ip->protocol == IPPROTO_UDP ? 8 : 20);
	len = end - data;
	if (len <= off)
		return XDP_PASS;
	len -= off + 1; // without the first, so that verifiers see that there is one
	asm volatile("" : "+r"(len));
	if (len > WINDOW - 1)
		len = WINDOW - 1;
	len++;
	if (bpf_xdp_load_bytes(ctx, off, text, len))
		return XDP_ABORTED;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < WINDOW && i < len; i++) {
		state = next[state & 15][class[text[i] & 31] & 7];
		if (state >= FOUND)
			break;
	}
	if (state < FOUND)
		return XDP_PASS;
	n = bpf_map_lookup_elem(&found, &state);
	if (!n)
		return XDP_ABORTED;
	__sync_fetch_and_add(n, 1);
	return state == MAP ? XDP_TX : XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
