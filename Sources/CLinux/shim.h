#pragma once
#include <malloc.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/types.h>

// prctl is variadic, which Swift cannot call.
static inline int sandmill_name_this_thread(const char *name) {
    return prctl(PR_SET_NAME, name, 0, 0, 0);
}

// glibc declares these three under _GNU_SOURCE only, which Swift's Glibc module is built without.
int syncfs(int descriptor);
int fallocate(int descriptor, int mode, off_t offset, off_t length);
int memfd_create(const char *name, unsigned int flags);
