/// What a hostile program in Python is begun with, to say what came of each thing it tried.
enum Attempts {
    /// `attempt` names the error of a function, `call` that of a system call by its number on x86-64.
    static let prelude = #"""
        import ctypes, errno, os, signal, sys, time
        libc = ctypes.CDLL(None, use_errno=True)
        libc.syscall.restype = ctypes.c_long

        def attempt(what, function, *arguments):
            try:
                function(*arguments)
                print(what, "worked", flush=True)
            except OSError as error:
                print(what, errno.errorcode[error.errno], flush=True)

        def call(number, *arguments):
            ctypes.set_errno(0)
            result = libc.syscall(number, *[
                value if isinstance(value, (bytes, ctypes.Array)) else ctypes.c_long(value)
                for value in arguments
            ])
            return errno.errorcode[ctypes.get_errno()] if result == -1 else "worked"

        """# + "\n"
}
