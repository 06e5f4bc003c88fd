// Between the press of "Run this page" and the first result: have the runtime fetched while the application starts, run the
// cells as soon as Python answers, and say at the foot of the page what is happening.
(() => {
  const { files, version } = document.currentScript.dataset;
  const path = new URLSearchParams(location.search).get("path") ?? "";

  const bar = document.createElement("div");
  bar.className = "loading";
  bar.innerHTML = '<span role="status"></span><progress max="1" aria-label="Progress"></progress><a>Back to the page</a>';
  const [message, progress, back] = bar.children;
  back.href = new URL(`../../chapters/${path.replace(/\.ipynb$/, ".html")}`, location.href);
  back.hidden = !/^\d\d-/.test(path); // a notebook of the reader's own has no page
  document.body.append(bar);

  function say(text, part) {
    if (message.textContent !== text) message.textContent = text;
    progress.hidden = part === undefined;
    progress.value = part ?? 0;
  }

  let busy = true; // with fetching, until the first cell runs or a file does not come
  const megabytes = (bytes) => (bytes / 1e6).toFixed(0);
  const here = (address) => new URL(address, location.href).href;

  // The service worker, which JupyterLite would register a few seconds later; null where the browser allows none.
  async function serviceWorker() {
    try {
      const address = here("../service-worker.js?enableCache=false");
      localStorage.setItem(`${address}-version`, version); // else JupyterLite throws out all service workers of this host
      const registration = await navigator.serviceWorker.register(address);
      return registration ? (await navigator.serviceWorker.ready).active : null;
    } catch {
      return null;
    }
  }

  // The kernel asks for the same files when the application has started, and finds them, or waits for what is on its way.
  async function fetchRuntime(worker) {
    const list = await (await fetch(files)).json();
    const total = Object.values(list).reduce((sum, [size]) => sum + size, 0);
    navigator.serviceWorker.addEventListener("message", ({ data }) => {
      if (!busy || !(data.bytes || data.error)) return;
      if (data.error) {
        busy = false;
        say(`Fetching Python failed (${data.error}). If nothing more happens, reload this page.`);
      } else if (data.bytes < total) say(`Fetching Python: ${megabytes(data.bytes)} of ${megabytes(total)} MB, once.`, data.bytes / total);
      else say("Starting Python …");
    });
    worker.postMessage({ files: Object.entries(list).map(([name, [, hash]]) => [new URL(name, here(files)).href, hash]) });
  }

  async function until(found, seconds = Infinity) {
    for (const start = performance.now(); performance.now() - start < 1000 * seconds; ) {
      const value = found();
      if (value) return value;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`it has not answered for ${seconds} seconds`);
  }

  // The reply for a cell, or null if the reader ran or removed it meanwhile, or restarted Python.
  async function run(cell, kernel) {
    for (;;) {
      cell.model.trusted = true;
      cell.model.executionCount = null;
      const future = kernel.requestExecute({ code: cell.model.sharedModel.getSource(), stop_on_error: true });
      cell.setPrompt("*");
      cell.outputArea.future = future;
      // When a cell raises an error JupyterLite forgets what waits behind it, and never answers: ask again.
      let watch;
      const forgotten = new Promise((resolve) => {
        watch = (_, { msg, direction }) => {
          const failed = direction === "recv" && msg.header.msg_type === "execute_reply" && msg.content.status === "error";
          if (failed && msg.parent_header.msg_id !== future.msg.header.msg_id) resolve("again");
        };
      });
      kernel.anyMessage.connect(watch);
      const reply = await Promise.race([future.done, forgotten]).catch(() => null);
      kernel.anyMessage.disconnect(watch);
      if (reply !== "again") return reply;
      if (cell.isDisposed) return null;
    }
  }

  // One cell after the other, so that what the reader runs meanwhile comes next; nothing scrolls or takes the cursor away.
  async function runAll(notebook, kernel) {
    const sources = () => JSON.stringify(notebook.widgets.map((cell) => cell.model.sharedModel.getSource()));
    const original = sources();
    const cells = notebook.widgets.filter((cell) => cell.model.type === "code");
    for (const [index, cell] of cells.entries()) {
      if (cell.isDisposed) continue;
      say(`Running cell ${index + 1} of ${cells.length}. Change and run those above it with Shift+Enter.`, index / cells.length);
      const reply = await run(cell, kernel);
      if (!reply && kernel.status.includes("restarting")) return say("Python was restarted. Run > Run All Cells runs the page again.");
      if (!reply) continue;
      cell.model.executionCount = reply.content.execution_count;
      if (reply.content.status !== "ok") return say(`Cell ${index + 1} raised an error; the cells after it have not run.`);
      // Results alone are nothing to keep: a copy in the browser would hide every later version of the book.
      if (sources() === original) notebook.model.dirty = false;
    }
    say("All cells have run. Change a number and press Shift+Enter.");
  }

  // A link to another notebook of the book opens it here too; Jupyter would show it in a list of files.
  function openLinksHere(commands) {
    const execute = commands.execute.bind(commands);
    commands.execute = (id, args) => {
      if (id !== "rendermime:handle-local-link" || !args?.path?.endsWith(".ipynb")) return execute(id, args);
      return Promise.resolve(window.open(`?path=${encodeURIComponent(args.path)}`, "_blank"));
    };
  }

  async function start() {
    if (location.protocol === "file:") {
      return say("Running a page needs a web server: `python -m http.server --bind 127.0.0.1`, typed in the book's folder, starts one.");
    }
    say("Opening the notebook …");
    const worker = await serviceWorker();
    if (!worker) {
      return say("Running a page needs a service worker, and this browser allows none here: a private window, perhaps, or an address without https.");
    }
    fetchRuntime(worker).catch((error) => say(`Python could not be fetched (${error.message}). Reload this page to try again.`));
    const app = await until(() => window.jupyterapp);
    openLinksHere(app.commands);
    const panel = await until(() => app.shell.currentWidget?.content?.widgets?.length && app.shell.currentWidget);
    const kernel = await until(() => panel.sessionContext.session?.kernel);
    await until(() => ["idle", "busy"].includes(kernel.status), 600);
    busy = false;
    await runAll(panel.content, kernel);
  }

  start().catch((error) => {
    say(`Python could not be started: ${error.message}. Reload this page to try again; the page itself works without it.`);
    throw error;
  });
})();
