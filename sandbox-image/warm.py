"""The warm interpreter of a sandbox: copies of this process become the programs.

It is started once by the agent, imports the modules named on its command line, and then forks
whenever the agent asks. Two sockets of the agent are its descriptors 3 and 4:

- On CONTROL a message is the decimal user id of the next program. The answer is the decimal pid of
  a process that has become that user and waits for the program. It is a child of the agent, not of
  this process, so the agent reaps it and learns from the kernel what it used.
- On REQUESTS the waiting process receives the program: NUL-joined fields, with the descriptors of
  its standard streams. This process never reads it, so nothing of one program is in its memory when
  it forks the next.

What a program sees is what `python3 main.py` would show it, except that the modules named on the
command line are imported already, that no .pyc files are written, and that hash() has one seed for
the life of the sandbox.

Nearly all that a program costs is the pages it writes to, since each must be copied then. So what
can be done before the fork is done here, and a forked process touches as little as it can.

The loop that forks runs where the interpreter waits for its threads at its end. There everything
still works, but there is no Python frame below, and so none below the program's main module.
"""

import _weakref
import atexit
import builtins
import ctypes
import gc
import importlib
import importlib.machinery
import opcode
import os
import resource
import sys
import time
import types
from os import _exit

CONTROL = 3
REQUESTS = 4
WORKING_DIRECTORY = "/work"
MESSAGE_LIMIT = 1 << 18

# Variables that are read only when an interpreter, or the C library, starts.
START_UP_VARIABLES = (b"PYTHON", b"LD_", b"LC_", b"LANG", b"MALLOC_", b"GLIBC_")

# An instruction is specialized after some tens of executions.
REHEARSALS = 40

# How the interpreter divides its memory for small objects (obmalloc.c).
POOL_SIZE = 1 << 14
POOL_HEADER_SIZE = 48

# A status that stands for the end by SIGINT, as after an uncaught KeyboardInterrupt.
INTERRUPTED = -2

PR_SET_DUMPABLE = 4
PR_GET_TID_ADDRESS = 40
CLONE_PARENT = 0x00008000
CLONE_CHILD_CLEARTID = 0x00200000
CLONE_CHILD_SETTID = 0x01000000
RLIMIT_MSGQUEUE = 12

libc = ctypes.PyDLL(None)
libc.syscall.argtypes = [ctypes.c_long] * 6
libc.syscall.restype = ctypes.c_long


def main():
    """Prepares everything, and has the interpreter's end call serve()."""
    global fork_hooks, seeds, request, clone_arguments, real_threading
    fork_hooks = import_all(sys.argv[1:])
    # The site's packages may have imported them, too.
    generators = [sys.modules[name] for name in ("random", "numpy.random") if name in sys.modules]
    seeds = [generator.seed for generator in generators]
    fork_hooks = [hook for hook in fork_hooks if hook not in seeds]
    prepare_process()
    prepare_interpreter()
    request = Request()
    clone_arguments = find_clone_arguments()
    real_threading = sys.modules.get("threading")
    sys.modules["threading"] = types.SimpleNamespace(_shutdown=serve)


def next_command(answer):
    """Answers the last command and waits for the next; there is none when the agent has ended."""
    try:
        if answer:
            os.write(CONTROL, answer)
        return os.read(CONTROL, 16)
    except ConnectionError:
        return b""


def import_all(modules):
    """Imports the modules; returns what they want called in a forked process."""
    hooks = []
    register = os.register_at_fork

    def record(**callables):
        register(**callables)
        if "after_in_child" in callables:
            hooks.append(callables["after_in_child"])

    os.register_at_fork = record
    for name in modules:
        importlib.import_module(name)
    os.register_at_fork = register
    # It repairs what other threads have left locked, and there are none.
    threading = sys.modules.get("threading")
    if threading is not None:
        hooks.remove(threading._after_fork)
        hooks.append(threading.main_thread()._set_native_id)
    return hooks


def prepare_process():
    """Sets what all programs inherit."""
    os.environ.pop("LD_BIND_NOW", None)
    os.umask(0o022)
    os.chdir(WORKING_DIRECTORY)
    os.setgroups([])
    for kind in (resource.RLIMIT_CORE, resource.RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE):
        resource.setrlimit(kind, (0, 0))


