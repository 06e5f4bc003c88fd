"""What a kernel may take. Run as a program, this starts a kernel with these limits; see `sandbox.manager`."""

import sys

GIB = 2**30
MEMORY, FILE_SIZE = 3 * GIB, GIB // 16
PROCESSES = 4096  # far from what a course needs, and from what brings a machine down

MESSAGE = 3 * 10**7  # bytes of one message


def limit():
    """Limit this process and those that it starts."""
    try:
        import resource
    except ImportError:  # Windows has no such limits; the guide says so
        return
    wanted = {"RLIMIT_AS": MEMORY, "RLIMIT_FSIZE": FILE_SIZE, "RLIMIT_CORE": 0, "RLIMIT_NPROC": PROCESSES}
    for name, value in wanted.items():
        allowed = resource.getrlimit(getattr(resource, name))[1]
        value = value if allowed == resource.RLIM_INFINITY else min(value, allowed)
        try:
            resource.setrlimit(getattr(resource, name), (value, value))
        except ValueError:  # macOS knows RLIMIT_AS and refuses it; the guide says what runs unconfined there
            pass


def careful(context):
    """A ZeroMQ context that neither takes giant messages from a kernel nor lets many of them wait in our memory."""
    import zmq

    context.setsockopt(zmq.MAXMSGSIZE, MESSAGE)
    context.setsockopt(zmq.RCVHWM, 20)
    return context


if __name__ == "__main__":
    limit()
    del sys.path[0]  # this file's folder: a kernel has nothing to look for there
    from ipykernel import kernelapp

    kernelapp.launch_new_instance()
