// The files of the runtime never change under their names: each is fetched once and from then on is read from the reader's
// disk. Everything else is left to JupyterLite's own service worker.
const RUNTIME = /\/runtime-[0-9a-f]{12}\//;
const pending = new Map();

// The store of a state of the runtime; its name is an address, for all sites of a host share the stores.
const store = (address) => address.slice(0, address.search(RUNTIME)) + address.match(RUNTIME)[0];

// What is asked for twice at a time is fetched once: the second waits until it is on the disk.
function kept(address, hash, tell) {
  if (!pending.has(address)) pending.set(address, fetched(address, hash, tell).finally(() => pending.delete(address)));
  return pending.get(address);
}

async function fetched(address, hash, tell) {
  const cache = await caches.open(store(address));
  if (await cache.match(address)) return;
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  const counted = new TransformStream({
    transform(chunk, stream) {
      tell?.(chunk.length);
      stream.enqueue(chunk);
    },
  });
  const headers = new Headers({ "Content-Type": response.headers.get("Content-Type") ?? "" });
  if (address.endsWith(".wasm")) headers.set("Content-Type", "application/wasm"); // which not every server knows
  await cache.put(address, new Response(response.body.pipeThrough(counted), { headers }));
  if (hash && (await digest(await cache.match(address))) !== hash) {
    await cache.delete(address);
    throw new Error(`${address} is damaged`);
  }
}

async function digest(response) {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", await response.arrayBuffer()));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function answer(address) {
  try {
    await kept(address);
    const found = await (await caches.open(store(address))).match(address);
    if (found) return found;
  } catch {} // there is no room on the disk, or another tab has thrown the store away
  return fetch(address);
}

// The page names all files of the runtime as soon as it opens; it has too much to do itself to fetch them, and is told
// how many bytes are here. A new state of the book brings a new runtime: the files of the old one are of no use any more.
async function fetchAll(files, page) {
  const current = store(files[0][0]);
  for (const name of await caches.keys()) {
    if (name.startsWith(self.registration.scope) && RUNTIME.test(name) && name !== current) await caches.delete(name);
  }
  let bytes = 0;
  const tell = (more) => page.postMessage({ bytes: (bytes += more) });
  try {
    await Promise.all(files.map(([file, hash]) => kept(file, hash, tell)));
    page.postMessage({ bytes: Infinity });
  } catch (error) {
    page.postMessage({ error: error.message });
  }
}

self.addEventListener("message", (event) => {
  if (event.data.files) event.waitUntil(Promise.all([self.clients.claim(), fetchAll(event.data.files, event.source)]));
});

self.addEventListener("fetch", (event) => {
  if (event.request.method !== "GET" || !RUNTIME.test(event.request.url)) return;
  event.stopImmediatePropagation();
  if (!event.request.url.endsWith("/sizes.json")) event.respondWith(answer(event.request.url));
});

importScripts("./jupyterlite-service-worker.js");
