// Hides what cannot apply to what is chosen: data-when="name:value,value other:value" on a box, or on any element of a form; all must hold.
// What has a complaint is never hidden, and what is hidden keeps what was typed. Without a script everything stands there.
const MARKED = "[data-when]";

const chosen = (form, name) => {
  const control = form.elements.namedItem(name);
  if (!control) return null; // not offered here: nothing speaks against it
  if (control instanceof RadioNodeList) return control.value;
  return control.type === "checkbox" ? (control.checked ? "1" : "") : control.value;
};

const holds = (form, condition) => {
  const at = condition.lastIndexOf(":");
  const now = chosen(form, condition.slice(0, at));
  return now === null || condition.slice(at + 1).split(",").includes(now);
};

function settle(form) {
  for (const marked of form.querySelectorAll(MARKED)) {
    const part = marked.closest(".field") ?? marked;
    const applies = marked.dataset.when.split(" ").every((condition) => holds(form, condition));
    if (applies && part.hidden && part.matches("details")) part.open = true;
    part.hidden = !applies && !part.matches(".bad") && !part.querySelector(".bad, .error");
  }
}

export function start(found) {
  for (const form of new Set(found.map((marked) => marked.closest("form")))) settle(form);
}

for (const name of ["change", "duban:filled"])
  document.addEventListener(name, (event) => {
    const form = event.target.closest("form");
    if (form) settle(form);
  });
