// <form data-draft="<address of the draft as JSON>">: the same draft is open on a second device. What was saved there is looked for
// when one comes back to this page, every half minute, and when the server refuses to save over it; then both are shown, field by
// field, and the person says which stands. Nothing is thrown away before.
import { notWorkedOut } from "./forms.js";
import { clock, phrase } from "./phrases.js";

const EVERY_MS = 30000;
const TAKES_DRAFTS = ["open", "returned", "missing"];

export function labelOf(field) {
  const own = field.labels?.[0]?.childNodes;
  const text = own ? [...own].find((node) => node.nodeType === Node.TEXT_NODE && node.data.trim())?.data : null;
  return (text ?? field.getAttribute("aria-label") ?? field.name).trim();
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
    if (document.visibilityState !== "visible" || this.autosave.busy || !navigator.onLine || document.body.dataset.kept) return;
    try {
      const answer = await fetch(this.form.dataset.draft, { headers: { Accept: "application/json" }, credentials: "same-origin" });
      if (!answer.ok || answer.redirected) return;
      const theirs = await answer.json();
      if (!this.autosave.busy) this.compare(theirs);
    } catch {
      /* without a network there is no second device either */
    }
  }

  compare(theirs) {
    if (theirs.withdrawn) {
      const words = `${theirs.withdrawn} ${phrase("withdrawnMeanwhile")}`;
      return this.show(words, [], [[phrase("openAgain"), () => this.openAgain()]]);
    }
    if (!TAKES_DRAFTS.includes(theirs.state)) return this.show(phrase("handedInElsewhere"), [], [[phrase("openAgain"), () => location.reload()]]);
    if (String(theirs.version) === String(this.form.dataset.version) || theirs.version < Number(this.form.dataset.version)) return;
    const rows = this.differences(theirs.typed);
    if (!rows.length) {
      // the same text, saved in this one's name by the browser or another page
      this.autosave.setVersion(theirs.version);
      this.autosave.dirty ? this.autosave.changed() : this.autosave.settled();
      return this.close();
    }
    const where = [theirs.saved_by_name, theirs.device, clock(new Date(theirs.saved_at))].filter(Boolean).join(" · ");
    this.show(phrase("otherDevice", { where }), rows, [
      [phrase("useTheirs"), () => this.takeTheirs(theirs)],
      [phrase("useMine"), () => this.keepMine(theirs)],
    ]);
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

  differences(typed) {
    const rows = [];
    for (const field of this.fields()) {
      if (field.type === "radio" && !field.checked && typed[field.name] !== field.value) continue;
      const ticked = field.type === "checkbox" || field.type === "radio";
      const mine = this.said(field) ?? "";
      const there = ticked ? (typed[field.name] === field.value ? field.value : "") : (typed[field.name] ?? "");
      if (mine.replace(/\r\n/g, "\n") === there.replace(/\r\n/g, "\n")) continue;
      rows.push([labelOf(field), ticked ? phrase(there ? "ticked" : "notTicked") : there, ticked ? phrase(mine ? "ticked" : "notTicked") : mine]);
    }
    return rows;
  }

  takeTheirs(theirs) {
    for (const field of this.fields()) {
      if (field.type === "checkbox" || field.type === "radio") field.checked = theirs.typed[field.name] === field.value;
      else field.value = theirs.typed[field.name] ?? "";
    }
    this.autosave.setVersion(theirs.version);
    this.autosave.settled();
    notWorkedOut(this.form);
    this.close();
  }

  keepMine(theirs) {
    this.autosave.setVersion(theirs.version);
    this.autosave.changed();
    this.close();
  }

  show(words, rows, buttons) {
    this.close();
    this.bar = document.createElement("section");
    this.bar.className = "flash warn second";
    this.bar.setAttribute("role", "alert");
    const text = document.createElement("p");
    text.textContent = words;
    this.bar.append(text);
    if (rows.length) this.bar.append(this.table(rows));
    const acts = document.createElement("div");
    acts.className = "form-acts";
    for (const [label, act] of buttons) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "btn btn-small";
      button.textContent = label;
      button.addEventListener("click", act);
      acts.append(button);
    }
    this.bar.append(acts);
    this.form.before(this.bar);
  }

  table(rows) {
    const list = document.createElement("dl");
    for (const [label, theirs, mine] of rows) {
      const name = document.createElement("dt");
      name.textContent = label;
      list.append(name);
      for (const [who, value] of [[phrase("theirs"), theirs], [phrase("mine"), mine]]) {
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
