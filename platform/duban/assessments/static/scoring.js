// The scoring grid: every cell is saved as typed, on its own, with the version it was read at.
// What the server has not confirmed stays in this browser (localStorage) and is offered again after a reload.
const form = document.querySelector("[data-scoring]");
const words = JSON.parse(document.getElementById("scoring-words").textContent);
const token = document.querySelector('meta[name="csrf-token"]')?.content;
const WAIT_MS = 700;
const RETRY_MS = 10000;

const fill = (template, values) => template.replace(/\{(\w+)\}/g, (_, name) => values[name]);

class Mark {
  constructor(box) {
    this.box = box;
    this.row = box.closest("tr");
    this.value = box.querySelector(".mark-value");
    this.reason = box.querySelector(".mark-reason");
    this.evidence = box.querySelector(".mark-evidence");
    this.version = box.querySelector("input[type=hidden]");
    this.state = box.querySelector(".mark-state");
    this.shown = box.querySelector("[data-reason-shown]");
    this.shown.addEventListener("click", () => { this.open(true); this.reason.focus(); });
    this.key = `mark:${box.dataset.url}:${box.dataset.item}:${box.dataset.rule}`;
    this.saved = this.typed();
    this.timer = null;
    this.undecided = false;
    for (const input of [this.value, this.reason, this.evidence]) {
      input.addEventListener("input", () => this.changed());
      input.addEventListener("blur", () => this.isDirty() && this.soon(0));
      input.addEventListener("focus", () => this.open(true));
    }
    this.value.addEventListener("focus", () => this.value.select());
    this.restore();
    this.open(false);
  }

  typed() {
    return JSON.stringify([this.value.value.trim(), this.reason.value.trim(), this.evidence.value.trim()]);
  }

  isDirty() {
    return this.typed() !== this.saved;
  }

  costs() {
    const number = Number(this.value.value);
    if (!this.value.value.trim() || Number.isNaN(number)) return false;
    return this.box.dataset.full ? number < Number(this.box.dataset.full) : number > 0;
  }

  open(active) {
    // At rest a cell shows its reason in one line; a reason still owed keeps the cell open.
    const wanted = active || (this.costs() && !this.reason.value.trim());
    this.box.classList.toggle("open", Boolean(wanted));
    this.shown.textContent = [this.reason.value.trim(), this.evidence.value.trim()].filter(Boolean).join(" · ");
    if (active) for (const other of marks) if (other !== this) other.open(false);
  }

  changed() {
    try {
      localStorage.setItem(this.key, JSON.stringify({ version: this.version.value, values: JSON.parse(this.typed()) }));
    } catch { /* a browser that stores nothing still saves to the server */ }
    this.soon(WAIT_MS);
  }

  restore() {
    try {
      const kept = JSON.parse(localStorage.getItem(this.key));
      if (!kept || JSON.stringify(kept.values) === this.saved) return this.forget();
      [this.value.value, this.reason.value, this.evidence.value] = kept.values;
      this.version.value = kept.version;
      this.say(words.restored, "warn");
      this.soon(WAIT_MS);
    } catch { this.forget(); }
  }

  forget() {
    try { localStorage.removeItem(this.key); } catch { /* nothing was kept */ }
  }

