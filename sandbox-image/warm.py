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
command line are imported already, that no .pyc files are written, that hash() has one seed for the
life of the sandbox, and that an uncaught MemoryError ends at the memory limit, as the kernel sees it.
Where that could not be kept, a program gets a fresh interpreter (start_afresh).

Once a program has run, nothing may be taken for granted: it may have replaced or deleted any name of
any module. So what is called afterwards is bound here, at the start, and none of the functions that
end a process shows up in what a program can look at. Whatever goes wrong in them, a process never
ends with 0 for it.

Nearly all that a program costs is the pages it writes to, since each must be copied then. So what
can be done before the fork is done here, and a forked process touches as little as it can.

The loop that forks runs where the interpreter waits for its threads at its end. There everything
still works, but there is no Python frame below, and so none below the program's main module.
"""

import sys

# What an interpreter has imported when it starts a program; nothing of a program's can replace it.
start_up_modules = frozenset(sys.modules)

import _imp
import _weakref
import builtins
import ctypes
import gc
import importlib
import importlib.machinery
import opcode
import os
import resource
import time
from _signal import SIG_DFL, SIGINT, signal
from atexit import _run_exitfuncs as run_exit_functions
from gc import collect
from os import _exit, getpid, kill, listdir, scandir, write
from sys import audit, setswitchinterval
from sys import __excepthook__ as display_exception
from sys import __unraisablehook__ as display_unraisable
from types import ModuleType, SimpleNamespace

# The functions below find their builtins here, whatever a program does to the module's.
__builtins__ = vars(builtins).copy()

system = vars(sys)
modules = sys.modules

CONTROL = 3
REQUESTS = 4
WORKING_DIRECTORY = "/work"
MAIN_ALONE = ["main.py"]
MESSAGE_LIMIT = 1 << 18

# Variables that are read only when an interpreter, or the C library, starts.
START_UP_VARIABLES = (b"PYTHON", b"LD_", b"LC_", b"LANG", b"MALLOC_", b"GLIBC_")

# An instruction is specialized after some tens of executions.
REHEARSALS = 40

# How the interpreter divides its memory for small objects (obmalloc.c).
POOL_SIZE = 1 << 14
POOL_HEADER_SIZE = 48

# The signal that says that the process is about to be killed.
WARNING = 62

# The stack of a thread, as interpreters have it that start with the usual limit.
THREAD_STACK = 8 << 20

# A status that stands for the end by SIGINT, as after an uncaught KeyboardInterrupt.
INTERRUPTED = -2

# The status of an interpreter that could not write out its standard streams.
UNWRITTEN = 120

# How many more frames are below a program's here than in an interpreter of its own.
FRAMES_BELOW = 4

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
    global fork_hooks, seeds, request, clone_arguments, real_threading, module_endings
    global UnraisableHookArgs
    fork_hooks = import_all(sys.argv[1:])
    # The site's packages may have imported them, too.
    generators = [sys.modules[name] for name in ("random", "numpy.random") if name in sys.modules]
    seeds = [generator.seed for generator in generators]
    fork_hooks = [hook for hook in fork_hooks if hook not in seeds]
    prepare_process()
    prepare_interpreter()
    request = Request()
    clone_arguments = find_clone_arguments()
    UnraisableHookArgs = find_hook_arguments()
    module_endings = {".py", ".pyc", *importlib.machinery.EXTENSION_SUFFIXES}
    real_threading = modules.get("threading")
    modules["threading"] = SimpleNamespace(_shutdown=serve)


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
    signal(WARNING, flush_before_the_end)
    limit_thread_stacks()
    for kind in (resource.RLIMIT_CORE, resource.RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE):
        resource.setrlimit(kind, (0, 0))


def limit_thread_stacks():
    """Gives threads the usual stack: this process was started with a larger one, see sandbox_spawn()."""
    global hard_stack
    hard_stack = resource.getrlimit(resource.RLIMIT_STACK)[1]
    if hard_stack == resource.RLIM_INFINITY:
        hard_stack = 2**63 - 1
    attributes = ctypes.create_string_buffer(64)
    libc.pthread_attr_init(attributes)
    libc.pthread_attr_setstacksize(attributes, ctypes.c_size_t(THREAD_STACK))
    libc.pthread_setattr_default_np(attributes)


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


def find_hook_arguments():
    """The type of what sys.unraisablehook() takes, which has no name."""

    class Broken:
        def __del__(self):
            raise ValueError

    kinds = []
    sys.unraisablehook = lambda arguments: kinds.append(type(arguments))
    Broken()
    sys.unraisablehook = display_unraisable
    return kinds[0]


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
        del modules["threading"]
    else:
        modules["threading"] = real_threading
    freeze()
    for _ in range(FRAMES_BELOW):
        ctypes.pythonapi.Py_LeaveRecursiveCall()
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
    global warm_modules, replaceable_modules
    warm_modules = frozenset(modules)
    replaceable_modules = frozenset(
        name
        for name in warm_modules.difference(start_up_modules, sys.builtin_module_names)
        if "." not in name and not _imp.is_frozen(name)
    )
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
        modules["__main__"].__file__ = os.devnull
        execute_main()
        flush_standard_streams()
        clear_modules()
        libc.fflush(None)
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
    processes, cpu_seconds, stack, _, count, entrypoint, *fields = request.receive()
    resource.setrlimit(resource.RLIMIT_NPROC, (int(processes), int(processes)))
    resource.setrlimit(resource.RLIMIT_CPU, (int(cpu_seconds), int(cpu_seconds)))
    resource.setrlimit(resource.RLIMIT_STACK, (min(int(stack), hard_stack), hard_stack))
    return entrypoint, fields[: int(count)], fields[int(count) :]


def become_program(entrypoint, arguments, variables):
    """Makes the interpreter look as if just started for a program."""
    for variable in variables:
        if variable.startswith(START_UP_VARIABLES):
            start_afresh(entrypoint, arguments, variables)
    if listdir(WORKING_DIRECTORY) != MAIN_ALONE and replaces_modules(WORKING_DIRECTORY):
        start_afresh(entrypoint, arguments, variables)
    for variable in variables:
        name, _, value = variable.partition(b"=")
        os.environb[name] = value
        if name == b"TZ":
            time.tzset()
    for argument in arguments:
        sys.argv.append(os.fsdecode(argument))
        sys.orig_argv.append(os.fsdecode(argument))
    main = ModuleType("__main__")
    modules["__main__"] = main
    main.__dict__.update(main_names)
    main.__annotations__ = {}
    if entrypoint != b"main.py":
        name_program(os.fsdecode(entrypoint))
    gc.enable()


def name_program(entrypoint):
    path = os.path.join(WORKING_DIRECTORY, entrypoint)
    sys.argv[0] = sys.orig_argv[1] = entrypoint
    sys.path[0] = os.path.dirname(path)
    main = modules["__main__"]
    main.__file__ = main.__loader__.path = path


def replaces_modules(directory):
    """Whether a program may find a module of its own where one of the same name is imported here."""
    is_package = False
    below = []
    with scandir(directory) as entries:
        for entry in entries:
            stem, dot, ending = entry.name.partition(".")
            if dot and dot + ending in module_endings:
                if stem in replaceable_modules:
                    return True
                is_package = is_package or stem == "__init__"
            elif entry.is_dir(follow_symlinks=False):
                below.append(entry)
    # The modules of a package have its name in front of theirs.
    if is_package and directory != WORKING_DIRECTORY:
        return os.path.basename(directory) in replaceable_modules
    for entry in below:
        if replaces_modules(entry.path):
            return True
    return False


def start_afresh(entrypoint, arguments, variables):
    """Replaces this process by an interpreter that reads the variables as it starts."""
    environment = dict(os.environb)
    environment.update(variable.split(b"=", 1) for variable in variables)
    os.execve(sys.executable, [b"python3", b"-B", entrypoint, *arguments], environment)


@hidden
def run_main():
    """Runs the program and ends the process, as an interpreter does with its script."""
    status = 1
    try:
        uncaught = execute_main()
        if uncaught is not None:
            status = report(uncaught)
            del uncaught
        else:
            status = 0
        finish(status)
    except BaseException:
        flush_quietly("__stderr__", "__stdout__")
    finally:
        _exit(max(status, 1))


@hidden
def execute_main():
    """Runs the main module; returns the exception that nothing caught."""
    namespace = modules["__main__"].__dict__
    path = namespace["__file__"]
    try:
        code = compile(read(path), path, "exec", dont_inherit=True)
    except BaseException as error:
        # What an interpreter says of a file that it cannot read is not what it says of other source.
        if not (issubclass(type(error), SyntaxError) and error.lineno):
            start_afresh(*map(os.fsencode, sys.argv[:1]), map(os.fsencode, sys.argv[1:]), ())
        return error
    uncaught = None
    try:
        exec(code, namespace)
    except BaseException as error:
        uncaught = error
    flush_quietly("stderr", "stdout")
    if uncaught is None:
        forget_file(namespace)
    return uncaught


def read(path):
    descriptor = os.open(path, os.O_RDONLY)
    source = b""
    while part := os.read(descriptor, 1 << 16):
        source += part
    os.close(descriptor)
    return source


@hidden
def forget_file(namespace):
    namespace.pop("__file__", None)
    namespace.pop("__cached__", None)


@hidden
def report(error):
    """Does what the interpreter does about an exception that nothing caught; returns the status."""
    kind = type(error)
    if issubclass(kind, SystemExit):
        return exit_status(error)
    traceback = error.__traceback__
    system["last_type"], system["last_value"], system["last_traceback"] = kind, error, traceback
    hook = system.get("excepthook")
    try:
        audit("sys.excepthook", hook, kind, error, traceback)
    except RuntimeError:
        return 1
    except BaseException as refusal:
        write_unraisable(refusal, None, "Exception ignored in audit hook")
    if "excepthook" not in system:
        write_error("sys.excepthook is missing\n")
        hook = display_exception
    try:
        hook(kind, error, traceback)
    except BaseException as second:
        if issubclass(type(second), SystemExit):
            return exit_status(second)
        error.__traceback__ = traceback
        write_error("Error in sys.excepthook:\n")
        display_exception(type(second), second, second.__traceback__)
        write_error("\nOriginal exception was:\n")
        display_exception(kind, error, traceback)
    if issubclass(kind, MemoryError):
        exhaust_memory()
    forget_file(modules["__main__"].__dict__ if "__main__" in modules else {})
    return INTERRUPTED if kind is KeyboardInterrupt else 1


@hidden
def exit_status(exit):
    """The status that a SystemExit asks for; what is no number is written to the standard errors."""
    try:
        code = exit.code
    except BaseException:
        code = exit
    if code is None:
        return 0
    if issubclass(type(code), int):
        code = int.__int__(code)
        return code & 0xFF if -(2**63) <= code < 2**63 else 0xFF
    stderr = system.get("stderr")
    try:
        if stderr is None:
            write(2, str(code).encode("utf-8", "backslashreplace"))
        else:
            stderr.write(str(code))
    except BaseException:
        pass
    write_error("\n")
    return 1


@hidden
def write_error(text):
    """Writes to the standard errors, whatever has become of them."""
    try:
        system["stderr"].write(text)
    except BaseException:
        try:
            write(2, text.encode())
        except OSError:
            pass


@hidden
def write_unraisable(error, what, message=None):
    """Does what the interpreter does about an exception that goes nowhere."""
    arguments = UnraisableHookArgs((type(error), error, error.__traceback__, message, what))
    for hook in (system.get("unraisablehook"), display_unraisable):
        try:
            return hook(arguments)
        except BaseException:
            pass


@hidden
def exhaust_memory():
    """Lets the kernel find that the memory limit was reached, since only its word counts.

    An allocation that was refused for being absurdly large has not come near the limit. A program
    that has set itself a lower one gets no further than that.
    """
    held = []
    for path in ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory.max"):
        try:
            with open(path) as file:
                limit = int(file.read())
            for _ in range(limit >> 20):
                held.append(b"\1" * (1 << 20))
        except (OSError, ValueError, MemoryError):
            continue


@hidden
def finish(status):
    """Ends the process with all that a program can see of an interpreter's end, and no more."""
    if "threading" in modules:
        threading = modules["threading"]
        try:
            threading._shutdown()
        except BaseException as error:
            write_unraisable(error, threading)
        del threading
    run_exit_functions()
    if not flush_standard_streams() and status != INTERRUPTED:
        status = UNWRITTEN
    # Threads that are left do not run again, as in an interpreter that ends.
    setswitchinterval(1e9)
    for name in ("stdin", "stdout", "stderr"):
        system[name] = system.get(f"__{name}__")
    clear_modules()
    flush_quietly("stderr", "stdout")
    libc.fflush(None)
    if status == INTERRUPTED:
        signal(SIGINT, SIG_DFL)
        kill(getpid(), SIGINT)
        status = 128 + SIGINT
    _exit(status)


