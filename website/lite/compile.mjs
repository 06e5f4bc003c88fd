// Compile the Python modules in archives to bytecode, with the very Python that will import them: node compile.mjs
// PYODIDE FROM TO. A browser would otherwise compile them anew on every visit.
import { pathToFileURL } from "node:url";

const [pyodide, from, to] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${pyodide}/pyodide.mjs`));
const python = await loadPyodide({ indexURL: pyodide });
for (const [name, folder] of Object.entries({ from, to })) {
  python.FS.mkdir(`/${name}`);
  python.FS.mount(python.FS.filesystems.NODEFS, { root: folder }, `/${name}`);
}
python.runPython(`
import importlib._bootstrap_external as external
import pathlib, zipfile

def compiled(name, source):
    code = compile(source, name, "exec", dont_inherit=True, optimize=0)
    return external._code_to_hash_pyc(code, bytes(8), False)  # never compared with a source, which is not there

for path in sorted(pathlib.Path("/from").iterdir()):
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(f"/to/{path.name}", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new:
        for name in sorted(name for name in old.namelist() if not name.endswith("/")):
            data = old.read(name)
            if name.endswith(".py"):
                name, data = f"{name}c", compiled(name, data)
            new.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)  # without the time, so that equal input gives equal output
`);
