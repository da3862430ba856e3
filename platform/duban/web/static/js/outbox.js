// <form data-outbox>: what is handed in is put into the outbox of this device first (outbox_core.js) and taken out when it has
// arrived. Without a network it waits there, with its photographs, and is sent by itself; the page says so, and until when.
// Photographs travel as soon as they are chosen, so that handing in is quick; large ones are made smaller before.
import "./outbox_core.js";
import { pageAt, takeToken, watch, whole } from "./kept.js";
import { phrase, sayAtFile } from "./phrases.js";
import { draftKey, noteSent } from "./sent.js";
import { smaller } from "./photos.js";
import { labelOf } from "./second.js";
import { labels } from "./unsaved.js";

const box = self.dubanOutbox;
const AGAIN_MS = 20000;
const MOMENT_MS = 5000;
const MOST_TURNS = 60;
const DAY_MS = 24 * 3600 * 1000;
const STALE_DAYS = 7;
let timer = null;
let elsewhere = null;

const person = () => document.body.dataset.person ?? "";
const token = () => document.querySelector('meta[name="csrf-token"]')?.content ?? "";

// So that other pages need not open the outbox to know that it is empty, and other tabs hear of every change.
async function noteWaiting() {
  const waiting = await box.all(person());
  const anybodys = await box.everybodys(); // who signs in next finds what waits for them
  try {
    anybodys.length ? localStorage.setItem("outbox", anybodys.map((item) => item.id).join()) : localStorage.removeItem("outbox");
  } catch {
    /* then only the form's own page sends */
  }
  return waiting;
}

// Any other page: what waits is sent from here; what is refused waits for its own page, where it can be put right. What waits
// still is said, in every tab, until it has arrived.
export async function sendElsewhere() {
  let arrived = [];
  let waiting = [];
  let refused = new Set();
  showWaiting(await box.all(person()), refused);
  await box.alone(async () => {
    const sent = await box.sendEach((await box.all(person())).filter((item) => !isHere(item)), token);
    arrived = sent.arrived.filter((item) => item.hands).map((item) => item.title);
    refused = sent.refused;
    waiting = await noteWaiting();
  });
  showWaiting(waiting, refused);
  clearTimeout(elsewhere);
  if (waiting.some((item) => !refused.has(item.id))) elsewhere = setTimeout(() => sendElsewhere().catch(() => {}), AGAIN_MS);
  if (!arrived.length) return;
  const bar = document.createElement("div");
  bar.className = "flash done";
  bar.setAttribute("role", "status");
  bar.textContent = phrase("sentNow", { names: arrived.join(phrase("comma")) });
  document.getElementById("main")?.prepend(bar);
}

function forgetCopy(form) {
  try {
    localStorage.removeItem(draftKey(form));
  } catch {
    /* nothing stored */
  }
}

function fieldSaid(form, field) {
  return field.type === "radio" ? new FormData(form).has(field.name) : field.value.trim();
}

// What waits is not put back to be pressed once more: it goes by itself.
function withoutUnsent(address) {
  const url = new URL(address, location);
  const next = url.searchParams.get("next");
  if (!next) return address;
  const page = new URL(next, location);
  page.searchParams.delete("_unsent");
  url.searchParams.set("next", page.pathname + page.search);
  return url.href;
}

// At the door: whose it is, is nobody's business who cannot sign in.
export async function noteAtDoor() {
  if (!(await box.everybodys()).some((item) => item.hands && !item.refused)) return;
  const bar = document.createElement("p");
  bar.className = "flash todo outbox-door";
  bar.setAttribute("role", "status");
  bar.textContent = phrase("waitsForSignIn");
  document.querySelector("main form")?.before(bar);
}

// A form's own page sends what is its own, and says it itself, at the form.
function isHere(item) {
  return item.page === location.pathname && document.querySelector("[data-outbox]") !== null;
}

function showWaiting(items, refused) {
  for (const bar of document.querySelectorAll(".outbox-elsewhere")) bar.remove();
  for (const item of items) if (item.page === location.pathname && !isHere(item) && (item.refused || refused.has(item.id))) showLeft(item);
  const others = items.filter((item) => item.page !== location.pathname);
  if (!others.length) return;
  const bar = document.createElement("div");
  bar.className = "flash warn outbox-elsewhere";
  bar.setAttribute("role", "status");
  const words = document.createElement("p");
  words.textContent = phrase(others.every((item) => item.refused || refused.has(item.id)) ? "notTaken" : others.every((item) => item.typed) ? "stillUnsaved" : "stillWaiting");
  bar.append(words);
  for (const [page, title] of new Map(others.map((item) => [item.page, item.title]))) {
    const link = document.createElement("a");
    link.href = page;
    link.textContent = title;
    bar.append(link);
  }
  document.getElementById("main")?.prepend(bar);
}