@hidden
def flush_before_the_end(number, frame):
    """Writes out what the program has printed, which would be lost with it."""
    flush_quietly("stdout", "stderr")


@hidden
def flush_quietly(*names):
    for name in names:
        try:
            system[name].flush()
        except BaseException:
            pass


@hidden
def flush_standard_streams():
    """Returns whether everything that was written to the standard streams has gone out."""
    flushed = True
    for name in ("stdout", "stderr"):
        stream = system.get(name)
        if stream is None or is_closed(stream):
            continue
        try:
            stream.flush()
        except BaseException as error:
            flushed = False
            if name == "stdout":
                write_unraisable(error, stream)
    return flushed


@hidden
def is_closed(stream):
    try:
        return bool(stream.closed)
    except BaseException:
        return False


@hidden
def clear_modules():
    """Drops what the program has made, so that finalizers run and open files are written out.

    As the interpreter does, this leaves it to the garbage collector first, and then empties the
    modules that something still holds. The collection before puts objects behind those that refer
    to them, so that a file's buffer is finalized, and written out, before the file is closed.
    """
    system["last_type"] = system["last_value"] = system["last_traceback"] = None
    collect()
    names = ["__main__"]
    # Modules are in the order of their import: the program's are last.
    for name in reversed(modules):
        if name in warm_modules:
            break
        names.append(name)
    references = []
    for name in names:
        module = modules.pop(name, None)
        if issubclass(type(module), ModuleType):
            references.append(_weakref.ref(module))
    module = None
    collect()
    for reference in references:
        module = reference()
        if module is not None:
            clear_namespace(module.__dict__)


@hidden
def clear_namespace(namespace):
    """Forgets names in the interpreter's order: those with an underscore first, builtins never."""
    for name in list(namespace):
        if type(name) is str and name[:1] == "_" and name[:2] != "__":
            namespace[name] = None
    for name in list(namespace):
        if type(name) is str and name != "__builtins__":
            namespace[name] = None


main()
