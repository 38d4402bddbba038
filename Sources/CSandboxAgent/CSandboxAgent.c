#define _GNU_SOURCE
#include "CSandboxAgent.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/openat2.h>
#include <linux/sockios.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int sandbox_open_beneath(int directory, const char *path, int flags, unsigned mode) {
    struct open_how how = {
        .flags = (unsigned)flags,
        .mode = mode,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

ssize_t sandbox_read_directory(int directory, void *buffer, size_t capacity) {
    return getdents64(directory, buffer, capacity);
}

int sandbox_open_pipe(int ends[2]) {
    return pipe2(ends, O_CLOEXEC);
}

int sandbox_poll(struct pollfd *descriptors, nfds_t count, uint64_t nanoseconds) {
    const uint64_t second = 1000000000;
    struct timespec timeout = {
        .tv_sec = (time_t)(nanoseconds / second), .tv_nsec = (long)(nanoseconds % second)};
    return ppoll(descriptors, count, &timeout, NULL);
}

int sandbox_open_unnamed(int directory) {
    return openat(directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

int sandbox_send_descriptors(
    int socket, const void *message, size_t length, const int descriptors[], int count) {
    union {
        char bytes[CMSG_SPACE(4 * sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    const size_t size = (size_t)count * sizeof(int);
    if (size > 4 * sizeof(int)) abort();
    struct iovec content = {.iov_base = (void *)message, .iov_len = length};
    struct msghdr header = {
        .msg_iov = &content,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = CMSG_SPACE(size),
    };
    struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(size);
    memcpy(CMSG_DATA(rights), descriptors, size);
    return sendmsg(socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -1 : 0;
}

int sandbox_count_unreceived(int socket) {
    int count = 0;
    return ioctl(socket, SIOCOUTQ, &count) < 0 ? -1 : count;
}

int sandbox_kill_user(uid_t uid) {
    // As this effective user kill(2) reaches that user's processes and nobody else's. The real
    // user is one that runs nothing, and the saved one stays root, so that no process of `uid` may
    // signal or trace this one meanwhile. No child does this: a fork bomb leaves room for none.
    const uid_t nobody = 65534;
    if (setresuid(nobody, uid, 0) != 0) return -1;
    kill(-1, SIGKILL);
    if (setresuid(0, 0, 0) != 0) abort();
    return 0;
}

int sandbox_warn(pid_t pid, uid_t uid) {
    // As in sandbox_kill_user, for want of CAP_KILL. The process is not reaped yet, so it is the one.
    const uid_t nobody = 65534;
    if (setresuid(nobody, uid, 0) != 0) return -1;
    kill(pid, SANDBOX_WARNING);
    if (setresuid(0, 0, 0) != 0) abort();
    return 0;
}

int sandbox_limit_stack(rlim_t bytes) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_STACK, &limit) != 0) return -1;
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    return setrlimit(RLIMIT_STACK, &limit);
}

int sandbox_check_scheduling(void) {
    // During sandbox_kill_user a process of that user may change these (sched_setscheduler(2)).
    errno = EPERM;
    if (sched_getscheduler(0) != SCHED_OTHER) return -1;
    if (getpriority(PRIO_PROCESS, 0) != 0) return -1;
    return 0;
}

int sandbox_protect_self(void) {
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return -1;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int sandbox_open_child_signal(void) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &signals, NULL) != 0) return -1;
    return signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
}

// Without LANDLOCK_ACCESS_FS_REFER no file could be moved to another directory.
enum { WRITE_ACCESS = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REFER };

int sandbox_create_write_rules(void) {
    const struct landlock_ruleset_attr attributes = {.handled_access_fs = WRITE_ACCESS};
    return (int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
}

int sandbox_allow_writing(int rules, int directory) {
    const struct landlock_path_beneath_attr attributes = {
        .allowed_access = WRITE_ACCESS, .parent_fd = directory};
    return (int)syscall(
        SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &attributes, 0);
}

int sandbox_impose(int rules) {
    return rules < 0 ? 0 : (int)syscall(SYS_landlock_restrict_self, rules, 0);
}

pid_t sandbox_spawn(
    char *const arguments[],
    char *const environment[],
    const int descriptors[],
    int count,
    int rules) {
    const pid_t pid = fork();
    if (pid != 0) return pid;
    sigset_t none;
    sigemptyset(&none);
    if (sigprocmask(SIG_SETMASK, &none, NULL) != 0 || sandbox_impose(rules) != 0) _exit(1);
    for (int index = 0; index < count; index++) {
        // One that is in its place already is not to close on exec either.
        const int moved = descriptors[index] == index ? fcntl(index, F_SETFD, 0)
                                                      : dup2(descriptors[index], index);
        if (moved < 0) _exit(1);
    }
    // Where a stack can grow to is decided now, how far it may, later.
    const rlim_t farthest = (rlim_t)1 << 30;
    if (sandbox_limit_stack(farthest) != 0) _exit(1);
    execve(arguments[0], arguments, environment);
    _exit(1);
}

int sandbox_status_signal(int status) {
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

int sandbox_status_code(int status) {
    return WEXITSTATUS(status);
}