// The page takes it no longer (handed in elsewhere, withdrawn): what was typed is shown, to be copied.
function showLeft(item) {
  const bar = document.createElement("section");
  bar.className = "flash warn second outbox-elsewhere";
  bar.setAttribute("role", "alert");
  const words = document.createElement("p");
  words.textContent = phrase("leftHere");
  const list = document.createElement("dl");
  for (const [name, value] of item.entries) {
    const label = item.labels?.[name];
    if (!label || typeof value !== "string" || !value) continue;
    const [term, said] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = label;
    said.textContent = value;
    list.append(term, said);
  }
  for (const [, file, filename] of item.entries) if (file instanceof Blob) list.append(...leftFile(file, filename));
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-small";
  button.textContent = phrase("dropLeft");
  button.addEventListener("click", async () => {
    await box.remove(item.id);
    await noteWaiting();
    bar.remove();
  });
  bar.append(words, list, button);
  document.getElementById("main")?.prepend(bar);
}

// A photograph that was not taken is seen, and can be saved on the device.
function leftFile(file, filename) {
  const [term, said] = [document.createElement("dt"), document.createElement("dd")];
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = filename;
  link.textContent = filename;
  said.append(link);
  if (file.type.startsWith("image/")) {
    const image = document.createElement("img");
    image.src = link.href;
    image.alt = filename;
    image.className = "left-photo";
    said.append(image);
  }
  term.textContent = phrase("leftFile");
  return [term, said];
}

// Something changed in another tab. It is left a moment to send what it has put there itself.
export function heard() {
  box.all(person()).then((items) => showWaiting(items, new Set())).catch(() => {});
  clearTimeout(elsewhere);
  elsewhere = setTimeout(() => sendElsewhere().catch(() => {}), MOMENT_MS);
  for (const form of document.querySelectorAll("[data-outbox]")) form.outbox?.heard();
}

export function start(forms) {
  for (const form of forms) if (!form.outbox) form.outbox = new Outbox(form);
}

class Outbox {
  constructor(form) {
    this.form = form;
    form.addEventListener("submit", (event) => this.submitted(event));
    form.addEventListener("change", (event) => event.target.type === "file" && this.chosen(event.target));
    window.addEventListener("online", () => this.flush());
    navigator.serviceWorker?.addEventListener("message", (event) => event.data?.kind === "outbox" && this.look());
    this.prepareForDarkness();
    this.look();
  }

  // The worker that answers without a network; only where the browser allows one.
  prepareForDarkness() {
    if (!isSecureContext) this.note(phrase("notSecure"));
    if (!navigator.serviceWorker || !isSecureContext) return;
    navigator.serviceWorker
      .register("/sw.js")
      .then(() => navigator.serviceWorker.ready)
      .then((registration) => {
        const addresses = performance.getEntriesByType("resource").map((entry) => entry.name).filter((name) => name.includes("/static/"));
        registration.active?.postMessage({ kind: "files", addresses, page: location.pathname });
      })
      .catch(() => {});
    if (!document.body.dataset.kept) return;
    const days = Math.floor((Date.now() - Number(document.body.dataset.kept)) / DAY_MS);
    this.say(days >= STALE_DAYS ? "warn" : "todo", days >= STALE_DAYS ? phrase("fromDeviceOld", { days }) : phrase("fromDevice"));
    const bar = this.bar;
    this.bar = null; // it stays until there is a line
    document.addEventListener("duban:line", () => bar.remove(), { once: true });
    watch(this.form);
  }

  note(words) {
    const text = document.createElement("p");
    text.className = "small muted";
    text.textContent = words;
    this.form.append(text);
  }

  // Another tab put something into the outbox, or what was in it has arrived.
  async heard() {
    await this.look();
    if (this.mine(await box.all(person())).length) return;
    if (this.form.inert || this.form.dataset.sent) return location.reload();
    this.form.autosave?.second?.look();
  }

  // What is typed and not handed in is the form's own saving's (autosave.js).
  mine(items) {
    return items.filter((item) => item.page === location.pathname && !item.typed);
  }

  // Something is still waiting from before: say it, and try.
  async look() {
    if (!this.form.isConnected) return;
    const waiting = this.mine(await box.all(person()).catch(() => []));
    if (!waiting.length) return this.quiet();
    await this.showWhatWaits(waiting.find((item) => item.hands));
    this.waiting(waiting);
    this.flush();
  }

