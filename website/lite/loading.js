// Between the press of "Run this page" and the first result: fetch the runtime while the application starts, run the
// cells as soon as Python answers, and say at the foot of the page what is happening.
(() => {
  const script = document.currentScript;
  const path = new URLSearchParams(location.search).get("path") ?? "";

  const bar = document.createElement("div");
  bar.className = "loading";
  bar.innerHTML = '<span role="status"></span><progress max="1" aria-label="Progress"></progress><a>Back to the page</a>';
  const [message, progress, back] = bar.children;
  back.href = new URL(`../../chapters/${path.replace(/\.ipynb$/, ".html")}`, location.href);
  document.body.append(bar);

  function say(text, part) {
    message.textContent = text;
    progress.hidden = part === undefined;
    progress.value = part ?? 0;
  }

  let running = false; // from the first cell on
  const megabytes = (bytes) => (bytes / 1e6).toFixed(0);

  // The service worker, which JupyterLite would register a few seconds later. There is none in some private windows: then
  // the kernel fetches its files by itself.
  async function serviceWorker() {
    const workers = navigator.serviceWorker;
    if (!workers) return null;
    try {
      await workers.register("../service-worker.js?enableCache=false", { scope: "../" });
    } catch {
      return null;
    }
    if (!workers.controller) await new Promise((resolve) => workers.addEventListener("controllerchange", resolve, { once: true }));
    return workers.controller;
  }

  // The kernel asks for the same files when the application has started, and finds them, or waits for what is on its way.
  async function fetchRuntime() {
    const worker = await serviceWorker();
    if (!worker) return;
    const list = new URL(script.dataset.files, location.href);
    const sizes = await (await fetch(list)).json();
    const total = Object.values(sizes).reduce((sum, size) => sum + size, 0);
    navigator.serviceWorker.addEventListener("message", ({ data }) => {
      if (running || !data.bytes) return;
      if (data.bytes < total) say(`Fetching Python: ${megabytes(data.bytes)} of ${megabytes(total)} MB, once.`, data.bytes / total);
      else say("Starting Python …");
    });
    worker.postMessage({ files: Object.keys(sizes).map((name) => new URL(name, list).href) });
  }

  async function until(found) {
    for (;;) {
      const value = found();
      if (value) return value;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  // One cell after the other, so that what the reader runs meanwhile comes next; nothing scrolls or takes the cursor away.
  async function runAll(notebook, kernel) {
    const cells = notebook.widgets.filter((cell) => cell.model.type === "code");
    for (const [index, cell] of cells.entries()) {
      say(`Running cell ${index + 1} of ${cells.length}. Change and run those above it with Shift+Enter.`, index / cells.length);
      cell.model.trusted = true;
      cell.model.executionCount = null;
      const future = kernel.requestExecute({ code: cell.model.sharedModel.getSource(), stop_on_error: true });
      cell.setPrompt("*");
      cell.outputArea.future = future;
      const reply = await future.done;
      cell.model.executionCount = reply.content.execution_count;
      if (reply.content.status !== "ok") return say("This cell raised an error; the cells after it have not run.");
    }
    say("All cells have run. Change a number and press Shift+Enter.");
  }

  async function start() {
    if (location.protocol === "file:") {
      return say("Running a page needs a web server: READ-ME-FIRST.txt, beside the book, says how to start one.");
    }
    say("Opening the notebook …");
    fetchRuntime();
    const app = await until(() => window.jupyterapp);
    const panel = await until(() => app.shell.currentWidget?.content?.widgets?.length && app.shell.currentWidget);
    const kernel = await until(() => panel.sessionContext.session?.kernel);
    say("Starting Python …");
    await until(() => ["idle", "busy"].includes(kernel.status));
    running = true;
    await runAll(panel.content, kernel);
  }

  // A link to another notebook of the book opens it here too; Jupyter would show it in a list of files.
  document.addEventListener(
    "click",
    (event) => {
      const found = event.target.closest?.("a[href]")?.href.match(/\/run\/files\/(.+\.ipynb)(#.*)?$/);
      if (!found) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      window.open(`?path=${found[1]}`, "_blank");
    },
    true,
  );

  start().catch((error) => {
    say(`Python could not be started: ${error.message}. The page itself works without it.`);
    throw error;
  });
})();
