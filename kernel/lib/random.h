/*
 * random.h - numbers for ASLR, AT_RANDOM, getrandom(2) and the tests' failure injection.
 *
 * Idea: a counter stepped atomically and scrambled with two secret keys
 *       (splitmix64's finaliser, twice), so it needs no lock and works in
 *       every context. Good enough to scatter addresses; it is no cryptography.
 * Locks:  none.
 */
#pragma once

#include "kernel/lib/types.h"

void random_add_entropy(const void *data, size_t len);	/* any context; kernel/x86: rdrand, tsc */
u64 get_random_u64(void);
static inline unsigned long get_random_long(void) { return get_random_u64(); }
static inline u32 get_random_u32(void) { return get_random_u64() >> 32; }
/* Even over [0, @ceil); 0 if @ceil is 0. */
u64 get_random_below(u64 ceil);
void get_random_bytes(void *buf, size_t len);

/* A stream of its own from a seed: repeatable, for failure injection and tests. */
struct rnd_state { u64 s; };
static inline void prandom_seed_state(struct rnd_state *r, u64 seed) { r->s = seed; }
u64 prandom_u64_state(struct rnd_state *r);