  // The page may be older than what was handed in from it: it shows what waits, and that is what can be taken back.
  async showWhatWaits(item) {
    if (!item || this.form.inert || this.form.dataset.sent) return;
    for (let turn = 0; !this.form.autosave && turn < MOST_TURNS; turn += 1) await new Promise((resolve) => setTimeout(resolve, 50));
    this.form.autosave?.fill(item.entries.filter(([, value]) => typeof value === "string"));
  }

  async submitted(event) {
    if (event.defaultPrevented) return;
    if (this.form.dataset.sent) return event.preventDefault();
    const submitter = event.submitter;
    // a button without an address of its own names the page's, not the form's
    const action = new URL(submitter?.hasAttribute("formaction") ? submitter.formAction : this.form.action).pathname;
    if (!self.indexedDB) return; // a browser without a place to keep things sends as ever
    event.preventDefault();
    this.form.dataset.sent = "1";
    this.form.autosave?.leave();
    await this.form.autosave?.idle();
    const entries = box.packed(this.form, submitter);
    const hands = action === new URL(this.form.action).pathname;
    try {
      await box.put({ ...this.item(action, entries), hands, labels: labels(this.form) });
      await this.form.autosave?.unsaved?.settle(); // it goes with this
    } catch {
      this.form.submit(); // no room on the device: as ever
      return;
    }
    this.say("todo", phrase("sending"));
    await noteWaiting();
    await this.flush();
  }

  item(action, entries, more = {}) {
    // The form's own number for the first try: at the door the server then knows whose work it is (docs/decisions/0037).
    const own = more.file || this.usedOwn || document.body.dataset.kept ? "" : (this.form.elements.namedItem("once")?.value ?? "");
    if (own) this.usedOwn = true;
    return { person: person(), page: location.pathname, title: document.title, at: Date.now(), action, entries, once: own || box.number(), ...more };
  }

  async chosen(input) {
    const files = [...input.files];
    if (!files.length || !this.form.dataset.autosave || !self.indexedDB) return;
    input.value = "";
    for (const file of files) {
      const entry = await smaller(file);
      const item = this.item(new URL(this.form.dataset.autosave, location).pathname, [[input.name, entry, entry.name]], {
        asked: "upload",
        accept: "application/json",
        file: entry.name,
      });
      await box.put(item);
    }
    await noteWaiting();
    this.waiting(this.mine(await box.all(person())));
    await this.flush();
  }

  flush() {
    clearTimeout(timer);
    if (!this.form.isConnected) return;
    this.flushing = (this.flushing ?? Promise.resolve()).then(() => box.alone(() => this.sendAll())).catch(() => this.later());
    return this.flushing;
  }

  async sendAll() {
    let uploaded = false;
    await whole(this.form);
    if (this.form.inert) await this.form.autosave?.idle();
    for (const item of this.mine(await box.all(person()))) {
      let result = await box.send(item, token());
      // the page is older than the browser's memory of it: a new token, and once more
      if (result.kind === "refused" && result.status === 400 && (await this.freshToken())) result = await box.send(item, token());
      if (result.kind === "refused" && result.status === 412 && (await this.onOwnVersion(item))) result = await box.send(item, token());
      if (result.kind === "lost") {
        this.waiting(this.mine(await box.all(person())));
        return this.later();
      }
      if (result.kind === "door") {
        // it waits, and goes as soon as its person is signed in again, as was promised when the button was pressed
        await noteWaiting();
        location.assign(withoutUnsent(result.url));
        return;
      }
      await box.remove(item.id);
      if (item.file) {
        if (result.kind === "refused") return this.refusedFile(item, result);
        uploaded = true;
        await this.showAttached();
      } else {
        await noteWaiting();
        return this.arrived(item, result);
      }
    }
    await noteWaiting();
    if (uploaded || !this.mine(await box.all(person())).length) this.quiet();
  }

  async freshToken() {
    const page = await pageAt(location.pathname);
    if (!page || page.body.dataset.person !== person()) return false;
    takeToken(page);
    return true;
  }

  // The draft it was to be handed in over was saved from here, and the answer was lost: nobody has to choose.
  async onOwnVersion(item) {
    const version = item.file ? null : await this.form.autosave?.second?.own(item.entries);
    if (!version) return false;
    item.entries = item.entries.map(([name, ...rest]) => (name === "version" ? [name, String(version)] : [name, ...rest]));
    item.once = box.number(); // the refusal was the answer to the other number
    await box.put(item);
    return true;
  }

