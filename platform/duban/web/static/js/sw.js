// Answers when there is no network: the form that was open comes back, and what was handed in meanwhile is sent as soon as there is
// a network again, also when the page was closed. Kept are our own styles and scripts, the page /offline, and forms being filled in
// (pages with data-outbox) with what was saved into them since, which are dropped when somebody signs out or another person signs in,
// and after sixty days; how old one is, the page says (data-kept). See docs/decisions/0054.
importScripts("/static/js/outbox_core.js");

const FILES = "duban-files-1";
const FORMS = "duban-forms";
const OFFLINE = "/offline";
const FORM_PAGE = /^\/duties\/[0-9a-f-]{36}$/;
const KEPT_MS = 60 * 24 * 3600 * 1000;
let keeping = Promise.resolve();

self.addEventListener("install", (event) => {
  event.waitUntil(keepOffline().then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

// Without cookies: the page everybody sees, with nobody's name on it.
async function keepOffline() {
  const page = await fetch(OFFLINE, { credentials: "omit", headers: { "Accept-Language": navigator.language } });
  if (!page.ok) return;
  const text = await page.clone().text();
  const files = await caches.open(FILES);
  await files.put(OFFLINE, page);
  await keepFiles([...text.matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)].map((found) => found[1].replaceAll("&amp;", "&")));
}

async function keepFiles(addresses) {
  const files = await caches.open(FILES);
  await Promise.all([...new Set(addresses)].map((address) => files.add(address).catch(() => {})));
}

self.addEventListener("message", (event) => {
  const { kind, addresses, page } = event.data ?? {};
  if (kind === "files") event.waitUntil(Promise.all([keepFiles(addresses), keepFirst(page)]));
  if (kind === "saved") event.waitUntil((keeping = keepTyped(event.data).catch(() => {})));
  if (kind === "forget") event.waitUntil(caches.delete(FORMS));
});

self.addEventListener("fetch", (event) => {
  const request = event.request;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== location.origin) return;
  if (request.mode === "navigate") event.respondWith(opened(request, address));
  else if (address.pathname.startsWith("/static/")) event.respondWith(file(request));
});

async function opened(request, address) {
  try {
    const answer = await fetch(request);
    if (FORM_PAGE.test(address.pathname) && answer.ok && !answer.redirected) keepForm(address.pathname, answer.clone());
    return answer;
  } catch {
    await keeping; // what was saved a moment ago stands in it
    const kept = FORM_PAGE.test(address.pathname) && (await (await caches.open(FORMS)).match(address.pathname));
    if (kept && Date.now() - Number(kept.headers.get("X-Kept-At")) < KEPT_MS) {
      const marks = `data-kept="${kept.headers.get("X-Kept-At")}" ${await typedSince(kept, address.pathname)}`;
      const text = (await kept.text()).replace("<body ", () => `<body ${marks}`);
      return new Response(text, { headers: { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": kept.headers.get("Content-Security-Policy") ?? "" } });
    }
    return (await (await caches.open(FILES)).match(OFFLINE)) ?? Response.error();
  }
}

async function keepForm(path, answer) {
  const forms = await caches.open(FORMS);
  const at = Date.now();
  const text = await answer.text();
  if (!text.includes("data-outbox")) return Promise.all([forms.delete(path), forms.delete(typedAt(path))]); // handed in meanwhile, or only to be read
  const headers = { "Content-Type": "text/html; charset=utf-8", "X-Kept-At": String(at) };
  const policy = answer.headers.get("Content-Security-Policy");
  return forms.put(path, new Response(text, { headers: policy ? { ...headers, "Content-Security-Policy": policy } : headers }));
}

// The first form opened on this device was loaded before this worker was there.
async function keepFirst(path) {
  if (!FORM_PAGE.test(path ?? "") || (await (await caches.open(FORMS)).match(path))) return;
  const answer = await fetch(path, { credentials: "same-origin" }).catch(() => null);
  if (answer?.ok && !answer.redirected) await keepForm(path, answer);
}

const typedAt = (path) => `${path}?typed`;

// What was saved into a form after it was kept: without it the page would come back as it was before.
async function keepTyped({ page, version, values }) {
  const forms = await caches.open(FORMS);
  if (await forms.match(page)) await forms.put(typedAt(page), new Response(JSON.stringify({ at: Date.now(), version, values })));
}

async function typedSince(kept, path) {
  const typed = await (await (await caches.open(FORMS)).match(typedAt(path)))?.json();
  if (!typed || typed.at < Number(kept.headers.get("X-Kept-At"))) return "";
  const text = JSON.stringify({ version: typed.version, values: typed.values });
  return `data-kept-typed="${text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;")}" `;
}

async function file(request) {
  try {
    const answer = await fetch(request);
    if (answer.ok) (await caches.open(FILES)).put(request, answer.clone());
    return answer;
  } catch {
    return (await caches.match(request)) ?? (await caches.match(request, { ignoreSearch: true })) ?? Response.error();
  }
}

// The browser calls when there is a network again, also without any page open.
self.addEventListener("sync", (event) => {
  if (event.tag === "outbox") event.waitUntil(self.dubanOutbox.alone(sendAll));
});

// Nothing where somebody else is signed in, or nobody: it waits for its sender.
async function tokenFor(item) {
  const page = await fetch(item.page, { credentials: "same-origin" }).then((answer) => answer.text());
  return page.match(/data-person="([^"]+)"/)?.[1] === item.person ? page.match(/name="csrf-token" content="([^"]+)"/)?.[1] : undefined;
}

async function sendAll() {
  const { again } = await self.dubanOutbox.sendEach(await self.dubanOutbox.everybodys(), tokenFor);
  for (const client of await self.clients.matchAll()) client.postMessage({ kind: "outbox" });
  if (again) throw new Error("not all has arrived"); // the browser tries again
}
