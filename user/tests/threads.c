/*
 * threads - pthreads of musl: creation, mutexes, condition variables, TLS, exit of one and of all.
 */
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { THREADS = 8, TURNS = 5000 };
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static long counter, arrived;
static __thread long mine;

static void *worker(void *arg)
{
	for (int i = 0; i < TURNS; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		pthread_mutex_unlock(&mutex);
		mine++;
	}
	pthread_mutex_lock(&mutex);
	arrived++;
	pthread_cond_signal(&cond);
	pthread_mutex_unlock(&mutex);
	return (void *)mine;
}

/* Faults on the same fresh pages from all threads at once. */
static char *shared;
static void *toucher(void *arg)
{
	for (size_t i = 0; i < 256; i++)
		__atomic_fetch_add(shared + i * 4096, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void *sleeper(void *arg)
{
	for (;;)
		pause();
	return NULL;
}

static void counting(void)
{
	pthread_t threads[THREADS];
	void *result;

	for (long i = 0; i < THREADS; i++)
		CHECK(pthread_create(&threads[i], NULL, worker, NULL) == 0);
	pthread_mutex_lock(&mutex);
	while (arrived < THREADS)
		pthread_cond_wait(&cond, &mutex);
	pthread_mutex_unlock(&mutex);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &result);
		CHECK((long)result == TURNS);
	}
	CHECK(counter == THREADS * TURNS);
}

static void faulting(void)
{
	pthread_t threads[THREADS];

	for (int round = 0; round < 5; round++) {
		int right = 1;

		shared = mmap(NULL, 256 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			      -1, 0);
		for (int i = 0; i < THREADS; i++)
			pthread_create(&threads[i], NULL, toucher, NULL);
		for (int i = 0; i < THREADS; i++)
			pthread_join(threads[i], NULL);
		for (size_t i = 0; i < 256; i++)
			right &= shared[i * 4096] == THREADS;
		CHECK(right);
		munmap(shared, 256 * 4096);
	}
}

static void group_exit(void)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		pthread_t t;

		for (int i = 0; i < 4; i++)
			pthread_create(&t, NULL, sleeper, NULL);
		_exit(7);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 7);
	pid = fork();
	if (!pid) {
		pthread_t t;

		for (int i = 0; i < 4; i++)
			pthread_create(&t, NULL, sleeper, NULL);
		execl("/bin/true", "true", (char *)NULL);
		_exit(1);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

int main(void)
{
	counting();
	faulting();
	group_exit();
	return finish("threads");
}
