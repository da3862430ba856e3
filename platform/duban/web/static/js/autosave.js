// <form data-autosave="<POST url>" data-version="3">: what is typed is posted 1.2 s later and kept in this browser until the
// server has it. The server answers JSON {"version": n} (200), 412 when someone else changed it, 422 {"errors": {field: [..]}}.
// Files are not autosaved. Nothing kept here outlives the confirmation by the server: what was sent with the form stays until
// the next page shows that it arrived (see sent.js), so an expired session or a broken line costs nothing.
import { clock, phrase } from "./phrases.js";
import { draftKey, noteSent } from "./sent.js";

const WAIT_MS = 1200;
const RETRY_MS = 15000;

export function start(forms) {
  for (const form of forms) if (!form.autosave) form.autosave = new Autosave(form);
}

class Autosave {
  constructor(form) {
    this.form = form;
    this.key = draftKey(form);
    this.mark = form.querySelector("[data-save-state]") ?? document.querySelector("[data-save-state]");
    this.timer = null;
    this.busy = false;
    this.dirty = false;
    this.restore();
    form.addEventListener("input", () => this.changed());
    form.addEventListener("change", () => this.changed());
    form.addEventListener("submit", () => this.leave());
    form.addEventListener("keydown", (event) => this.stay(event));
    window.addEventListener("pageshow", () => (this.leaving = false));
    window.addEventListener("online", () => this.dirty && this.save());
    window.addEventListener("beforeunload", (event) => {
      if (this.dirty && !this.leaving && !this.keep()) event.preventDefault();
    });
    if (!this.dirty && this.typedEarly()) this.changed();
  }

  // On a slow line people type before this file has arrived; the browser may also have put back what stood there.
  typedEarly() {
    return [...this.form.elements].some((field) => {
      if (!field.name || ["hidden", "file", "submit", "button"].includes(field.type)) return false;
      if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
      if (field.tagName === "SELECT") return false; // a select without a marked option has no default to compare with
      return field.value !== field.defaultValue;
    });
  }

  values() {
    const data = new FormData(this.form);
    for (const [name, value] of [...data.entries()]) if (value instanceof File || ["csrf_token", "once"].includes(name)) data.delete(name);
    return data;
  }

  changed() {
    this.dirty = true;
    this.keep();
    this.say(phrase("unsaved"));
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), WAIT_MS);
  }

  // The "go" key of a phone's keyboard moves on; only the button hands in.
  stay(event) {
    if (event.key === "Enter" && !event.isComposing && event.target.matches("input:not([type=submit])")) event.preventDefault();
  }

  keep(sent = false) {
    try {
      localStorage.setItem(
        this.key,
        JSON.stringify({ at: Date.now(), version: this.form.dataset.version, values: [...this.values()], sent }),
      );
      return true;
    } catch {
      return false;
    }
  }

  leave() {
    this.leaving = true;
    clearTimeout(this.timer);
    if (this.keep(true)) noteSent(this.key);
  }

  forget() {
    try {
      localStorage.removeItem(this.key);
    } catch {
      /* a browser that stores nothing has nothing to forget */
    }
  }

  async save() {
    if (this.busy) return;
    this.busy = true;
    this.dirty = false;
    this.say(phrase("saving"));
    try {
      const headers = { Accept: "application/json", "X-Requested-With": "autosave" };
      const token = document.querySelector('meta[name="csrf-token"]')?.content;
      if (token) headers["X-CSRFToken"] = token;
      if (this.form.dataset.version) headers["If-Match"] = `"${this.form.dataset.version}"`;
      const response = await fetch(this.form.dataset.autosave, {
        method: "POST",
        body: this.values(),
        headers,
        redirect: "manual",
        credentials: "same-origin",
      });
      await this.answered(response);
    } catch {
      this.later(phrase("offline"));
    } finally {
      this.busy = false;
      if (this.dirty && !this.timer) this.timer = setTimeout(() => this.save(), WAIT_MS);
    }
  }

  async answered(response) {
    this.timer = null;
    if (response.ok) {
      const answer = await response.json().catch(() => ({}));
      if (answer.version !== undefined) this.setVersion(answer.version);
      if (!this.dirty) this.forget();
      this.say(phrase("saved", { time: answer.saved_at ?? clock() }), "ok");
    } else if (response.type === "opaqueredirect" || response.status === 401) {
      this.later(phrase("signedOut"));
    } else if (response.status === 409 || response.status === 412) {
      this.keep();
      this.say(phrase("conflict"), "bad");
    } else if (response.status < 500) {
      this.say(phrase("refused"), "bad");
    } else {
      this.later(phrase("offline"));
    }
  }

  later(words) {
    this.dirty = true;
    this.keep();
    this.say(words, "bad");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), RETRY_MS);
  }

  setVersion(version) {
    this.form.dataset.version = version;
    const field = this.form.elements.namedItem("version");
    if (field) field.value = version;
  }

  restore() {
    let kept = null;
    try {
      kept = JSON.parse(localStorage.getItem(this.key));
    } catch {
      /* unreadable copy: nothing to restore */
    }
    if (!kept || !this.differs(kept.values)) return this.forget();
    if (kept.sent && kept.version !== this.form.dataset.version) return this.forget(); // it arrived: the server has moved on
    if (kept.version !== undefined && kept.version !== this.form.dataset.version) this.say(phrase("conflict"), "bad");
    const before = [...this.values()];
    this.fill(kept.values);
    this.offerDiscard(new Date(kept.at), before);
    this.changed();
  }

  differs(values) {
    const own = JSON.stringify([...this.values()].filter(([name]) => name !== "version"));
    return own !== JSON.stringify(values.filter(([name]) => name !== "version"));
  }

  fill(values) {
    const byName = Map.groupBy ? Map.groupBy(values, ([name]) => name) : group(values);
    for (const field of this.form.elements) {
      if (!field.name || field.type === "file" || ["csrf_token", "once", "version"].includes(field.name)) continue;
      const given = (byName.get(field.name) ?? []).map(([, value]) => value);
      if (field.type === "checkbox" || field.type === "radio") field.checked = given.includes(field.value);
      else if (given.length) field.value = given[0];
    }
  }

  offerDiscard(at, before) {
    const bar = document.createElement("div");
    bar.className = "flash todo";
    const words = document.createElement("p");
    words.textContent = phrase("restored", { time: clock(at) });
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-small";
    button.textContent = phrase("discard");
    button.addEventListener("click", () => {
      this.fill(before);
      bar.remove();
      this.changed();
    });
    bar.append(words, button);
    this.form.prepend(bar);
  }

  say(words, tone = "") {
    if (!this.mark) return;
    this.mark.textContent = words;
    this.mark.className = `save-state ${tone}`;
  }
}

function group(values) {
  const groups = new Map();
  for (const pair of values) groups.set(pair[0], [...(groups.get(pair[0]) ?? []), pair]);
  return groups;
}
