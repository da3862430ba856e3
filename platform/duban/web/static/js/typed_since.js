// What is typed while an answer of the server is on its way, which will replace the boxes it is typed in: kept when the answer
// comes, and put into the new boxes, with the caret. Rows are known by their key, for their numbers may change.

export class TypedSince {
  constructor(form) {
    this.form = form;
    this.active = document.activeElement;
    this.rows = new Map([...form.querySelectorAll(".design-card")].map((card) => [card, keyOf(card)]));
    this.sent = new Map(this.fields(form).map((field) => [this.nameOf(field), stateOf(field)]));
  }

  // Just before the boxes go.
  note() {
    const changed = this.fields(this.form).filter((field) => this.sent.get(this.nameOf(field)) !== stateOf(field));
    this.changed = new Map(changed.map((field) => [this.nameOf(field), stateOf(field)]));
    const at = document.activeElement;
    const moved = this.form.contains(at) && (at !== this.active || changed.includes(at)) && at.name;
    this.at = moved ? { name: this.nameOf(at), from: caret(at)?.[0], to: caret(at)?.[1] } : null;
    const open = [...this.form.querySelectorAll(".design-card > details[open]")].map((one) => one.parentElement);
    this.open = new Set(open.map((card) => this.rows.get(card) ?? keyOf(card)));
  }

  // When the new ones are there. Gives: whether the caret was put back where it was.
  putBack(form) {
    this.rows = new Map([...form.querySelectorAll(".design-card")].map((card) => [card, keyOf(card)]));
    for (const [card, key] of this.rows) if (this.open.has(key)) card.querySelector(":scope > details").open = true;
    const there = new Map(this.fields(form).map((field) => [this.nameOf(field), field]));
    for (const [name, state] of this.changed) {
      const field = there.get(name);
      if (!field || stateOf(field) === state) continue;
      if (ticks(field)) field.checked = state === "on";
      else field.value = state;
      form.typedOn = true; // for what looks after the form when it comes
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
    const field = this.at && there.get(this.at.name);
    if (!field) return false;
    field.focus({ preventScroll: true });
    if (this.at.from !== undefined) field.setSelectionRange(this.at.from, this.at.to);
    return true;
  }

  fields(form) {
    return [...form.elements].filter((field) => field.name && !["hidden", "file", "submit", "button"].includes(field.type));
  }

  nameOf(field) {
    const card = field.closest(".design-card");
    const key = card && this.rows.get(card);
    const name = key && field.name.startsWith(`${card.id}.`) ? `${key}|${field.name.slice(card.id.length + 1)}` : field.name;
    return ticks(field) ? `${name}=${field.value}` : name;
  }
}

// The columns of a table have keys of their own, the same as rows outside it may have.
export function keyOf(card) {
  const key = ["key", "code"].map((name) => document.getElementsByName(`${card.id}.${name}`)[0]?.value).find(Boolean);
  const around = card.parentElement.closest(".design-card");
  return `${around ? `${keyOf(around)}/` : card.id.split(".")[0]}${key ?? card.id}`;
}

function ticks(field) {
  return field.type === "checkbox" || field.type === "radio";
}

function stateOf(field) {
  return ticks(field) ? (field.checked ? "on" : "off") : field.value;
}

function caret(field) {
  try {
    return field.selectionStart === null ? null : [field.selectionStart, field.selectionEnd];
  } catch {
    return null; // a number or a date has none
  }
}
