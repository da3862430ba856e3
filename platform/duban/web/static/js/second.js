// <form data-draft="<address of the draft as JSON>">: the same draft is open on a second device. What was saved there is looked for
// when one comes back to this page, every half minute, and when the server refuses to save over it; then both are shown, field by
// field, and the person says which stands. Nothing is thrown away before.
import { notWorkedOut } from "./forms.js";
import { pageAt, whole } from "./kept.js";
import { clock, phrase } from "./phrases.js";

const EVERY_MS = 30000;
const TAKES_DRAFTS = ["open", "returned", "missing"];

// Of a tick its own words after those of what it belongs to: a box ("does not apply") or a question with several ticks.
export function labelOf(field) {
  const ticked = field.type === "checkbox" || field.type === "radio";
  const own = ownText(field.labels?.[0]) ?? (ticked ? field.labels?.[0]?.textContent : null) ?? field.getAttribute("aria-label") ?? field.name;
  const box = ticked ? [...(field.form?.elements ?? [])].find((one) => one !== field && one.name === field.name && one.type !== field.type) : null;
  const of = ticked ? (ownText(box?.labels?.[0]) ?? ownText(field.closest("fieldset")?.querySelector(":scope > legend"))) : null;
  return [of, own].filter(Boolean).map((text) => text.trim()).join(" · ");
}

function ownText(element) {
  return [...(element?.childNodes ?? [])].find((node) => node.nodeType === Node.TEXT_NODE && node.data.trim())?.data ?? null;
}

export class Second {
  constructor(form, autosave) {
    this.form = form;
    this.autosave = autosave;
    this.bar = null;
    document.addEventListener("visibilitychange", () => this.look());
    window.addEventListener("focus", () => this.look());
    this.timer = setInterval(() => this.look(), EVERY_MS);
  }

  async look() {
    if (!this.form.isConnected) return clearInterval(this.timer);
    if (document.visibilityState !== "visible" || this.autosave.busy || !navigator.onLine) return;
    const version = this.form.dataset.version;
    const theirs = await this.theirs();
    // what was saved from here while it was asked for makes the answer old
    if (theirs && !this.autosave.busy && this.form.dataset.version === version) this.compare(theirs);
  }

  // What the server has; nothing without a network, where there is no second device either.
  async theirs() {
    try {
      if (!(await whole(this.form))) return null;
      const answer = await fetch(this.form.dataset.draft, { headers: { Accept: "application/json" }, credentials: "same-origin" });
      return answer.ok && !answer.redirected ? await answer.json() : null;
    } catch {
      return null;
    }
  }

  // The version to hand in on, where the server's draft was saved from here and the answer was lost; else null.
  async own(entries) {
    this.autosave.lineage.add(entries);
    const theirs = await this.theirs();
    return theirs?.version && TAKES_DRAFTS.includes(theirs.state) && this.autosave.lineage.has(theirs.typed) ? theirs.version : null;
  }

  compare(theirs) {
    if (theirs.withdrawn) {
      const words = `${theirs.withdrawn} ${phrase("withdrawnMeanwhile")}`;
      return this.show(words, [], [[phrase("openAgain"), () => this.openAgain()]]);
    }
    if (!TAKES_DRAFTS.includes(theirs.state)) return this.show(phrase("handedInElsewhere"), [], [[phrase("openAgain"), () => location.reload()]]);
    if (String(theirs.version) === String(this.form.dataset.version)) return;
    if (!theirs.version) return this.compareReturned(); // a draft goes when it is handed in: it was, and is back
    if (this.autosave.lineage.has(theirs.typed)) return this.goOn(theirs);
    const untouched = this.untouched(theirs.typed);
    const rows = this.differences(theirs.typed, untouched);
    if (!rows.length) return this.goOn(theirs);
    const where = [theirs.saved_by_name, theirs.device, clock(new Date(theirs.saved_at))].filter(Boolean).join(" · ");
    const isHere = this.autosave.savedHere() === String(theirs.version); // in another page of this browser
    const words = isHere ? phrase("otherPage", { where }) : phrase("otherDevice", { where });
    this.show(words, rows, [
      [phrase(isHere ? "useOtherPage" : "useTheirs"), () => this.takeTheirs(theirs)],
      [phrase("useMine"), () => this.keepMine(theirs, this.untouched(theirs.typed))],
    ], phrase(isHere ? "there" : "theirs"));
  }

