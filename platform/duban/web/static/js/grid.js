// <table data-grid data-limit="12" data-sum="column|row|both">: arrows and Enter move between inputs, pasted columns from Excel are spread,
// and the remainder is shown while typing. Elements: input[data-col][data-row] in cells; [data-sum-of="col:KEY"], [data-sum-of="row:KEY"]
// show a sum; [data-rest-of="col:KEY" data-limit="12"] shows limit − sum. Sums are exact: numbers are added as scaled integers.
import { phrase } from "./phrases.js";

const SCALE = 1000000n;

export function start(tables) {
  for (const table of tables) if (!table.grid) table.grid = new Grid(table);
}

export function scaled(text) {
  const match = /^\s*(-?)(\d*)(?:\.(\d{0,6})\d*)?\s*$/.exec(text ?? "");
  if (!match || (!match[2] && !match[3])) return 0n;
  const value = BigInt(match[2] || "0") * SCALE + BigInt((match[3] ?? "").padEnd(6, "0") || "0");
  return match[1] ? -value : value;
}

export function plain(value) {
  const sign = value < 0n ? "-" : "";
  const size = value < 0n ? -value : value;
  const decimals = String(size % SCALE)
    .padStart(6, "0")
    .replace(/0+$/, "");
  return `${sign}${size / SCALE}${decimals ? `.${decimals}` : ""}`;
}

class Grid {
  constructor(table) {
    this.table = table;
    table.addEventListener("keydown", (event) => this.moved(event));
    table.addEventListener("paste", (event) => this.pasted(event));
    table.addEventListener("input", (event) => {
      event.target.closest("td")?.classList.toggle("changed", event.target.value !== event.target.defaultValue);
      this.count();
    });
    table.addEventListener("focusin", (event) => event.target.select?.());
    this.count();
  }

  rows() {
    return [...this.table.querySelectorAll("tbody tr")]
      .map((row) => [...row.querySelectorAll("input:not([type=hidden]), select, textarea")])
      .filter((row) => row.length);
  }

  place(input) {
    const rows = this.rows();
    const row = rows.findIndex((inputs) => inputs.includes(input));
    return [rows, row, row < 0 ? -1 : rows[row].indexOf(input)];
  }

  moved(event) {
    const [rows, row, column] = this.place(event.target);
    if (row < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const text = event.target;
    const isText = text.tagName === "TEXTAREA" || text.tagName === "SELECT";
    const atStart = text.selectionStart === 0 || text.selectionStart === null;
    const atEnd = text.selectionEnd === text.value.length || text.selectionEnd === null;
    const whole = text.selectionStart === 0 && text.selectionEnd === text.value.length;
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], Enter: [event.shiftKey ? -1 : 1, 0] };
    if (whole || atStart) steps.ArrowLeft = [0, -1];
    if (whole || atEnd) steps.ArrowRight = [0, 1];
    const step = steps[event.key];
    if (!step || isText) return;
    event.preventDefault();
    const target = rows[row + step[0]]?.[Math.min(column, (rows[row + step[0]]?.length ?? 1) - 1) + step[1]];
    target?.focus();
  }

  pasted(event) {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (!/[\t\n]/.test(text.trim())) return;
    const [rows, row, column] = this.place(event.target);
    if (row < 0) return;
    event.preventDefault();
    text
      .trimEnd()
      .split(/\r?\n/)
      .forEach((line, down) =>
        line.split("\t").forEach((value, right) => {
          const input = rows[row + down]?.[column + right];
          if (!input || input.readOnly || input.disabled) return;
          input.value = value.trim().replace(/,/g, "");
          input.dispatchEvent(new Event("input", { bubbles: true }));
        }),
      );
  }

  sumOf(kind) {
    const [axis, key] = kind.split(/:(.*)/s);
    return [...this.table.querySelectorAll(`input[data-${axis}="${CSS.escape(key)}"]`)].reduce(
      (sum, input) => sum + scaled(input.value),
      0n,
    );
  }

  count() {
    for (const mark of this.table.querySelectorAll("[data-sum-of]")) mark.textContent = plain(this.sumOf(mark.dataset.sumOf));
    for (const mark of this.table.querySelectorAll("[data-rest-of]")) {
      const rest = scaled(mark.dataset.limit) - this.sumOf(mark.dataset.restOf);
      mark.textContent =
        rest === 0n ? phrase("even") : phrase(rest < 0n ? "over" : "remaining", { n: plain(rest < 0n ? -rest : rest) });
      mark.classList.toggle("over", rest < 0n);
      mark.classList.toggle("even", rest === 0n);
    }
  }
}
