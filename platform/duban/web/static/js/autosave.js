// <form data-autosave="<POST url>" data-version="3">: what is typed is posted 1.2 s later and kept in this browser until the
// server has it. The server answers JSON {"version": n} (200), 412 when someone else changed it, 422 {"errors": {field: [..]}}.
// Files are not autosaved. Nothing kept here outlives the confirmation by the server: what was sent with the form stays until
// the next page shows that it arrived (see sent.js), so an expired session or a broken line costs nothing.
// data-warn: leaving with something the server has not got is asked about. data-keep="<name>" instead of data-autosave: a form
// that has no draft on the server is kept in this browser alone, until it is sent.
import { makeRoom, notWorkedOut } from "./forms.js";
import { keptTyped, noteSaved, whole } from "./kept.js";
import { Lineage } from "./lineage.js";
import { clock, phrase } from "./phrases.js";
import { Second } from "./second.js";
import { draftKey, noteSent } from "./sent.js";
import { Unsaved } from "./unsaved.js";

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
    this.saved = null; // what the server is known to have, on the version this form names
    this.base = null; // what the server had when typing began here
    this.lineage = new Lineage();
    this.unsaved = "outbox" in form.dataset && form.dataset.autosave ? new Unsaved(form) : null;
    this.takeKept();
    this.base = [...this.values()];
    this.restore();
    form.addEventListener("input", () => this.changed());
    form.addEventListener("change", () => this.changed());
    form.addEventListener("submit", () => this.leave());
    form.addEventListener("keydown", (event) => this.stay(event));
    form.addEventListener("htmx:afterRequest", (event) => arrived(event.detail) || this.comeBack());
    window.addEventListener("pageshow", () => (this.leaving = form.inert));
    window.addEventListener("online", () => this.dirty && this.save());
    document.addEventListener("duban:line", () => this.dirty && this.save());
    window.addEventListener("pagehide", () => this.dirty && !this.leaving && this.wait());
    document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && this.goesOnAlone());
    window.addEventListener("beforeunload", (event) => {
      if (!this.dirty || this.leaving) return;
      const kept = this.keep();
      if (!kept || "warn" in form.dataset) event.preventDefault();
    });
    if (!this.dirty && !this.fromDevice && (form.typedOn || this.typedEarly())) this.changed();
    if (form.dataset.draft) this.second = new Second(form, this);
    if (this.behind) this.second?.look();
    if (form.inert) this.leave(); // what stands here waits in the outbox
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
    if (this.gone) return; // the browser says "change" of a box it is just taking away
    if (this.saved !== null && this.saved === textOf(this.values())) return this.dirty ? this.settled() : undefined;
    this.dirty = true;
    this.refused = false;
    this.keep();
    if (!this.form.dataset.autosave) return this.say(phrase("keptHere"));
    this.say(phrase("unsaved"));
    if (this.lost || !navigator.onLine) {
      this.wait();
      notWorkedOut(this.form); // only the server works out what follows from the answers
    }
    this.soon(WAIT_MS);
  }

  soon(wait) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = null;
      this.save();
    }, wait);
  }

  // The "go" key of a phone's keyboard moves on; only the button hands in.
  stay(event) {
    if (this.form.dataset.autosave && event.key === "Enter" && !event.isComposing && event.target.matches("input:not([type=submit])")) event.preventDefault();
  }

  keep(sent = false) {
    const copy = { at: Date.now(), version: this.form.dataset.version, values: [...this.values()], sent, tried: this.lineage.tried, base: this.base };
    try {
      localStorage.setItem(this.key, JSON.stringify(copy));
      return true;
    } catch {
      return false;
    }
  }

  // What stands here stands nowhere else: it is sent also when this page is closed.
  wait() {
    if (!this.gone) this.unsaved?.put(this.values(), this.form.dataset.version);
  }

  // Nobody looks at the page now: the browser may save what waits, and the answer is not heard here.
  goesOnAlone() {
    if (!this.form.isConnected || this.leaving || !this.unsaved?.wanted) return;
    this.lineage.add(this.values());
    this.keep();
  }

  leave() {
    this.leaving = true;
    clearTimeout(this.timer);
    if (this.keep(true)) noteSent(this.key);
  }

  // A button of the page could not be sent: what is typed goes on being saved by itself.
  comeBack() {
    if (!this.leaving || !this.form.isConnected) return;
    this.leaving = false;
    this.changed();
  }

  forget() {
    this.unsaved?.drop();
    try {
      localStorage.removeItem(this.key);
    } catch {
      /* a browser that stores nothing has nothing to forget */
    }
  }

  // The form goes: whatever is still under way for it changes nothing any more.
  replaced() {
    this.gone = this.leaving = true;
    this.dirty = false;
    clearTimeout(this.timer);
  }

  // One with what was sent comes in its place: what is kept here is neither lost nor somebody else's.
  handOver() {
    this.replaced();
    this.forget();
  }

  // Until what is being saved has been answered: what is sent afterwards names the version the server has.
  async idle() {
    clearTimeout(this.timer);
    this.timer = null;
    while (this.busy) await new Promise((resolve) => setTimeout(resolve, 50));
  }

  async save() {
    if (this.busy || this.leaving || !this.form.dataset.autosave) return;
    clearTimeout(this.timer);
    this.timer = this.saved = null;
    this.busy = true;
    this.dirty = false;
    this.say(phrase("saving"));
    try {
      if (!(await whole(this.form))) return this.later(phrase("offline"));
      if (this.gone) return;
      this.dirty = false;
      const values = this.values();
      if (navigator.onLine) this.lineage.add(values);
      this.keep();
      const headers = { Accept: "application/json", "X-Requested-With": "autosave" };
      const token = document.querySelector('meta[name="csrf-token"]')?.content;
      if (token) headers["X-CSRFToken"] = token;
      if (this.form.dataset.version) headers["If-Match"] = `"${this.form.dataset.version}"`;
      const response = await fetch(this.form.dataset.autosave, {
        method: "POST",
        body: values,
        headers,
        redirect: "manual",
        credentials: "same-origin",
      });
      await this.answered(response, values);
    } catch {
      this.later(phrase("offline"));
    } finally {
      this.busy = false;
      if (this.dirty && !this.timer && !this.refused) this.soon(WAIT_MS);
    }
  }

  async answered(response, values) {
    if (this.gone) return; // nothing of it is kept: its person has chosen
    if (response.ok) {
      const answer = await response.json().catch(() => ({}));
      if (answer.version !== undefined) this.setVersion(answer.version);
      if (!answer.withdrawn) this.saved = textOf(values);
      this.base = [...values];
      this.noteSavedHere();
      this.lineage.clear();
      this.lost = false;
      if (this.unsaved) noteSaved(this.form.dataset.version, values);
      this.unsaved?.drop();
      this.form.dispatchEvent(new CustomEvent("duban:saved", { detail: answer }));
      if (!this.dirty) this.forget();
      if (answer.withdrawn) setTimeout(() => this.second?.look());
      this.say(phrase("saved", { time: answer.saved_at ?? clock() }), "ok");
    } else if (response.type === "opaqueredirect" || response.status === 401) {
      this.later(phrase("signedOut"));
    } else if (response.status === 409 || response.status === 412) {
      this.keep();
      this.wait();
      this.say(phrase(this.second ? "conflictShown" : "conflict"), "bad");
      setTimeout(() => this.second?.look());
    } else if (response.status < 500) {
      this.dirty = this.refused = "warn" in this.form.dataset; // it stands nowhere but here, and is not sent again as it is
      this.say(phrase("refused"), "bad");
    } else {
      this.later(phrase("offline"));
    }
  }

  later(words) {
    if (this.gone) return;
    this.dirty = this.lost = true;
    this.keep();
    this.wait();
    notWorkedOut(this.form);
    this.say(words, "bad");
    this.soon(RETRY_MS);
  }

  // What stands here is what the server has.
  settled() {
    clearTimeout(this.timer);
    this.timer = null;
    this.dirty = this.lost = false;
    this.lineage.clear();
    this.base = [...this.values()];
    this.saved = textOf(this.base);
    this.forget();
    if (this.unsaved) noteSaved(this.form.dataset.version, this.values());
    this.say(phrase("saved", { time: clock() }), "ok");
  }

  // The version this browser saved last, in whichever page: another page of it is not another device.
  noteSavedHere() {
    try {
      localStorage.setItem(`saved-${this.key}`, this.form.dataset.version);
    } catch {
      /* then it is called another device */
    }
  }

  savedHere() {
    try {
      return localStorage.getItem(`saved-${this.key}`);
    } catch {
      return null;
    }
  }

  setVersion(version) {
    this.saved = null;
    this.form.dataset.version = version;
    const field = this.form.elements.namedItem("version");
    if (field) field.value = version;
  }

  // The page is the one this device kept, and what was saved after it was kept is known: that is what stands here.
  takeKept() {
    const typed = this.unsaved && keptTyped();
    if (!typed) return;
    this.fromDevice = true;
    this.fill(typed.values);
    this.setVersion(typed.version);
  }

  restore() {
    let kept = null;
    try {
      kept = JSON.parse(localStorage.getItem(this.key));
    } catch {
      /* unreadable copy: nothing to restore */
    }
    if (kept && this.unsaved) this.take(kept);
    if (this.unsaved && ("unkept" in this.form.dataset || document.querySelector("[data-unsent]"))) return this.standsOnlyHere(kept);
    if (!kept?.values || !this.differs(kept.values)) return this.forgetTyped();
    if (kept.sent && kept.version !== this.form.dataset.version) return this.forget(); // it arrived: the server has moved on
    const newest = this.form.dataset.version;
    const before = [...this.values()];
    if (this.form.dataset.keep && this.rebuild(kept)) return;
    this.behind = this.form.dataset.autosave && kept.version !== undefined && kept.version !== newest && !this.isNewer(kept);
    this.fill(kept.values);
    if (this.behind) this.base = kept.base ?? null;
    // What was typed on an older version stays on it: the server takes it only once the person has said which stands.
    if (this.behind || this.isNewer(kept)) this.setVersion(kept.version);
    this.offerDiscard(new Date(kept.at), before, newest);
    if (!this.behind) return this.changed();
    this.dirty = true;
    this.keep();
    this.say(phrase(this.form.dataset.draft ? "conflictShown" : "conflict"), "bad");
  }

  // What waited on this device may have been saved by the browser since, and its answer is not known.
  take(kept) {
    this.lineage.take(kept.tried);
    if (kept.values) this.lineage.add(kept.values);
  }

  // The server shows what it did not take and has not kept: it is saved as a draft, or asked about where the draft has moved on.
  // Its own field goes on naming the newest version: pressing once more hands in over that, as the page says.
  standsOnlyHere(kept) {
    const newest = this.form.dataset.version;
    this.dirty = true;
    if (kept?.values) {
      this.form.dataset.version = kept.version ?? newest;
      this.base = kept.base ?? null;
      this.behind = String(kept.version ?? newest) !== String(newest);
    } else if ("unkept" in this.form.dataset) return this.keep();
    if (!this.behind) return this.changed();
    this.keep();
    this.say(phrase("conflictShown"), "bad");
  }

  // Nothing typed is kept, and still what was tried and not answered: the server may have it, on a later version than this page's.
  forgetTyped() {
    this.forget();
    if (!this.lineage.tried.length || !document.body.dataset.kept) return;
    try {
      localStorage.setItem(this.key, JSON.stringify({ tried: this.lineage.tried }));
    } catch {
      /* then the person is asked which of their own words stand */
    }
  }

  // The page the device kept may be older than what was typed on it later.
  isNewer(kept) {
    return Boolean(document.body.dataset.kept) && Number(kept.version) > Number(this.form.dataset.version);
  }

  // Rows of a designer are the server's to draw: it is asked for the page with what was kept, which saves nothing.
  rebuild(kept) {
    const there = new Set([...this.form.elements].map((field) => field.name));
    if (!self.htmx || kept.values.every(([name]) => there.has(name))) return false;
    const values = {};
    for (const [name, value] of kept.values) if (name !== "version") (values[name] ??= []).push(value);
    values.act = ["restore"];
    const id = this.form.id;
    this.forget();
    self.htmx
      .ajax("POST", location.href, { values, target: `#${id}`, select: `#${id}`, swap: "outerHTML" })
      .then(async () => {
        const form = document.getElementById(id);
        while (!form.autosave) await new Promise((resolve) => setTimeout(resolve, 50));
        form.autosave.offerDiscard(new Date(kept.at), null);
        form.autosave.changed();
      })
      .catch(() => {});
    return true;
  }

  differs(values) {
    return textOf(this.values()) !== textOf(values);
  }

  // all: also boxes nothing is said of are emptied; they stand in rows the other has not. only: no box but those named.
  fill(values, { all = false, only = null } = {}) {
    makeRoom(this.form, values.map(([name]) => name));
    const byName = Map.groupBy ? Map.groupBy(values, ([name]) => name) : group(values);
    for (const field of this.form.elements) {
      if (!field.name || field.type === "file" || ["csrf_token", "once", "version"].includes(field.name) || (only && !only.has(field.name))) continue;
      const given = (byName.get(field.name) ?? []).map(([, value]) => value);
      if (field.type === "checkbox" || field.type === "radio") field.checked = given.includes(field.value);
      else if (given.length || all) field.value = given[0] ?? "";
    }
    notWorkedOut(this.form);
    this.form.dispatchEvent(new CustomEvent("duban:filled", { bubbles: true }));
  }

  offerDiscard(at, before, newest = this.form.dataset.version) {
    const onto = this.form.dataset.version;
    const bar = document.createElement("div");
    bar.className = "flash todo restored";
    const words = document.createElement("p");
    words.textContent = phrase("restored", { time: clock(at) });
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-small";
    button.textContent = phrase("discard");
    button.addEventListener("click", () => {
      if (!before) {
        this.dirty = false;
        this.forget();
        return location.reload();
      }
      this.fill(before);
      if (this.form.dataset.version === onto) this.setVersion(newest); // else it has been saved since
      this.second?.close();
      bar.remove();
      this.changed();
    });
    bar.append(words, button);
    if (this.behind && !this.form.dataset.draft) bar.append(this.keepingMine(newest, bar));
    this.form.prepend(bar);
    // Who types on has taken it: what was typed since must not go with it.
    if (!this.behind) this.form.addEventListener("input", (event) => event.isTrusted && button.remove());
  }

  keepingMine(newest, bar) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-small";
    button.textContent = phrase("useMine");
    button.addEventListener("click", () => {
      this.setVersion(newest);
      bar.remove();
      this.changed();
    });
    return button;
  }

  say(words, tone = "") {
    if (!this.mark) return;
    this.mark.textContent = words;
    this.mark.className = `save-state ${tone}`;
  }
}

// htmx calls an answer that leads to another page (HX-Redirect) not successful; what was sent has arrived all the same.
function arrived({ successful, xhr }) {
  return successful || (xhr?.status >= 200 && xhr.status < 400);
}

function textOf(values) {
  return JSON.stringify([...values].filter(([name]) => name !== "version"));
}

function group(values) {
  const groups = new Map();
  for (const pair of values) groups.set(pair[0], [...(groups.get(pair[0]) ?? []), pair]);
  return groups;
}
