// The files of the runtime never change under their names: each is fetched once and from then on is read from the reader's
// disk. Everything else is left to JupyterLite's own service worker.
const RUNTIME = /\/runtime-[0-9a-f]{12}\//;
const pending = new Map();

// What is asked for twice at a time is fetched once: the second waits until it is on the disk.
function kept(address, tell) {
  if (!pending.has(address)) pending.set(address, fetched(address, tell).finally(() => pending.delete(address)));
  return pending.get(address);
}

async function fetched(address, tell) {
  const cache = await caches.open(address.match(RUNTIME)[0]);
  if (await cache.match(address)) return;
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  const counted = new TransformStream({
    transform(chunk, stream) {
      tell?.(chunk.length);
      stream.enqueue(chunk);
    },
  });
  await cache.put(address, new Response(response.body.pipeThrough(counted), { headers: response.headers }));
}

async function answer(address) {
  await kept(address);
  return (await caches.open(address.match(RUNTIME)[0])).match(address);
}

// The page names all files of the runtime as soon as it opens; it has too much to do itself to fetch them, and is told
// how many bytes are here. A new state of the book brings a new runtime: the files of the old one are of no use any more.
async function fetchAll(files, page) {
  const current = files[0].match(RUNTIME)[0];
  for (const name of await caches.keys()) if (RUNTIME.test(name) && name !== current) await caches.delete(name);
  let bytes = 0;
  const tell = (more) => page.postMessage({ bytes: (bytes += more) });
  await Promise.all(files.map((file) => kept(file, tell)));
}

self.addEventListener("message", (event) => {
  if (event.data.files) event.waitUntil(fetchAll(event.data.files, event.source));
});

self.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET" || !RUNTIME.test(event.request.url)) return;
  event.stopImmediatePropagation();
  if (event.request.url.endsWith("/sizes.json")) return;
  event.respondWith(answer(event.request.url));
});

importScripts("./jupyterlite-service-worker.js");