def prepare_interpreter():
    """Makes the interpreter look as if just started for the program, but for the main module.

    That is made after the fork, so that the garbage collector can take it at the program's end.
    """
    global main_names
    path = WORKING_DIRECTORY + "/main.py"
    main_names = {
        "__loader__": importlib.machinery.SourceFileLoader("__main__", path),
        "__annotations__": None,
        "__builtins__": builtins,
        "__file__": path,
        "__cached__": None,
    }
    sys.dont_write_bytecode = True
    sys.orig_argv[:] = ["python3", "main.py"]
    sys.argv[:] = ["main.py"]
    sys.path[0] = WORKING_DIRECTORY
    # The compiler makes the types of its syntax trees when it is first used.
    compile("0", path, "exec")


def find_clone_arguments():
    """The arguments of clone(2) that fork this process with its parent as the new one's parent.

    As in glibc's fork(), the kernel keeps the C library's own note of its thread id true. All else
    that fork(), and Python's os.fork(), do is to repair what other threads have left behind.
    """
    if len(os.listdir("/proc/self/task")) != 1:
        sys.exit("a preloaded module has started a thread, so it cannot be preloaded")
    address = ctypes.c_void_p()
    if libc.prctl(PR_GET_TID_ADDRESS, ctypes.byref(address), 0, 0, 0) != 0:
        sys.exit("the kernel does not tell the address of the thread id")
    flags = CLONE_PARENT | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID
    machine = os.uname().machine
    if machine == "x86_64":
        return 56, flags, 0, 0, address.value, 0
    if machine == "aarch64":
        return 220, flags, 0, 0, 0, address.value
    sys.exit(f"clone(2) is not known on {machine}")


def hidden(function):
    """Makes a function's frames invisible to tracebacks and to the sys and inspect modules.

    A frame counts as begun once it has passed its RESUME instruction: here there is none.
    """
    code = bytearray(function.__code__.co_code)
    resume = code[::2].index(opcode.opmap["RESUME"]) * 2
    code[resume] = opcode.opmap["NOP"]
    function.__code__ = function.__code__.replace(co_code=bytes(code))
    return function


@hidden
def serve():
    """Forks on demand; in each forked process, runs a program."""
    if real_threading is None:
        del sys.modules["threading"]
    else:
        sys.modules["threading"] = real_threading
    freeze()
    answer = b""
    while command := next_command(answer):
        # Before the fork it costs no page, and the next one has another seed again.
        for seed in seeds:
            seed()
        pid = libc.syscall(*clone_arguments)
        if pid == 0:
            try:
                become_user(int(command))
                become_program(*receive_program())
            except BaseException as error:
                sys.excepthook(type(error), error, error.__traceback__)
                _exit(1)
            run_main()
        answer = b"%d" % pid
    _exit(0)


def freeze():
    """Keeps the garbage collector from ever writing to what is here now."""
    global warm_modules
    warm_modules = frozenset(sys.modules)
    gc.collect()
    # Or each of the rehearsals' collections would look at all the modules: half of the whole start.
    gc.freeze()
    rehearse()
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.disable()
    fill_pools()
    fill_heap()


def rehearse():
    """Does again and again what each forked process does around its program.

    So what the interpreter makes when a thing is first done is made before the fork: its caches of
    types' attributes, the specialized instructions of the functions here, its tables. Each would be
    a page that every program's process must copy.
    """
    for _ in range(REHEARSALS):
        become_program(b"main.py", [], [])
        sys.modules["__main__"].__file__ = os.devnull
        execute_main()
        flush_standard_streams()
        clear_modules()
    del sys.last_type, sys.last_value, sys.last_traceback


def fill_pools():
    """Uses up the interpreter's free memory for small objects (obmalloc.c).

    What a program then allocates lies together in new pools, and not in the gaps of as many pages
    as there are sizes of objects.
    """
    global filling
    filling = []
    for size in range(sys.getsizeof(b"") + 15 & ~15, 513, 16):
        for _ in range(POOL_SIZE):
            block = bytes(size - sys.getsizeof(b""))
            filling.append(block)
            # The first block of a new pool lies right behind its header.
            if id(block) % POOL_SIZE == POOL_HEADER_SIZE:
                break


def fill_heap():
    """Uses up the C library's free memory, as fill_pools() does the interpreter's."""
    libc.malloc.argtypes = [ctypes.c_size_t]
    libc.malloc.restype = ctypes.c_void_p
    libc.mallinfo2.restype = HeapFigures
    size = 1 << 16
    while size > 16:
        # The top of the heap is taken from when nothing else is left.
        top = libc.mallinfo2().keepcost
        while libc.mallinfo2().keepcost == top:
            libc.malloc(size)
        size = size * 3 // 4