  // What was handed in stands in the form the server shows now, beside the reasons it was returned for.
  async compareReturned() {
    const page = await pageAt(location.pathname);
    const fresh = page?.getElementById(this.form.id);
    if (!fresh || !this.form.isConnected) return;
    const reason = page.querySelector("[data-returned]")?.textContent.trim().replace(/\s+/g, " ") ?? "";
    const typed = {};
    for (const [name, value] of new FormData(fresh)) if (typeof value === "string") typed[name] ||= value;
    const rows = this.differences(typed);
    const mine = [phrase(rows.length ? "useMine" : "openAgain"), () => this.openReturned()];
    this.show([phrase(rows.length ? "returnedMeanwhile" : "returnedSame"), reason].filter(Boolean).join("\n"), rows, rows.length ? [[phrase("useHandedIn"), () => this.takeHandedIn()], mine] : [mine], phrase("handedIn"));
  }

  // Nothing of what stands here is kept: its person has seen both.
  async takeHandedIn() {
    this.autosave.handOver();
    await this.autosave.unsaved?.settle();
    location.reload();
  }

  // Saved from here, or in this one's name by the browser or another page: nobody has to choose.
  goOn(theirs) {
    this.autosave.setVersion(theirs.version);
    this.differences(theirs.typed).length || this.autosave.dirty ? this.autosave.changed() : this.autosave.settled();
    this.close();
  }

  // What stands here is a draft again, and is shown with the reasons it was returned for.
  async openReturned() {
    this.autosave.setVersion(0);
    this.autosave.dirty = true;
    await this.openAgain();
  }

  // What stands here is saved first: it is shown, to be copied, where nothing can be handed in any more.
  async openAgain() {
    await this.autosave.idle();
    if (this.autosave.dirty) await this.autosave.save();
    location.reload();
  }

  fields() {
    return [...this.form.elements].filter((field) => field.name && !["hidden", "file", "submit", "button", "fieldset"].includes(field.type));
  }

  said(field) {
    if (field.type !== "checkbox" && field.type !== "radio") return field.value;
    return field.checked ? field.value : null;
  }

  // A table is one thing: rows of two hands are not mixed.
  unitOf(name) {
    const table = [...this.form.querySelectorAll("[data-rows]")].find((one) => name.startsWith(`${one.dataset.rows}.`));
    return table ? table.dataset.rows : name;
  }

  // Names of the boxes nothing was typed into here since it was last the same as on the server.
  untouched(typed) {
    if (!this.autosave.base) return new Set();
    const [mine, base] = [this.byUnit(this.autosave.values()), this.byUnit(this.autosave.base)];
    const names = [...this.fields().map((field) => field.name), ...Object.keys(typed)];
    return new Set(names.filter((name) => (mine.get(this.unitOf(name)) ?? "") === (base.get(this.unitOf(name)) ?? "")));
  }

  byUnit(entries) {
    const found = new Map();
    for (const [name, value] of entries) if (value) found.set(this.unitOf(name), `${found.get(this.unitOf(name)) ?? ""}${JSON.stringify([name, value])}`);
    return found;
  }

  differences(typed, untouched = new Set()) {
    const rows = [];
    for (const field of this.fields()) {
      if (field.type === "radio" && !field.checked && typed[field.name] !== field.value) continue;
      const ticked = field.type === "checkbox" || field.type === "radio";
      if (!ticked && this.doesNotApply(field.name, typed)) continue; // its tick says it
      const mine = this.said(field) ?? "";
      const there = ticked ? (typed[field.name] === field.value ? field.value : "") : (typed[field.name] ?? "");
      if (mine.replace(/\r\n/g, "\n") === there.replace(/\r\n/g, "\n")) continue;
      const here = ticked ? phrase(mine ? "ticked" : "notTicked") : mine;
      rows.push([labelOf(field), ticked ? phrase(there ? "ticked" : "notTicked") : there, untouched.has(field.name) ? phrase("takenAlong") : here]);
    }
    return [...rows, ...this.rowsOnlyThere(typed, untouched)];
  }

