// Unit picker: a combobox over [data-picker="<url>"], which answers ?q=… with [{"id", "name", "note"}]. The typed field shows names, a
// hidden one carries the id. Follows the ARIA combobox pattern with a list.
import { phrase } from "./phrases.js";

const WAIT_MS = 180;
let count = 0;

export function start(boxes) {
  for (const box of boxes) if (!box.picker) box.picker = new Picker(box);
}

class Picker {
  constructor(box) {
    this.box = box;
    this.url = box.dataset.picker;
    this.input = box.querySelector("input");
    this.hidden = document.createElement("input");
    this.hidden.type = "hidden";
    this.hidden.name = box.dataset.name;
    // What was typed before this script arrived is a search, not an id.
    const early = this.input.value !== this.input.defaultValue;
    this.hidden.value = early ? "" : this.input.value;
    this.input.removeAttribute("name");
    if (!early) this.input.value = box.dataset.shown || this.input.value;
    this.list = document.createElement("ul");
    this.list.className = "picker-list";
    this.list.id = `picker-${++count}`;
    this.list.setAttribute("role", "listbox");
    this.list.hidden = true;
    this.said = document.createElement("span");
    this.said.className = "sr";
    this.said.setAttribute("role", "status");
    box.append(this.hidden, this.list, this.said);
    for (const [name, value] of [
      ["role", "combobox"],
      ["aria-autocomplete", "list"],
      ["aria-expanded", "false"],
      ["aria-controls", this.list.id],
    ])
      this.input.setAttribute(name, value);
    this.at = -1;
    this.input.addEventListener("input", () => {
      this.hidden.value = "";
      this.hidden.dispatchEvent(new CustomEvent("picked", { bubbles: true, detail: { field: this.hidden.name, item: null } }));
      // Results of an earlier search must not be chosen by a quick Enter.
      this.list.replaceChildren();
      this.at = -1;
      this.show(false);
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.search(), WAIT_MS);
    });
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("focus", () => this.list.children.length || this.search());
    this.input.addEventListener("blur", () => setTimeout(() => this.show(false), 150));
    // A name typed and not chosen goes along: the page that refuses it gives it back.
    this.input.form?.addEventListener("submit", () => (this.hidden.value ||= this.input.value.trim()), { capture: true });
    if (early) this.search();
  }

  async search() {
    const asked = this.input.value.trim();
    this.said.textContent = phrase("searching");
    const url = new URL(this.url, location.href);
    url.searchParams.set("q", asked);
    const response = await fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin" }).catch(() => null);
    if (!response?.ok) return;
    const answer = await response.json();
    if (asked !== this.input.value.trim()) return; // asked last of all: no result of an earlier search may be chosen by a quick Enter
    this.fill(answer.items ?? answer);
  }

  fill(items) {
    this.list.replaceChildren(...items.map((item, place) => this.option(item, place)));
    this.at = -1;
    this.said.textContent = items.length ? phrase("results", { n: items.length }) : phrase("none");
    if (!items.length) {
      const none = document.createElement("li");
      none.className = "muted";
      none.textContent = phrase("none");
      this.list.append(none);
    }
    if (document.activeElement === this.input) this.show(true);
  }

  option(item, place) {
    const option = document.createElement("li");
    option.id = `${this.list.id}-${place}`;
    option.setAttribute("role", "option");
    option.textContent = item.name;
    if (item.note) {
      const note = document.createElement("small");
      note.textContent = item.note;
      option.append(note);
    }
    option.item = item;
    option.addEventListener("mousedown", (event) => {
      event.preventDefault();
      this.choose(item);
    });
    return option;
  }

  key(event) {
    const options = [...this.list.querySelectorAll("[role=option]")];
    if (event.key === "Escape") return this.show(false);
    if (event.key === "Enter" && this.at >= 0 && !this.list.hidden) {
      event.preventDefault();
      return this.choose(options[this.at].item);
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !options.length) return;
    event.preventDefault();
    this.show(true);
    this.at = (this.at + step + options.length) % options.length;
    options.forEach((option, place) => option.setAttribute("aria-selected", String(place === this.at)));
    this.input.setAttribute("aria-activedescendant", options[this.at].id);
    options[this.at].scrollIntoView({ block: "nearest" });
  }

  choose(item) {
    this.hidden.value = item.id;
    this.input.value = item.name;
    this.show(false);
    this.hidden.dispatchEvent(new Event("change", { bubbles: true }));
    this.hidden.dispatchEvent(new CustomEvent("picked", { bubbles: true, detail: { field: this.hidden.name, item } }));
  }

  show(open) {
    this.list.hidden = !open;
    this.input.setAttribute("aria-expanded", String(open));
    if (!open) this.input.removeAttribute("aria-activedescendant");
  }
}
