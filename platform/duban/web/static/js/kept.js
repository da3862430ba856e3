// A form's page that stands here as this device kept it, for want of a network (sw.js: <body data-kept="when" data-kept-typed="what
// was saved after that">). As soon as the server answers it is made an ordinary page: what has grown old in it is taken anew, what
// is typed stays. The browser does not always say that the network is back, so it is asked for from time to time as well.
const AGAIN_MS = 20000;
let asking = null;

export async function pageAt(address) {
  try {
    const answer = await fetch(address, { credentials: "same-origin" });
    if (answer.status >= 500) return null;
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return null;
  }
}

export function takeToken(page) {
  document.querySelector('meta[name="csrf-token"]')?.setAttribute("content", page.querySelector('meta[name="csrf-token"]')?.content ?? "");
}

// What was typed and saved after the page was kept: {version, values}, or nothing.
export function keptTyped() {
  try {
    return document.body.dataset.keptTyped ? JSON.parse(document.body.dataset.keptTyped) : null;
  } catch {
    return null;
  }
}

// So that the page kept on this device shows what the server has.
export function noteSaved(version, values) {
  navigator.serviceWorker?.controller?.postMessage({ kind: "saved", page: location.pathname, version, values: [...values] });
}

export function watch(form) {
  const timer = setInterval(() => {
    if (!form.isConnected || !document.body.dataset.kept) return clearInterval(timer);
    if (navigator.onLine && document.visibilityState === "visible") whole(form).catch(() => {});
  }, AGAIN_MS);
}

// Gives whether the server answers; the page is an ordinary one then, except to somebody who has to sign in first.
export function whole(form) {
  if (!document.body.dataset.kept) return Promise.resolve(true);
  asking ??= renew(form).finally(() => (asking = null));
  return asking;
}

async function renew(form) {
  const page = await pageAt(location.pathname);
  if (!page) return false;
  if (page.body.dataset.person !== document.body.dataset.person) return true; // the door: saving says so
  takeToken(page);
  const [fresh, once] = [page.getElementById(form.id), form.elements.namedItem("once")];
  const number = fresh?.elements.namedItem("once")?.value;
  if (once && number) once.value = number;
  const attached = page.getElementById("attached");
  if (attached) document.getElementById("attached")?.replaceWith(document.adoptNode(attached));
  delete document.body.dataset.kept;
  delete document.body.dataset.keptTyped;
  document.dispatchEvent(new CustomEvent("duban:line"));
  const waits = form.dataset.sent || form.inert || form.autosave?.dirty || form.autosave?.busy;
  if (fresh?.dataset.version !== form.dataset.version && !waits) location.reload(); // somebody went on meanwhile, and nothing was typed here
  return true;
}
