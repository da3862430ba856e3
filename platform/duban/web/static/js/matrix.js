// Arrow keys walk the cells of the units × requirements matrix.
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

export function start(tables) {
  for (const table of tables) {
    if (table.woken) continue;
    table.woken = true;
    table.addEventListener("keydown", (event) => {
      const step = STEPS[event.key];
      const cell = event.target.closest("td");
      if (!step || !cell) return;
      const target = next(table, cell, step);
      if (!target) return;
      event.preventDefault();
      target.focus();
    });
  }
}

function next(table, cell, [down, right]) {
  let row = cell.parentElement.sectionRowIndex;
  let column = cell.cellIndex;
  const rows = table.tBodies[0].rows;
  for (;;) {
    row += down;
    column += right;
    const found = rows[row]?.cells[column];
    if (!found || found.tagName !== "TD") return null;
    const link = found.querySelector("a");
    if (link) return link;
  }
}
