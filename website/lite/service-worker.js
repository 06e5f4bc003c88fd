// The files of the runtime never change under their names: each is fetched once and from then on is read from the reader's
// disk. Everything else is left to JupyterLite's own service worker.
const RUNTIME = /\/runtime-[0-9a-f]{12}\//;
const pending = new Map();

// The page asks for a file to show how far it is, and the kernel for the same one to use it: it is fetched for the first,
// and the second waits until it is on the disk.
async function kept(request) {
  const cache = await caches.open(request.url.match(RUNTIME)[0]);
  await pending.get(request.url);
  const found = await cache.match(request.url);
  if (found) return found;
  let done;
  pending.set(request.url, new Promise((resolve) => (done = resolve)));
  const finished = () => (done(), pending.delete(request.url));
  try {
    const response = await fetch(request.url);
    if (response.ok) cache.put(request.url, response.clone()).then(finished, finished);
    else finished();
    return response;
  } catch (error) {
    finished();
    throw error;
  }
}

// A new state of the book brings a new runtime; the files of the old one are of no use any more.
async function forget(request) {
  const [current] = request.url.match(RUNTIME);
  for (const name of await caches.keys()) if (RUNTIME.test(name) && name !== current) await caches.delete(name);
}

self.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET" || !RUNTIME.test(event.request.url)) return;
  event.stopImmediatePropagation();
  event.respondWith(kept(event.request));
  if (event.request.url.endsWith("/pyodide-lock.json")) event.waitUntil(forget(event.request));
});

importScripts("./jupyterlite-service-worker.js");