class HeapFigures(ctypes.Structure):
    """What mallinfo2(3) returns."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            "arena", "ordblks", "smblks", "hblks", "hblkhd",
            "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
        )
    ]


def become_user(uid):
    """Gives up everything that a program must not have."""
    # In a session of its own: a program that could join the process group of the agent and of this
    # process could have the kernel send SIGHUP to all of it (setpgid(2), credentials(7)).
    check(libc.setsid())
    check(libc.setresgid(uid, uid, uid))
    check(libc.setresuid(uid, uid, uid))
    check(libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))


def check(result):
    """Ends the process when a system call has failed: a program must not start half prepared."""
    if result < 0:
        _exit(1)


class Request:
    """Receives a program and its standard streams by one recvmsg(2), into memory set up before.

    A forked process calls the C library through ctypes, all of whose memory it has touched already:
    each of the interpreter's own functions would add its part.
    """

    class Vector(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]

    class Header(ctypes.Structure):
        _fields_ = [
            ("name", ctypes.c_void_p),
            ("name_length", ctypes.c_uint),
            ("vectors", ctypes.c_void_p),
            ("vector_count", ctypes.c_size_t),
            ("control", ctypes.c_void_p),
            ("control_length", ctypes.c_size_t),
            ("flags", ctypes.c_int),
        ]

    class Rights(ctypes.Structure):
        _fields_ = [
            ("length", ctypes.c_size_t),
            ("level", ctypes.c_int),
            ("type", ctypes.c_int),
            ("descriptors", ctypes.c_int * 4),
        ]

    def __init__(self):
        message = bytearray(MESSAGE_LIMIT)
        self.message = memoryview(message)
        self.rights = self.Rights()
        self.vector = self.Vector(
            ctypes.addressof(ctypes.c_char.from_buffer(message)), MESSAGE_LIMIT
        )
        self.header = ctypes.byref(
            self.Header(
                None, 0, ctypes.addressof(self.vector), 1,
                ctypes.addressof(self.rights), ctypes.sizeof(self.rights), 0,
            )
        )
        # They are looked up here, so that all of them come to lie together.
        for name in ("setsid", "setresgid", "setresuid", "recvmsg", "dup2", "close_range"):
            getattr(libc, name)

    def receive(self):
        """Waits; returns the fields, with the streams as descriptors 0, 1 and 2 and no others."""
        count = libc.recvmsg(REQUESTS, self.header, 0)
        if count <= 0:
            _exit(0)
        descriptors = self.rights.descriptors
        check(libc.dup2(descriptors[0], 0))
        check(libc.dup2(descriptors[1], 1))
        check(libc.dup2(descriptors[2], 2))
        check(libc.close_range(3, 0x7FFFFFFF, 0))
        return bytes(self.message[:count]).split(b"\0")


def receive_program():
    """Waits for the program; returns its entrypoint, its arguments and its variables."""
    for hook in fork_hooks:
        hook()
    processes, cpu_seconds, count, entrypoint, *fields = request.receive()
    resource.setrlimit(resource.RLIMIT_NPROC, (int(processes), int(processes)))
    resource.setrlimit(resource.RLIMIT_CPU, (int(cpu_seconds), int(cpu_seconds)))
    return entrypoint, fields[: int(count)], fields[int(count) :]


def become_program(entrypoint, arguments, variables):
    """Makes the interpreter look as if just started for a program."""
    for variable in variables:
        if variable.startswith(START_UP_VARIABLES):
            start_afresh(entrypoint, arguments, variables)
    for variable in variables:
        name, _, value = variable.partition(b"=")
        os.environb[name] = value
        if name == b"TZ":
            time.tzset()
    for argument in arguments:
        sys.argv.append(os.fsdecode(argument))
        sys.orig_argv.append(os.fsdecode(argument))
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    main.__dict__.update(main_names)
    main.__annotations__ = {}
    if entrypoint != b"main.py":
        name_program(os.fsdecode(entrypoint))
    gc.enable()


def name_program(entrypoint):
    path = os.path.join(WORKING_DIRECTORY, entrypoint)
    sys.argv[0] = sys.orig_argv[1] = entrypoint
    sys.path[0] = os.path.dirname(path)
    main = sys.modules["__main__"]
    main.__file__ = main.__loader__.path = path


def start_afresh(entrypoint, arguments, variables):
    """Replaces this process by an interpreter that reads the variables as it starts."""
    environment = dict(os.environb)
    environment.update(variable.split(b"=", 1) for variable in variables)
    os.execve(sys.executable, [b"python3", b"-B", entrypoint, *arguments], environment)


@hidden
def run_main():
    """Runs the program and ends the process, as an interpreter does with its script."""
    uncaught = execute_main()
    status = 0 if uncaught is None else report(uncaught)
    del uncaught
    finish(status)


@hidden
def execute_main():
    """Runs the main module; returns the exception that nothing caught."""
    namespace = sys.modules["__main__"].__dict__
    path = namespace["__file__"]
    try:
        exec(compile(read(path), path, "exec", dont_inherit=True), namespace)
    except BaseException as error:
        return error


def read(path):
    descriptor = os.open(path, os.O_RDONLY)
    source = b""
    while part := os.read(descriptor, 1 << 16):
        source += part
    os.close(descriptor)
    return source


@hidden
def report(error):
    """Does what the interpreter does about an exception that nothing caught; returns the status."""
    if isinstance(error, SystemExit):
        return exit_status(error)
    traceback = error.__traceback__
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, traceback
    try:
        sys.excepthook(type(error), error, traceback)
    except SystemExit as exit:
        return exit_status(exit)
    except BaseException as second:
        print("Error in sys.excepthook:", file=sys.stderr)
        sys.__excepthook__(type(second), second, second.__traceback__)
        print("\nOriginal exception was:", file=sys.stderr)
        sys.__excepthook__(type(error), error, traceback)
    if isinstance(error, MemoryError):
        exhaust_memory()
    return INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1


def exit_status(exit):
    if exit.code is None:
        return 0
    if isinstance(exit.code, int):
        return exit.code & 0xFF if -(2**63) <= exit.code < 2**63 else 0xFF
    print(exit.code, file=sys.stderr)
    return 1


def exhaust_memory():
    """Lets the kernel find that the memory limit was reached, since only its word counts.

    An allocation that was refused for being absurdly large has not come near the limit.
    """
    held = []
    for path in ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory.max"):
        try:
            with open(path) as file:
                limit = int(file.read())
        except (OSError, ValueError):
            continue
        for _ in range(limit >> 20):
            held.append(b"\1" * (1 << 20))


def finish(status):
    """Ends the process with all that a program can see of an interpreter's end, and no more."""
    if "threading" in sys.modules:
        sys.modules["threading"]._shutdown()
    atexit._run_exitfuncs()
    if not flush_standard_streams():
        status = 120
    # Threads that are left do not run again, as in an interpreter that ends.
    sys.setswitchinterval(1e9)
    clear_modules()
    flush_standard_streams(quietly=True)
    if status == INTERRUPTED:
        import signal

        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    _exit(status)


