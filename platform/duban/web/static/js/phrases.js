// The page's words for scripts, in the page's language.
const phrases = JSON.parse(document.getElementById("phrases")?.textContent ?? "{}");

export function phrase(name, values = {}) {
  return (phrases[name] ?? name).replace(/%\((\w+)\)s/g, (_, key) => values[key] ?? "");
}

// What is wrong with a file is said where it was chosen: whoever chose it stands there, not at the top of the page.
export function sayAtFile(input, words) {
  let box = input.parentElement.querySelector("[data-file-error]");
  if (!box) {
    box = document.createElement("div");
    box.className = "error";
    box.dataset.fileError = "1";
    box.setAttribute("role", "alert");
    input.before(box);
  }
  box.textContent = words;
  if (words) box.scrollIntoView({ block: "center" });
}

// The time of day in the tenant's zone, whatever zone the device is set to.
export function clock(date = new Date()) {
  const timeZone = document.body.dataset.zone || undefined;
  return new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone }).format(date);
}
