#pragma once
#include <poll.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

// System calls that Swift cannot make: variadic functions, macros, calls without a glibc wrapper
// and calls that pass structures of pointers. Each returns -1 and sets errno as the call does.

// openat2(2) with RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS.
int sandbox_open_beneath(int directory, const char *path, int flags, unsigned mode);

// getdents64(2): raw records, whose names are the bytes a hostile program chose.
ssize_t sandbox_read_directory(int directory, void *buffer, size_t capacity);

// pipe2(2) and ppoll(2), which glibc declares for _GNU_SOURCE alone; the time in nanoseconds.
int sandbox_open_pipe(int ends[2]);
int sandbox_poll(struct pollfd *descriptors, nfds_t count, uint64_t nanoseconds);

// open(2) with O_TMPFILE: a file without a name.
int sandbox_open_unnamed(int directory);

// One message with at most four descriptors (SCM_RIGHTS); never blocks.
int sandbox_send_descriptors(
    int socket, const void *message, size_t length, const int descriptors[], int count);

// How many bytes the other end of a socket has not received yet (SIOCOUTQ), in the kernel's count.
int sandbox_count_unreceived(int socket);

// Sends SIGKILL to every process whose user is `uid`, all at once: kill(2) holds the lock that
// fork(2) needs, so nothing escapes. Says nothing of whether there was any.
int sandbox_kill_user(uid_t uid);

// The signal that tells a warm interpreter to write out what it holds back: none that has a name.
enum { SANDBOX_WARNING = 62 };

// Sends it to a child whose user is `uid`.
int sandbox_warn(pid_t pid, uid_t uid);

// Sets the soft limit of the stack, to the hard one if that is lower.
int sandbox_limit_stack(rlim_t bytes);

// Fails unless this process still has the scheduling it started with.
int sandbox_check_scheduling(void);

// Makes this process safe from the programs it supervises: no core dump, no tracing, no new
// privileges for whatever it starts.
int sandbox_protect_self(void);

// A signalfd(2) for SIGCHLD, which is then blocked in this process.
int sandbox_open_child_signal(void);

// A ruleset of landlock(7) that denies to open files for writing, but for those below directories
// that are added; fails with ENOSYS, EOPNOTSUPP or EINVAL where the kernel has none.
int sandbox_create_write_rules(void);
int sandbox_allow_writing(int rules, int directory);

// Starts a program with an empty signal mask, descriptors[i] as its descriptor i, and `rules` imposed
// on it unless they are -1. To be called while this process has one thread.
pid_t sandbox_spawn(
    char *const arguments[],
    char *const environment[],
    const int descriptors[],
    int count,
    int rules);

// landlock_restrict_self(2); does nothing for -1.
int sandbox_impose(int rules);

// Forks the launcher: a process that forks whenever `control` asks it to, and whose forks execute
// in `directory` what they receive on `requests`, with `rules` imposed on them unless they are -1. It
// speaks as warm.py does. To be called while this process has one thread.
pid_t sandbox_start_launcher(int control, int requests, const char *directory, int rules);

// The macros of wait(2).
int sandbox_status_signal(int status);
int sandbox_status_code(int status);
