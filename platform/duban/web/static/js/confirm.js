// Menus and confirm boxes are <details>: they open without this file. It adds Escape, a click beside, and focus on the first field.
export function start(boxes) {
  for (const box of boxes) {
    if (box.woken) continue;
    box.woken = true;
    box.addEventListener("toggle", () => opened(box));
    box.querySelector("[data-close]")?.addEventListener("click", () => close(box));
  }
}

function opened(box) {
  if (!box.open) return;
  for (const other of document.querySelectorAll("details[data-confirm][open], details[data-menu][open]"))
    if (other !== box && !other.contains(box)) other.open = false;
  box.querySelector("form.confirm-box")?.querySelector("textarea, input:not([type=hidden]), select, button")?.focus();
}

function close(box) {
  box.open = false;
  box.querySelector("summary")?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.querySelector("details[data-confirm][open], details[data-menu][open]");
  if (open) close(open);
});
document.addEventListener("click", (event) => {
  for (const box of document.querySelectorAll("details[data-confirm][open], details[data-menu][open]"))
    if (!box.contains(event.target)) box.open = false;
});