  soon(wait) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), wait);
  }

  async save() {
    clearTimeout(this.timer);
    // Two values stand against each other until somebody chooses: leaving the field to press a button must not send the old question.
    if (this.busy || this.undecided || !this.isDirty()) return;
    if (this.costs() && !this.reason.value.trim()) return this.say(this.box.dataset.full ? words.needReason : words.needFact, "warn");
    this.busy = true;
    const sent = this.typed();
    this.say(words.saving, "");
    announce(words.saving);
    try {
      const response = await fetch(this.box.dataset.url, {
        method: "POST", credentials: "same-origin", redirect: "manual",
        headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token },
        body: JSON.stringify({ item: this.box.dataset.item, rule: this.box.dataset.rule, version: this.version.value, value: this.value.value, reason: this.reason.value, evidence: this.evidence.value }),
      });
      const answer = response.headers.get("Content-Type")?.includes("json") ? await response.json() : null;
      this.answered(response, answer, sent);
    } catch {
      this.later();
    } finally {
      this.busy = false;
      if (this.typed() !== sent) this.soon(WAIT_MS);
    }
  }

  answered(response, answer, sent) {
    if (response.ok && answer) {
      this.version.value = answer.version;
      this.saved = sent;
      this.forget();
      this.mark(false);
      this.say(fill(words.saved, { time: answer.saved_at }), "done");
      announce(fill(words.saved, { time: answer.saved_at }), "ok");
      showTotal(this.row, answer);
    } else if (response.status === 412 && answer?.theirs) {
      this.conflict(answer);
    } else if (answer && response.status < 500) {
      this.mark(true);
      const first = Object.values(answer.errors ?? {}).flat()[0] ?? answer.message ?? words.refused;
      this.say(first, "late");
      announce(words.refused, "bad");
    } else {
      this.later();
    }
  }

  mark(isBad) {
    this.box.classList.toggle("bad", isBad);
    if (isBad) this.value.setAttribute("aria-invalid", "true");
    else this.value.removeAttribute("aria-invalid");
  }

  later() {
    this.say(words.offline, "warn");
    announce(words.offline, "bad");
    this.soon(RETRY_MS);
  }

  conflict(answer) {
    this.mark(true);
    this.undecided = true;
    this.say(answer.message, "late");
    const choose = (label, act) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "btn btn-small";
      button.textContent = label;
      button.addEventListener("click", () => { this.undecided = false; act(); });
      this.state.append(" ", button);
    };
    choose(words.mine, () => {
      this.version.value = answer.theirs.version;
      this.saved = null; // the server has theirs: mine is to be sent even where it is what stood here at first
      this.save();
    });
    choose(words.theirs, () => {
      this.version.value = answer.theirs.version;
      this.value.value = answer.theirs.value;
      this.reason.value = answer.theirs.reason;
      this.evidence.value = answer.theirs.evidence;
      this.saved = this.typed();
      this.forget();
      this.mark(false);
      this.state.textContent = "";
    });
    announce(words.refused, "bad");
  }

  say(text, tone) {
    this.state.textContent = text;
    this.state.className = `mark-state ${tone ? `tone-${tone}` : ""}`;
  }
}

function announce(text, tone = "") {
  const place = form.querySelector("[data-scoring-state]");
  place.textContent = text;
  place.className = `save-state ${tone}`;
}

function showTotal(row, answer) {
  row.querySelector("[data-total]").textContent = answer.total ?? "—";
  const badge = document.createElement("span");
  badge.className = `badge-state ${answer.tone}`;
  badge.textContent = answer.grade ?? "";
  row.querySelector("[data-grade]").replaceChildren(...(answer.grade ? [badge] : []));
  const left = [...form.querySelectorAll("[data-total]")].filter((total) => total.textContent === "—").length;
  form.querySelector("[data-scoring-left]").textContent = left ? fill(words.left, { n: left }) : words.done;
}

const marks = [];
for (const box of form.querySelectorAll("[data-mark]")) marks.push(new Mark(box));

// Enter and the arrows go to the same column of the next unit; Ctrl+Enter leaves a reason the same way.
form.addEventListener("keydown", (event) => {
  const box = event.target.closest("[data-mark]");
  if (!box || event.altKey || event.metaKey) return;
  const isValue = event.target.classList.contains("mark-value");
  const step = { ArrowDown: 1, ArrowUp: -1, Enter: event.shiftKey ? -1 : 1 }[event.key];
  if (!step || !(isValue ? !event.ctrlKey || event.key === "Enter" : event.ctrlKey && event.key === "Enter")) {
    if (event.key === "Enter" && event.target.tagName === "INPUT") event.preventDefault();
    return;
  }
  event.preventDefault();
  const column = marks.filter((mark) => mark.box.dataset.item === box.dataset.item && mark.box.dataset.rule === box.dataset.rule);
  column[column.findIndex((mark) => mark.box === box) + step]?.value.focus();
});
form.addEventListener("submit", (event) => event.preventDefault());
window.addEventListener("online", () => marks.filter((mark) => mark.isDirty()).forEach((mark) => mark.save()));
window.addEventListener("beforeunload", (event) => {
  if (marks.some((mark) => mark.isDirty())) event.preventDefault();
});