@hidden
def flush_standard_streams(quietly=False):
    """Returns whether everything that was written to sys.stdout has gone out."""
    flushed = True
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except Exception as error:
            if stream is sys.stdout and flushed:
                flushed = False
                if not quietly:
                    print(f"Exception ignored in: {stream!r}", file=sys.stderr)
                    sys.__excepthook__(type(error), error, None)
    return flushed


def clear_modules():
    """Drops what the program has made, so that finalizers run and open files are written out.

    As the interpreter does, this leaves it to the garbage collector first, and then empties the
    modules that something still holds. The collection before puts objects behind those that refer
    to them, so that a file's buffer is finalized, and written out, before the file is closed.
    """
    sys.last_type = sys.last_value = sys.last_traceback = None
    gc.collect()
    names = ["__main__"]
    # Modules are in the order of their import: the program's are last.
    for name in reversed(sys.modules):
        if name in warm_modules:
            break
        names.append(name)
    modules = []
    for name in names:
        module = sys.modules.pop(name, None)
        if isinstance(module, types.ModuleType):
            modules.append(_weakref.ref(module))
    module = None
    gc.collect()
    for reference in modules:
        module = reference()
        if module is not None:
            clear_namespace(module.__dict__)


def clear_namespace(namespace):
    """Forgets names in the interpreter's order: those with an underscore first, builtins never."""
    for name in [name for name in namespace if name[:1] == "_" and name[:2] != "__"]:
        namespace[name] = None
    for name in list(namespace):
        if name != "__builtins__":
            namespace[name] = None


main()
