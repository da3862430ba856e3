// The page shown without a network opens the one that was wanted as soon as there is one; the browser does not always say so.
const AGAIN_MS = 5000;

export function start() {
  if (location.pathname === "/offline") return;
  window.addEventListener("online", open);
  setInterval(() => navigator.onLine && open(), AGAIN_MS);
}

async function open() {
  try {
    const answer = await fetch("/offline", { cache: "no-store", credentials: "omit" });
    if (answer.ok) location.reload();
  } catch {
    /* not yet */
  }
}
