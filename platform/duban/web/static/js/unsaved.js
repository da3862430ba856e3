// What is typed into a form with data-outbox and is nowhere but on this device is put into its outbox too (outbox_core.js), so that
// it is saved also when the form's page is closed: by the browser itself when there is a network again, or by any other page of ours.
// While the form is looked at, it saves itself: it holds a lock by which the others know.
import "./outbox_core.js";
import { labelOf } from "./second.js";

const box = self.dubanOutbox;

export class Unsaved {
  constructor(form) {
    this.form = form;
    this.wanted = null; // what is to stand in the outbox: an item, or null for nothing
    this.working = null;
    this.there = true; // an earlier visit may have left something
    document.addEventListener("visibilitychange", () => this.holdWhileSeen());
    this.holdWhileSeen();
  }

  holdWhileSeen() {
    if (!navigator.locks) return;
    if (document.visibilityState === "visible" && this.form.isConnected) {
      this.letGo ??= box.seen(location.pathname);
      return;
    }
    this.letGo?.();
    this.letGo = null;
  }

  put(values, version) {
    if (!self.indexedDB) return;
    const person = document.body.dataset.person ?? "";
    const action = new URL(this.form.dataset.autosave, location).pathname;
    this.wanted = {
      id: `typed ${person} ${action}`, person, page: location.pathname, title: document.title, at: Date.now(), action,
      entries: [...values].filter(([n]) => n !== "version"), labels: labels(this.form), once: box.number(), typed: true, version, newest: this.form.dataset.draft, asked: "autosave", accept: "application/json",
    };
    this.note();
    this.work().then(() => navigator.serviceWorker?.ready).then((registration) => registration?.sync?.register("outbox")).catch(() => {});
  }

  drop() {
    this.wanted = null;
    if (self.indexedDB && this.there) this.work().catch(() => {});
  }

  settle() {
    this.drop();
    return this.working ?? Promise.resolve();
  }

  // One change after the other; of several wanted meanwhile only the last.
  work() {
    this.working ??= (async () => {
      try {
        let done;
        while (done !== this.wanted) {
          done = this.wanted;
          const person = document.body.dataset.person ?? "";
          await (done ? box.put(done) : box.remove(`typed ${person} ${new URL(this.form.dataset.autosave, location).pathname}`));
          this.there = Boolean(done);
        }
      } finally {
        this.working = null;
      }
    })();
    return this.working;
  }

  // So that other pages know that something waits without opening the outbox.
  note() {
    try {
      if (!localStorage.getItem("outbox")) localStorage.setItem("outbox", "typed");
    } catch {
      /* then only the form's own page and the browser send */
    }
  }
}

export function labels(form) {
  const found = {};
  for (const field of form.elements) if (field.name && !["hidden", "file", "submit", "button", "fieldset"].includes(field.type)) found[field.name] ??= labelOf(field);
  return found;
}
