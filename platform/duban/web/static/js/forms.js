// A form being filled in (forms/questions.html). Everything here also works without it, by pressing a button of the page:
// rows of a table come and go at once, a tick of "does not apply" empties its box, and what the server works out after each
// saving (autosave.js) is written beside the boxes: computed values, changes since the last period, what asks for a word.

export function start(roots) {
  for (const root of roots) if (!root.filling) root.filling = new Filling(root);
}

// Before kept answers are put back: a table gets the rows they stood in.
export function makeRoom(form, names) {
  for (const table of form.querySelectorAll("[data-rows]")) {
    const start = `${table.dataset.rows}.`;
    const wanted = new Set(names.filter((name) => name.startsWith(start)).map((name) => name.slice(start.length).split(".")[0]));
    for (const row of [...wanted].filter((number) => /^\d{1,4}$/.test(number)).sort((a, b) => a - b)) {
      if (!table.querySelector(`tr[data-row="${row}"]`)) addRow(table, row);
    }
  }
}

// Other answers stand in the boxes than the page was drawn with: what was worked out from those is not known until the next saving.
export function notWorkedOut(form) {
  for (const output of form.querySelectorAll("[data-computed]")) output.textContent = "—";
  for (const line of form.querySelectorAll("[data-change]")) line.textContent = "";
}

function addRow(table, number) {
  const rows = [...table.querySelectorAll("tbody tr[data-row]")];
  const pattern = rows.at(-1);
  if (!pattern || rows.length >= Number(table.dataset.most)) return null;
  const next = number ?? String(Math.max(...rows.map((row) => Number(row.dataset.row))) + 1);
  const row = pattern.cloneNode(true);
  const was = `${table.dataset.rows}.${pattern.dataset.row}.`;
  const is = `${table.dataset.rows}.${next}.`;
  const key = table.dataset.rows.replace(/^answer\./, "");
  row.dataset.row = next;
  for (const error of row.querySelectorAll(".error")) error.remove();
  for (const field of row.querySelectorAll("[name]")) {
    if (field.dataset.removeRow !== undefined) field.value = `remove:${key}:${next}`;
    if (!field.name.startsWith(was)) continue;
    field.name = field.name.replace(was, is);
    field.id = field.name;
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
    if (field.tagName === "SELECT") field.selectedIndex = 0;
    else field.value = "";
  }
  for (const output of row.querySelectorAll("[data-computed]")) {
    output.dataset.computed = output.dataset.computed.replace(`${key}.${pattern.dataset.row}.`, `${key}.${next}.`);
    output.textContent = "—";
  }
  table.querySelector("tbody").append(row);
  count(table);
  return row;
}

function count(table) {
  const rows = [...table.querySelectorAll("tbody tr[data-row]")];
  rows.forEach((row, index) => {
    const cell = row.querySelector("td.no");
    const before = cell?.textContent ?? "";
    if (cell) cell.textContent = String(index + 1);
    for (const field of row.querySelectorAll("[aria-label]")) {
      field.setAttribute("aria-label", field.getAttribute("aria-label").replace(before, String(index + 1)));
    }
  });
  const add = table.querySelector("[data-add-row]");
  if (add) add.hidden = rows.length >= Number(table.dataset.most);
}

class Filling {
  constructor(root) {
    this.root = root;
    this.form = root.closest("form");
    root.addEventListener("click", (event) => this.pressed(event));
    root.addEventListener("change", (event) => this.ticked(event.target));
    this.form?.addEventListener("duban:saved", (event) => this.show(event.detail));
    if (this.form?.dataset.try) this.form.addEventListener("input", () => this.tryLater());
    this.form?.addEventListener("duban:filled", () => this.allTicked());
    this.allTicked();
  }

  allTicked() {
    for (const tick of this.root.querySelectorAll("[data-na]")) this.ticked(tick);
  }

  // A trial fill is kept nowhere: what follows from the answers is asked for while they are typed. The last answer asked for wins.
  tryLater() {
    clearTimeout(this.waiting);
    this.waiting = setTimeout(async () => {
      const asked = (this.asked = (this.asked ?? 0) + 1);
      const body = new FormData(this.form);
      for (const [name, value] of [...body]) if (value instanceof File) body.delete(name);
      try {
        const answer = await fetch(this.form.dataset.try, { method: "POST", body, headers: { "X-Requested-With": "try" } });
        if (answer.ok && asked === this.asked) this.show(await answer.json());
      } catch {
        // without a network the button says so
      }
    }, 400);
  }

  pressed(event) {
    const add = event.target.closest("[data-add-row]");
    const remove = event.target.closest("[data-remove-row]");
    if (!add && !remove) return;
    event.preventDefault();
    const table = event.target.closest("[data-rows]");
    if (add) addRow(table)?.querySelector("input, select")?.focus();
    else this.remove(table, remove.closest("tr"));
    this.form?.dispatchEvent(new Event("input", { bubbles: true }));
  }

  remove(table, row) {
    const rows = [...table.querySelectorAll("tbody tr[data-row]")];
    if (rows.length === 1) {
      for (const field of row.querySelectorAll("input, select")) field.value = "";
      return;
    }
    const place = rows.indexOf(row);
    row.remove();
    count(table);
    (rows[place + 1] ?? rows[place - 1])?.querySelector("input, select")?.focus();
  }

  ticked(tick) {
    if (!tick.matches?.("[data-na]")) return;
    for (const field of this.form?.querySelectorAll(`[name="${tick.name}"], [name^="${tick.name}."]`) ?? []) {
      if (field === tick) continue;
      if (tick.checked && field.type === "checkbox") field.checked = false;
      else if (tick.checked) field.value = "";
      field.disabled = tick.checked;
    }
  }

  show(answer) {
    for (const output of this.root.querySelectorAll("[data-computed]")) {
      if (answer.computed && output.dataset.computed in answer.computed) output.textContent = answer.computed[output.dataset.computed] || "—";
    }
    for (const line of this.root.querySelectorAll("[data-change]")) {
      line.textContent = answer.changes?.[line.dataset.change] ?? "";
    }
    for (const box of this.root.querySelectorAll("[data-explain]")) {
      const why = answer.explain?.[box.dataset.explain];
      const typed = box.querySelector("textarea")?.value.trim();
      box.hidden = !why && !typed;
      const help = box.querySelector(".help");
      if (why && help) help.textContent = why;
    }
  }
}
