// Forms with autosave that were sent from this tab. Their copies are forgotten once a page shows that the server took them,
// and stay when the answer was the door or a refusal.
const LIST = "sent";

function listed() {
  try {
    return JSON.parse(sessionStorage.getItem(LIST)) ?? [];
  } catch {
    return [];
  }
}

export function noteSent(key) {
  try {
    sessionStorage.setItem(LIST, JSON.stringify([...new Set([...listed(), key])]));
  } catch {
    /* a browser that stores nothing: the copy is offered once more, nothing is lost */
  }
}

export function settleSent() {
  const keys = listed();
  if (!keys.length) return;
  const refused = document.body.classList.contains("bare") || document.querySelector("[data-refused]");
  const here = [...document.querySelectorAll("[data-autosave]")].map((form) => `draft:${form.dataset.autosave}`);
  try {
    sessionStorage.removeItem(LIST);
    if (!refused) for (const key of keys) if (!here.includes(key)) localStorage.removeItem(key);
  } catch {
    /* nothing stored, nothing to settle */
  }
}
