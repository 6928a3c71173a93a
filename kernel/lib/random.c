/*
 * random.c - random numbers (random.h).
 *
 * Idea: output n is scramble(n * odd constant ^ key0) ^ key1 scrambled again;
 *       the counter is stepped by one atomic addition, so there is no lock and
 *       no context in which it may not be called. Entropy stirs the keys.
 * Locks:  none.
 */
#include "kernel/lib/hash.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"

static u64 counter;					/* a */
/* a; digits of pi until seeded */
static u64 keys[2] = { 0x243f6a8885a308d3, 0x13198a2e03707344 };

/* splitmix64's finaliser: S. Vigna, prng.di.unimi.it. */
static u64 scramble(u64 x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

/* random.h */
void random_add_entropy(const void *data, size_t len)
{
	u64 h = hash_string(data, len);

	__atomic_fetch_add(&keys[0], scramble(h + keys[1]), __ATOMIC_RELAXED);
	__atomic_fetch_xor(&keys[1], scramble(h ^ keys[0]) * GOLDEN_RATIO_64, __ATOMIC_RELAXED);
}

/* random.h */
u64 get_random_u64(void)
{
	u64 n = __atomic_add_fetch(&counter, GOLDEN_RATIO_64, __ATOMIC_RELAXED);

	return scramble(scramble(n ^ READ_ONCE(keys[0])) + READ_ONCE(keys[1]));
}

/* random.h. The high half of a 64 x 64 product: even to within ceil / 2^64. */
u64 get_random_below(u64 ceil)
{
	return ((unsigned __int128)get_random_u64() * ceil) >> 64;
}

/* random.h */
void get_random_bytes(void *buf, size_t len)
{
	char *p = buf;

	while (len) {
		u64 v = get_random_u64();
		size_t n = MIN(len, sizeof(v));

		memcpy(p, &v, n);
		p += n;
		len -= n;
	}
}

/* random.h */
u64 prandom_u64_state(struct rnd_state *r)
{
	return scramble(r->s += GOLDEN_RATIO_64);
}
