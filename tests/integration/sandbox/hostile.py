"""What a hostile model tries: source of an `inference.py`, which also runs all of it while it is loaded.

Each attempt returns what it got hold of, or the name of the error that stopped it. `targets.json` beside the
module says where on the host its targets are.
"""

MODULE = r'''
import ctypes, errno, json, os, socket, sys

TARGETS = json.load(open("targets.json"))
libc = ctypes.CDLL(None, use_errno=True)


def system_call(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return "done"


def reach(family, kind, address):
    with socket.socket(family, kind) as s:
        s.settimeout(2)
        s.connect(address)
        for _ in range(2):  # where nobody listens, the second one says so
            s.send(b"out")
    return "sent"


def read(path):
    return os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(40).decode("latin-1")


def write(path):
    with open(path, "w") as file:
        file.write("mine")
    return "written"


def kill(pid):
    os.kill(pid, 9)
    return "sent"


ATTEMPTS = {
    "tcp": lambda: reach(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", TARGETS["tcp"])),
    "tcp6": lambda: reach(socket.AF_INET6, socket.SOCK_STREAM, ("::1", TARGETS["tcp"])),
    "udp": lambda: reach(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", TARGETS["udp"])),
    "world": lambda: reach(socket.AF_INET, socket.SOCK_DGRAM, ("192.0.2.1", 53)),
    "unix": lambda: reach(socket.AF_UNIX, socket.SOCK_STREAM, TARGETS["unix"]),
    "abstract": lambda: reach(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + TARGETS["abstract"]),
    "triton": lambda: reach(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", TARGETS["triton"])),
    "passwd": lambda: read("/etc/passwd"),
    "shadow": lambda: read("/etc/shadow"),
    "root": lambda: read("/root"),
    "home": lambda: read(os.path.expanduser("~root")),
    "data": lambda: read(TARGETS["data"]),
    "secret": lambda: read(TARGETS["secret"]),
    "through_init": lambda: read("/proc/1/root" + TARGETS["secret"]),
    "environment_of_init": lambda: read("/proc/1/environ"),
    "memory_of_init": lambda: read("/proc/1/mem"),
    "host": lambda: read("/proc/1/cwd"),
    "write_model": lambda: write("/model/inference.py"),
    "write_program": lambda: write("/trireme/answer.py"),
    "write_python": lambda: write("/python/lib/mine"),
    "write_system": lambda: write("/usr/bin/mine"),
    "write_top": lambda: write("/mine"),
    "write_etc": lambda: write("/etc/mine"),
    "write_dev": lambda: write("/dev/mine"),
    "write_kernel": lambda: write("/proc/sys/kernel/core_pattern"),
    "write_oom": lambda: write("/proc/sysrq-trigger"),
    "disk": lambda: open("/dev/vda" if os.path.exists("/dev/vda") else "/dev/sda", "rb").read(1),
    "become_root": lambda: os.setuid(0),
    "chroot": lambda: os.chroot("/"),
    "node": lambda: os.mknod("/tmp/null", 0o20666, os.makedev(1, 3)),
    "fill_scratch": lambda: write_much("/tmp/much"),
    "fill_memory_files": lambda: write_much("/dev/shm/much"),
    "unshare": lambda: system_call(272, 0x10000000),
    "mount": lambda: system_call(165, b"none", b"/tmp", b"tmpfs", 0, None),
    "ptrace": lambda: system_call(101, 16, 1, 0, 0),
    "keyring": lambda: system_call(250, 0, -3, 0, 0),
    "hidden_memory": lambda: system_call(319, b"x", 0),
    "clone3": lambda: system_call(435, 0, 0),
    "kernel_program": lambda: system_call(321, 0, 0, 0),
}


def write_much(path):
    with open(path, "wb") as file:
        for _ in range(64):
            file.write(bytes(1 << 20))
    return "written"


def attempt(act):
    try:
        got = act()
    except OSError as error:
        return errno.errorcode.get(error.errno, type(error).__name__)
    return {"got": str(got)}


def everything():
    results = {name: attempt(act) for name, act in ATTEMPTS.items()}
    results["visible"] = sorted(int(name) for name in os.listdir("/proc") if name.isdigit())
    results["shared_memory"] = [name for name in os.listdir("/dev/shm") if name != "much"]
    results["environment"] = sorted(os.environ)
    results["user"] = [os.getuid(), os.geteuid(), os.getgid(), *os.getgroups()]
    results["descriptors"] = sorted(set(descriptors()))
    status = dict(line.split(":", 1) for line in open("/proc/self/status"))
    results["capabilities"] = status["CapEff"].strip()
    for path in ("/tmp/much", "/dev/shm/much"):
        if os.path.exists(path):
            os.unlink(path)
    return results


def descriptors():
    for number in os.listdir("/proc/self/fd"):
        path = f"/proc/self/fd/{number}"
        if os.path.lexists(path):  # the one of this listing is gone
            yield os.readlink(path).split(":")[0]


def forks():
    count = 0
    try:
        while count < 5000:
            if os.fork() == 0:
                import time
                time.sleep(600)
            count += 1
    except OSError as error:
        return [count, errno.errorcode[error.errno]]
    return [count, "never refused"]


def leave_behind(marker):
    """A process that has left its session and its parent."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execv(sys.executable, [sys.executable, "-c", f"import time; time.sleep(600)  # {marker}"])
        os._exit(0)
    os.wait()
    return "left"


def eat():
    kept = []
    while True:
        kept.append(bytearray(16 << 20))


def eat_together():
    for _ in range(8):
        if os.fork() == 0:
            kept = bytearray(128 << 20)
            for at in range(0, len(kept), 4096):
                kept[at] = 1
            import time
            time.sleep(600)
    import time
    time.sleep(600)


def spin():
    while True:
        pass


def kill_parents():
    return [attempt(lambda: kill(pid)) for pid in (os.getppid(), 1)]


def kill_all():
    kill(-1)
    os._exit(0)


def talk():
    """Over its own channel, as if it were the program around it."""
    for fd in os.listdir("/proc/self/fd"):
        try:
            os.write(int(fd), b"not JSON at all\n")
        except OSError:
            pass
    return "talked"


def print_for_ever():
    while True:
        os.write(2, b"x" * 65536)


def answer_much():
    return "x" * (80 << 20)


def load_model(path):
    return everything()


def call_model(model, params, task=None):
    act = params.get("act")
    if act is None:
        return model
    return globals()[act](*params.get("with", []))
'''