  later() {
    timer = setTimeout(() => this.flush(), AGAIN_MS);
    navigator.serviceWorker?.ready.then((registration) => registration.sync?.register("outbox")).catch(() => {});
  }

  // The answer is a whole page, handed in or refused with what was typed: it takes this one's place.
  async arrived(item, result) {
    if (result.kind === "arrived") {
      forgetCopy(this.form);
      this.form.autosave?.handOver();
      await this.form.autosave?.unsaved?.settle().catch(() => {});
      await noteWaiting();
    } else {
      this.form.autosave?.replaced();
      noteSent(draftKey(this.form));
    }
    const page = new DOMParser().parseFromString(result.text, "text/html");
    document.title = page.title;
    if (result.kind === "arrived") history.replaceState(null, "", result.url);
    takeToken(page);
    document.body.replaceWith(document.adoptNode(page.body));
    scrollTo(0, 0);
    document.dispatchEvent(new CustomEvent("duban:page"));
  }

  async refusedFile(item, result) {
    let words = "";
    try {
      words = JSON.parse(result.text).errors.join(" ");
    } catch {
      words = phrase("refused");
    }
    const rest = this.mine(await box.all(person()));
    for (const one of rest) if (one.hands) await box.remove(one.id); // not handed in without the file it was meant to have
    delete this.form.dataset.sent;
    this.unlock();
    this.form.autosave?.comeBack();
    const said = phrase("fileRefused", { name: item.file, why: words });
    this.say("late", said);
    const input = [...this.form.elements].find((field) => field.type === "file" && field.name === item.entries[0][0]);
    if (input) sayAtFile(input, said);
    else this.bar.scrollIntoView({ block: "center" });
    if (rest.some((one) => !one.hands)) this.flush();
  }

  // The list of what is attached, as the server shows it.
  async showAttached() {
    const fresh = (await pageAt(location.pathname))?.getElementById("attached");
    if (fresh) document.getElementById("attached")?.replaceWith(document.adoptNode(fresh));
  }

  waiting(items) {
    const handed = items.find((item) => item.hands);
    const files = items.filter((item) => item.file).map((item) => item.file);
    if (handed) {
      this.lock();
      this.form.autosave?.leave(); // nothing is saved beside what is handed in
      this.form.autosave?.unsaved?.drop(); // it goes with what is handed in
      this.form.autosave?.say("");
      const words = phrase(navigator.onLine ? "queuedTrying" : "queued", { due: this.form.dataset.due ?? "" });
      this.say("warn", words + (files.length ? phrase("withFiles", { names: files.join(phrase("comma")) }) : "") + this.lacking(), [
        [phrase("retry"), () => this.flush()],
        [phrase("takeBack"), () => this.takeBack(handed)],
      ]);
      // whoever pressed stands at the end of a long form: that it has not arrived must not be said out of their sight
      if (this.form.dataset.sent) this.bar.scrollIntoView({ block: "center" });
    } else if (files.length) this.say("todo", phrase(navigator.onLine ? "filesWaiting" : "filesHeld", { names: files.join(phrase("comma")) }), [[phrase("retry"), () => this.flush()]]);
    else this.say("todo", phrase("saving"));
  }

  // The server will ask for it; who is out of its reach is told now.
  lacking() {
    const blank = [...this.form.elements].filter((field) => field.required && field.type !== "file" && !field.disabled && !fieldSaid(this.form, field));
    const names = [...new Set(blank.map((field) => labelOf(field)))];
    return names.length && !navigator.onLine ? phrase("queuedLacks", { names: names.join(phrase("comma")) }) : "";
  }

  async takeBack(item) {
    await box.remove(item.id);
    this.unlock();
    this.quiet();
    this.form.autosave?.comeBack();
  }

  lock() {
    this.form.inert = true;
  }

  unlock() {
    this.form.inert = false;
    delete this.form.dataset.sent;
  }

  say(tone, words, buttons = []) {
    this.quiet();
    const bar = document.createElement("div");
    bar.className = `flash ${tone} outbox`;
    bar.setAttribute("role", "status");
    const text = document.createElement("p");
    text.textContent = words;
    bar.append(text);
    for (const [label, act] of buttons) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "btn btn-small";
      button.textContent = label;
      button.addEventListener("click", act);
      bar.append(button);
    }
    this.form.before(bar);
    this.bar = bar;
  }

  quiet() {
    this.bar?.remove();
    this.bar = null;
  }
}
