#define _GNU_SOURCE
#include "CSandboxAgent.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// The launcher is to other programs what warm.py is to Python's, and speaks as it does: see there.
// It holds nothing of any program, and calls nothing that allocates memory.

enum { CONTROL = 3, REQUESTS = 4, PASSED = 3, MESSAGE_LIMIT = 1 << 18, ARGUMENT_LIMIT = 1 << 15 };

static char message[MESSAGE_LIMIT + 1];
static char *arguments[ARGUMENT_LIMIT];

static void check(long result) {
    if (result < 0) _exit(1);
}

static void limit(int resource, rlim_t value) {
    const struct rlimit both = {.rlim_cur = value, .rlim_max = value};
    check(setrlimit(resource, &both));
}

// Gives up everything that a program must not have.
static void become_user(uid_t uid) {
    // As in warm.py, a session of its own keeps the program out of our process group.
    check(setsid());
    check(setresgid(uid, uid, uid));
    check(setresuid(uid, uid, uid));
}

// Waits for the program; returns the length of its description, and stores the descriptor of what
// is executed, or -1. The standard streams are in place afterwards, all else closes on exec.
static size_t receive(int *executable) {
    union {
        char bytes[CMSG_SPACE(4 * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec content = {.iov_base = message, .iov_len = MESSAGE_LIMIT};
    struct msghdr header = {
        .msg_iov = &content,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    const ssize_t length = recvmsg(REQUESTS, &header, MSG_CMSG_CLOEXEC);
    if (length <= 0) _exit(0);
    const struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
    int descriptors[4] = {-1, -1, -1, -1};
    if (rights == NULL || rights->cmsg_len > CMSG_LEN(sizeof descriptors)) _exit(1);
    memcpy(descriptors, CMSG_DATA(rights), rights->cmsg_len - CMSG_LEN(0));
    for (int stream = 0; stream < 3; stream++) check(dup2(descriptors[stream], stream));
    *executable = descriptors[3];
    return (size_t)length;
}

// Executes what the description says: the most processes, the CPU seconds, the bytes of the stack,
// whether the descriptor is passed on and not executed, how many arguments follow the program's name,
// then these and the environment, with a NUL between all of them.
static _Noreturn void become_program(void) {
    int executable = -1;
    const size_t length = receive(&executable);
    const char *const end = message + length;
    char *field = message;
    enum { PROCESSES, CPU_SECONDS, STACK, PASSES, ARGUMENTS, NUMBERS };
    unsigned long numbers[NUMBERS];
    for (int index = 0; index < NUMBERS; index++) {
        numbers[index] = strtoul(field, NULL, 10);
        field += strlen(field) + 1;
    }
    limit(RLIMIT_NPROC, numbers[PROCESSES]);
    limit(RLIMIT_CPU, numbers[CPU_SECONDS]);
    check(sandbox_limit_stack(numbers[STACK]));
    const size_t environment = numbers[ARGUMENTS] + 2;
    size_t count = 0;
    for (; field < end && count + 2 < ARGUMENT_LIMIT; field += strlen(field) + 1) {
        if (count + 1 == environment) arguments[count++] = NULL;
        arguments[count++] = field;
    }
    if (field < end || count < environment) _exit(1);
    arguments[count] = NULL;
    char *const *const variables = arguments + environment;
    if (numbers[PASSES]) check(dup2(executable, PASSED));
    if (executable < 0 || numbers[PASSES]) {
        execve(arguments[0], arguments, variables);
    } else {
        syscall(SYS_execveat, executable, "", arguments, variables, AT_EMPTY_PATH);
    }
    dprintf(STDERR_FILENO, "the program cannot be started: %s\n", strerrordesc_np(errno));
    _exit(126);
}

// Becomes a process that has nothing of the agent's but the two sockets.
static void prepare(int control, int requests, const char *directory, int rules) {
    const int high = 100;
    sigset_t none;
    sigemptyset(&none);
    check(sigprocmask(SIG_SETMASK, &none, NULL));
    check(sandbox_impose(rules));
    check(control = fcntl(control, F_DUPFD, high));
    check(requests = fcntl(requests, F_DUPFD, high));
    check(dup3(control, CONTROL, O_CLOEXEC));
    check(dup3(requests, REQUESTS, O_CLOEXEC));
    check(close_range(REQUESTS + 1, ~0U, 0));
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    check(dup2(null, STDIN_FILENO));
    check(dup2(null, STDOUT_FILENO));
    check(close(null));
    check(chdir(directory));
    check(setgroups(0, NULL));
    umask(022);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_MEMLOCK, 0);
    limit(RLIMIT_MSGQUEUE, 0);
}

pid_t sandbox_start_launcher(int control, int requests, const char *directory, int rules) {
    const pid_t launcher = fork();
    if (launcher != 0) return launcher;
    prepare(control, requests, directory, rules);
    char text[16];
    ssize_t length;
    while ((length = read(CONTROL, text, sizeof text - 1)) > 0) {
        text[length] = '\0';
        const uid_t uid = (uid_t)strtoul(text, NULL, 10);
        // The new process is a child of the agent's. It never uses the C library's own note of its
        // thread id, which clone(2) by itself does not renew.
        const long pid = syscall(SYS_clone, CLONE_PARENT, 0, 0, 0, 0);
        if (pid == 0) {
            become_user(uid);
            become_program();
        }
        const int answer = snprintf(text, sizeof text, "%ld", pid);
        if (write(CONTROL, text, (size_t)answer) < 0) break;
    }
    _exit(0);
}
