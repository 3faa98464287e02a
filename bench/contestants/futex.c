// futex WARMUP_MS MS: two threads that wake each other in turn; prints each round trip in microseconds.
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static atomic_int turn;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static void give(int to) {
  atomic_store(&turn, to);
  syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void await(int mine) {
  int seen;
  while ((seen = atomic_load(&turn)) != mine) syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}

static void *other(void *nothing) {
  for (;;) {
    await(1);
    give(0);
  }
  return nothing;
}

static void trips(double ms, int print) {
  for (double end = now() + ms * 1e3, from; (from = now()) < end;) {
    give(1);
    await(0);
    if (print) printf("%.2f\n", now() - from);
  }
}

int main(int count, char **arguments) {
  pthread_t thread;
  if (count != 3 || pthread_create(&thread, NULL, other, NULL) != 0) return 1;
  trips(atof(arguments[1]), 0);
  trips(atof(arguments[2]), 1);
  return 0;
}
