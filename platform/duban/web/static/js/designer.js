// The designer of forms (forms/designer.html): every button is a submit button and works without this. Here a chosen kind
// shows its settings at once, a name is put into a formula by a press, and the card just changed comes into view.

// A press while another is under way waits its turn: the answer replaces the buttons, and what htmx kept for one that is gone is
// lost. `under` is the request under way, `waiting` the presses after it, each with the card it meant (its number may change).
// Nobody stops typing meanwhile: see typed_since.js.
import { keyOf, TypedSince } from "./typed_since.js";

const waiting = [];
let under = null;
let typed = null;

document.addEventListener("htmx:beforeSend", ({ detail }) => {
  const root = drawn(detail.target);
  if (!root) return; // other parts of the page may be asked for in between
  under = detail.xhr;
  typed = new TypedSince(root.closest("form"));
});
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.xhr !== under || !detail.shouldSwap || !typed) return;
  typed.note();
  if (detail.target.contains(typed.form)) typed.form.autosave?.handOver(); // a form in its place comes with what was sent
});
document.addEventListener("htmx:afterSwap", () => {
  const form = document.querySelector("[data-designer]")?.closest("form");
  if (!typed?.changed || !form) return;
  typed.isAt = typed.putBack(form);
  typed.changed = null;
});
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.xhr === under && !detail.successful) stop(); // what is wrong is said; what was pressed after it would only fail as well
});
window.addEventListener("pageshow", stop);

// Of the whole page: between an answer and the moment the new buttons are taken on (takeTurns) presses wait, too.
document.addEventListener(
  "click",
  (event) => {
    const button = event.target.closest?.("button[name=act]");
    if (!under || !button?.form?.querySelector("[data-designer]")) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    waiting.push({ act: button.value, card: cardOf(button.value) });
  },
  true,
);

function drawn(target) {
  return target?.closest("[data-designer]") ?? target?.querySelector("[data-designer]");
}

function stop() {
  under = typed = null;
  waiting.length = 0;
}

export function start(roots) {
  for (const root of roots) if (!root.designing) root.designing = new Designing(root);
}

class Designing {
  constructor(root) {
    this.root = root;
    this.form = root.closest("form");
    root.addEventListener("change", (event) => {
      const chosen = event.target;
      if (chosen.matches("[data-retype]") || chosen.name?.endsWith(".operator")) this.act(`retype:${chosen.closest(".design-card").id}`);
    });
    root.addEventListener("click", (event) => this.insert(event));
    this.waitForSaving();
    if (!typed?.isAt) this.show(); // whoever types goes on where they are
    typed = null;
    this.takeTurns();
  }

  takeTurns() {
    under = null;
    while (waiting.length && !under) press(this.form, waiting.shift());
  }

  // A button pressed while the page is being saved by itself would name a version that is just becoming an old one.
  waitForSaving() {
    const form = this.form;
    if (form.waits) return;
    form.waits = true;
    form.addEventListener("submit", (event) => {
      if (!form.autosave?.busy) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      form.autosave.idle().then(() => event.submitter?.click());
    }, true);
  }

  async act(value) {
    if (this.form.autosave?.busy) await this.form.autosave.idle();
    const button = document.createElement("button");
    button.name = "act";
    button.value = value;
    button.hidden = true;
    button.formNoValidate = true;
    this.form.append(button);
    button.click(); // htmx knows a button by its click; a submit asked for by script would go without its name
    setTimeout(() => button.remove(), 1000);
  }

  insert(event) {
    const chip = event.target.closest("[data-insert]");
    if (!chip) return;
    const field = document.getElementById(`${chip.dataset.into}.formula`);
    if (!field) return;
    const [from, to] = [field.selectionStart ?? field.value.length, field.selectionEnd ?? field.value.length];
    field.setRangeText(chip.dataset.insert, from, to, "end");
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  show() {
    const at = this.root.dataset.at;
    const card = at && document.getElementById(at);
    if (!card) return;
    card.scrollIntoView({ block: "nearest" });
    const empty = [...card.querySelectorAll(".form-control")].find((field) => field.type !== "hidden" && field.name.endsWith(".label") && !field.value);
    (empty ?? card.querySelector("summary"))?.focus({ preventScroll: true });
  }
}

// The card an act is about is the last part of it (remove:fields.2): its number changes, what the server calls it does not.
function cardOf(act) {
  const card = document.getElementById(act.split(":").at(-1));
  return card?.matches(".design-card") ? keyOf(card) : undefined;
}

function press(form, { act, card }) {
  let wanted = act;
  if (card) {
    const now = [...form.querySelectorAll(".design-card")].find((one) => keyOf(one) === card);
    if (!now) return; // it was removed meanwhile
    wanted = [...act.split(":").slice(0, -1), now.id].join(":");
  }
  [...form.querySelectorAll("button[name=act]")].find((button) => button.value === wanted)?.click();
}
