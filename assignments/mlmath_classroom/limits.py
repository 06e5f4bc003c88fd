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
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_SIZE, FILE_SIZE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    allowed = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    processes = PROCESSES if allowed == resource.RLIM_INFINITY else min(PROCESSES, allowed)
    resource.setrlimit(resource.RLIMIT_NPROC, (processes, processes))


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
