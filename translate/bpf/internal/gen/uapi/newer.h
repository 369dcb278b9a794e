/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What later kernels have added to the lists of bpf.h and errno.h. An entry
 * that bpf.h already has must have the same value there.
 */

enum bpf_func_id {
	BPF_FUNC_cgrp_storage_get = 210,	/* 6.2, the last: the list is frozen */
	BPF_FUNC_cgrp_storage_delete = 211,
};

enum bpf_map_type {
	BPF_MAP_TYPE_CGRP_STORAGE = 32,		/* 6.2 */
	BPF_MAP_TYPE_ARENA = 33,		/* 6.9 */
	BPF_MAP_TYPE_INSN_ARRAY = 34,		/* 6.19 */
};

enum bpf_prog_type {
	BPF_PROG_TYPE_NETFILTER = 32,		/* 6.4 */
};

enum bpf_attach_type {
	BPF_STRUCT_OPS = 44,			/* 6.3 */
	BPF_NETFILTER = 45,			/* 6.4 */
	BPF_TCX_INGRESS = 46,			/* 6.6 */
	BPF_TCX_EGRESS = 47,
	BPF_TRACE_UPROBE_MULTI = 48,
	BPF_CGROUP_UNIX_CONNECT = 49,		/* 6.7 */
	BPF_CGROUP_UNIX_SENDMSG = 50,
	BPF_CGROUP_UNIX_RECVMSG = 51,
	BPF_CGROUP_UNIX_GETPEERNAME = 52,
	BPF_CGROUP_UNIX_GETSOCKNAME = 53,
	BPF_NETKIT_PRIMARY = 54,
	BPF_NETKIT_PEER = 55,
	BPF_TRACE_KPROBE_SESSION = 56,		/* 6.10 */
	BPF_TRACE_UPROBE_SESSION = 57,		/* 6.13 */
};

/* Flags of BPF_PROG_LOAD. */
#define BPF_F_XDP_DEV_BOUND_ONLY	(1U << 6)	/* 6.3 */

/* Flags of bpf_skb_adjust_room. */
enum {
	BPF_F_ADJ_ROOM_DECAP_L3_IPV4	= (1ULL << 7),	/* 6.3 */
	BPF_F_ADJ_ROOM_DECAP_L3_IPV6	= (1ULL << 8),
};

/* Flags of bpf_skb_set_tunnel_key. */
enum {
	BPF_F_NO_TUNNEL_KEY		= (1ULL << 4),	/* 6.2 */
};

/* Flags of bpf_fib_lookup. */
enum {
	BPF_FIB_LOOKUP_MARK		= (1U << 5),	/* 6.10 */
};

/* A load with sign extension, and a jump that the kernel's budget ends. */
#define BPF_MEMSX	0x80	/* 6.6 */
#define BPF_JCOND	0xe0	/* 6.9 */
#define BPF_LOAD_ACQ	0x100	/* 6.15 */
#define BPF_STORE_REL	0x110

/* Of the kernel itself, in include/linux/errno.h; helpers return it all the same. */
#define ENOTSUPP	524
