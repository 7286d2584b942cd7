/**
 * Keeps the application's own files, so that it opens without a network. The build puts `version` and `files`
 * before this text. Knows no message: requests to the relay pass by.
 */
/* global self, caches, Response, version, files */

const cacheName = `sotto-${version}`;

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(cacheName)
      .then((cache) => cache.addAll(files))
      .then(() => self.skipWaiting()),
  );
});

async function removeOlder() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== cacheName).map((name) => caches.delete(name)));
  await self.clients.claim();
}

self.addEventListener('activate', (event) => event.waitUntil(removeOlder()));

/** The page itself from the relay where it answers, so that a new version is met at once; else the kept one. */
async function page(request) {
  const kept = await caches.match('/', { cacheName, ignoreVary: true });
  return fetch(request).catch(() => kept ?? Response.error());
}

async function file(request) {
  return (await caches.match(request, { cacheName, ignoreVary: true })) ?? fetch(request);
}

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (request.mode === 'navigate') event.respondWith(page(request));
  else if (files.includes(url.pathname)) event.respondWith(file(request));
});
