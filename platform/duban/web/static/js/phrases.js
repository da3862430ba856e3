// The page's words for scripts, in the page's language.
const phrases = JSON.parse(document.getElementById("phrases")?.textContent ?? "{}");

export function phrase(name, values = {}) {
  return (phrases[name] ?? name).replace(/%\((\w+)\)s/g, (_, key) => values[key] ?? "");
}

export function clock(date = new Date()) {
  return `${String(date.getHours()).padStart(2, "0")}:${String(date.getMinutes()).padStart(2, "0")}`;
}