  // Rows of a table that stand there and not here, by the label of their column.
  rowsOnlyThere(typed, untouched) {
    const rows = [];
    for (const table of this.form.querySelectorAll("[data-rows]")) {
      const pattern = table.querySelector("tr[data-row]");
      for (const [name, there] of Object.entries(typed)) {
        const [row, ...column] = name.startsWith(`${table.dataset.rows}.`) ? name.slice(table.dataset.rows.length + 1).split(".") : [];
        if (!there || !/^\d+$/.test(row ?? "") || table.querySelector(`tr[data-row="${row}"]`)) continue;
        const field = pattern && [...pattern.querySelectorAll("[name]")].find((one) => one.name === [table.dataset.rows, pattern.dataset.row, ...column].join("."));
        if (field) rows.push([labelOf(field), there, untouched.has(name) ? phrase("takenAlong") : ""]);
      }
    }
    return rows;
  }

  // The tick beside a box has the box's name: what it says is no text to show or to put into the box.
  doesNotApply(name, typed) {
    const tick = [...this.form.querySelectorAll("[data-na]")].find((one) => one.name === name);
    return Boolean(tick) && typed[name] === tick.value;
  }

  takeTheirs(theirs) {
    this.autosave.fill(Object.entries(theirs.typed), { all: true });
    this.autosave.setVersion(theirs.version);
    this.autosave.settled();
    notWorkedOut(this.form);
    this.close();
  }

  // What was not touched here is not taken back from who filled it in there.
  keepMine(theirs, untouched) {
    this.autosave.fill(Object.entries(theirs.typed).filter(([name]) => untouched.has(name)), { all: true, only: untouched });
    this.autosave.setVersion(theirs.version);
    this.autosave.changed();
    this.close();
  }

  show(words, rows, buttons, there) {
    const isNotHandedIn = "unkept" in this.form.dataset;
    if (isNotHandedIn) words = phrase("notHandedIn") + words;
    if (rows.length && this.bar?.isConnected && this.bar.dataset.words === words) return this.redraw(rows, buttons, there);
    this.close();
    document.querySelector(".second[data-refused]")?.remove(); // the server's own words of the same
    if (rows.length) this.form.querySelector(".restored")?.remove(); // giving up is one of the choices
    this.bar = document.createElement("section");
    this.bar.dataset.words = words;
    this.bar.className = "flash warn second at-form";
    this.bar.setAttribute("role", "alert");
    const text = document.createElement("p");
    text.textContent = words;
    const says = document.createElement("div");
    says.className = "says";
    says.tabIndex = 0; // it may scroll, also without a mouse
    says.append(text);
    if (rows.length) says.append(this.table(rows, there));
    this.bar.append(says);
    const acts = document.createElement("div");
    acts.className = "form-acts";
    this.choices = buttons;
    for (const [at, [label]] of buttons.entries()) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "btn btn-small";
      button.textContent = label;
      button.addEventListener("click", () => this.choose(at, acts));
      acts.append(button);
    }
    this.bar.append(acts);
    this.form.before(this.bar);
  }

  // Somebody is reading it, or reaching for a button.
  redraw(rows, buttons, there) {
    const [says, from] = [this.bar.querySelector(".says"), this.bar.querySelector(".says").scrollTop];
    says.querySelector("dl").replaceWith(this.table(rows, there));
    says.scrollTop = from;
    this.choices = buttons;
  }

  // What is being saved is answered first: its answer must not undo what was chosen.
  async choose(at, acts) {
    for (const button of acts.children) button.disabled = true;
    await this.autosave.idle();
    await this.choices[at][1]();
    for (const button of acts.children) button.disabled = false;
  }

  table(rows, there) {
    const list = document.createElement("dl");
    for (const [label, theirs, mine] of rows) {
      const name = document.createElement("dt");
      name.textContent = label;
      list.append(name);
      for (const [who, value] of [[there, theirs], [phrase("mine"), mine]]) {
        const line = document.createElement("dd");
        const word = document.createElement("b");
        word.textContent = who;
        line.append(word, value || phrase("empty"));
        list.append(line);
      }
    }
    return list;
  }

  close() {
    this.bar?.remove();
    this.bar = null;
  }
}
