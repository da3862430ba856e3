// Single keys follow the links that name them (data-key), unless something is being typed; and "all of this page" ticks the boxes of a list.
export function start(found) {
  for (const root of found) {
    if (root.woken) continue;
    root.woken = true;
    if (root.matches("[data-ticks]")) ticks(root);
    else keys(root);
  }
}

function keys(root) {
  const links = new Map([...root.querySelectorAll("[data-key]")].map((link) => [link.dataset.key, link]));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !root.isConnected) return;
    if (event.target.closest("input, textarea, select, [contenteditable], [role=dialog]")) return;
    const link = links.get(event.key.toLowerCase());
    if (!link) return;
    event.preventDefault();
    link.click();
  });
}

function ticks(form) {
  const all = form.querySelector("[data-tick-all]");
  const boxes = [...form.querySelectorAll("input[name=item]")];
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
  });
  form.addEventListener("change", () => {
    all.checked = boxes.every((box) => box.checked);
  });
}
