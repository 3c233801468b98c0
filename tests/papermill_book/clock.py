"""Run programs under another date, as on a machine whose clock is wrong, or in years to come."""

from __future__ import annotations

import datetime
import shutil
import subprocess
import sys
import time
from pathlib import Path

#: What is laid between a program and the C library. Only the wall clock moves: what waits, or measures how
#: long something took, uses the other one, or tells the library a deadline, which is put back.
_SHIFTED = """\
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>
#include <sys/time.h>
#include <time.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int clock_gettime(clockid_t clock, struct timespec *now) {
  int status = NEXT(clock_gettime)(clock, now);
  if (!status && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += SHIFT;
  return status;
}
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  struct timespec fine;
  clock_gettime(CLOCK_REALTIME, &fine);
  now->tv_sec = fine.tv_sec;
  now->tv_usec = fine.tv_nsec / 1000;
  return 0;
}
time_t time(time_t *now) {
  struct timespec fine;
  clock_gettime(CLOCK_REALTIME, &fine);
  if (now) *now = fine.tv_sec;
  return fine.tv_sec;
}
int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict deadline) {
  struct timespec real = {deadline->tv_sec - SHIFT, deadline->tv_nsec};
  return NEXT(sem_timedwait)(semaphore, &real);
}
int pthread_mutex_timedlock(pthread_mutex_t *restrict mutex, const struct timespec *restrict deadline) {
  struct timespec real = {deadline->tv_sec - SHIFT, deadline->tv_nsec};
  return NEXT(pthread_mutex_timedlock)(mutex, &real);
}
"""


def environment_at(date: datetime.datetime, folder: Path) -> dict[str, str]:
    """Give the environment variables with which programs take it to be `date` now.

    Parameters
    ----------
    date : datetime.datetime
        With its time zone.
    folder : Path
        Where to put what is compiled.

    Returns
    -------
    dict of str to str
        Empty where the clock cannot be moved: that takes Linux and a C compiler.
    """
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        return {}
    source, library = folder / "clock.c", folder / "clock.so"
    source.write_text(_SHIFTED, encoding="ascii")
    shift = int(date.timestamp() - time.time())
    words = ["-shared", "-fPIC", f"-DSHIFT={shift}L", "-o", str(library), str(source), "-ldl"]
    subprocess.run([compiler, *words], check=True)
    return {"LD_PRELOAD": str(library)}
